"""Write a config for a folder of images, ready to run."""

import os
import shlex
from pathlib import Path

from limbeck.networks.user_code import search_beside
from limbeck.operations.first_study import propose_network, propose_study, to_yaml
from limbeck.operations.own_images import (
    FINISHED_SIDE,
    TRAINED_SIDE,
    look_at,
    look_closer,
    study_name,
)
from limbeck.operations.preflight import check_before_jobs
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show
from limbeck.runtime.storage import write_text
from limbeck.study.config import check_config
from limbeck.study.networks import is_file


def init(
    images: Path, study: str | None = None, network: str | None = None, weights: str | None = None
) -> None:
    """Look at a folder of images and write a config for it, ``<study>.yaml``, ready to run.

    Parameters
    ----------
    images : Path
        Folder that holds ``train/<class>`` and ``test/<class>``, or ``<class>`` alone.
    study : str, optional
        Name of the study; that of the folder by default.
    network : str, optional
        Network of all methods, as ``model`` in a config; small Wide-ResNets by default.
    weights : str, optional
        State dict of that network; then it is looked at as it is, and nothing is trained.

    Raises
    ------
    InputError
        If the images or the network cannot be used, or there is such a file or study already.
    """
    if weights is not None and network is None:
        raise InputError(f"--weights {weights}: whose weights are they? Add --network")
    name = study or study_name(images)
    for path, remedy in ((Path(f"{name}.yaml"), "or remove it"), (Path("results", name), "")):
        if path.exists():
            raise InputError(f"{path}: is there already; take another --study {remedy}".rstrip())
    search_beside([])
    folder = look_at(images, TRAINED_SIDE if weights is None else FINISHED_SIDE)
    keys, layers = propose_network(network, folder) if network else ({}, {})
    if "input_size" in keys:
        folder = look_closer(folder, keys["input_size"])
    file = os.path.abspath(weights) if is_file(weights) else weights
    config = propose_study(name, folder, keys, file, layers)
    given = {"images": images, "study": study, "network": network, "weights": weights}
    words = [f"--{key} {shlex.quote(show(value))}" for key, value in given.items() if value]
    command = f"limbeck init {' '.join(words)}"
    checked = check_config(config, command, files=True)
    notes = check_before_jobs(checked, command)
    write_text(f"{name}.yaml", to_yaml(config, command))
    print(folder.describe())
    print(*notes, sep="\n", end="\n" if notes else "")
    if Path("Snakefile").exists():
        how = f"To run it: snakemake --configfile {name}.yaml"
    else:
        written = shlex.quote(show(os.path.abspath(f"{name}.yaml")))
        how = f"To run it, in a clone of Limbeck: snakemake --configfile {written}"
    print(f"Wrote {name}.yaml. {how}")
