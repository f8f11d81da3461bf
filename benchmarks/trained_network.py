"""A network trained a little on some of CIFAR-100, whose activations are worth storing."""

import json
import sys
from pathlib import Path

from limbeck.stages.prepare_dataset import prepare_dataset
from limbeck.stages.split_dataset import split_dataset
from limbeck.study.config import read_config
from limbeck.study.method_settings import MethodSettings
from limbeck.study.settings import DatasetSettings, parse_settings
from limbeck.study.stage_settings import method_json
from limbeck.training.loop import Run, train

REPOSITORY = Path(__file__).parents[1]
CONFIG = REPOSITORY / "config/cifar100_grid.yaml"
CLASSES, LABELLED, STEPS = 100, 2000, 100
IDENTITY = {"study": "benchmark", "method": "undistilled", "budget": LABELLED, "fold": 0}


def link_images(folder: Path, images: int) -> None:
    """Make an image folder of links to the first images of each class of CIFAR-100."""
    source = REPOSITORY / "data/cifar100"
    if not source.is_dir():
        sys.exit(f"{source}: not there; CIFAR-100 as an image folder, see README.md")
    for part, count in (("train", LABELLED), ("test", images)):
        for name in sorted(path.name for path in (source / part).iterdir()):
            (folder / part / name).mkdir(parents=True)
            for path in sorted((source / part / name).iterdir())[: count // CLASSES]:
                (folder / part / name / path.name).symlink_to(path)


def train_a_little(folder: Path, images: int) -> tuple[Path, Path]:
    """Train the paper's student for a few steps.

    Parameters
    ----------
    folder : Path
        Where to.
    images : int
        How many test images the dataset has, a multiple of 100.

    Returns
    -------
    dataset, model : Path
        The dataset store and the network.
    """
    link_images(folder / "images", images)
    dataset, split, model = folder / "dataset.zarr", folder / "split.csv", folder / "model.pt"
    source = {"name": "image_folder", "path": str(folder / "images")}
    prepare_dataset(parse_settings(DatasetSettings, json.dumps(source)), 0, dataset)
    split_dataset(dataset, LABELLED, 0, 0, split)
    config = read_config([CONFIG])
    config["methods"]["undistilled"]["steps"] = STEPS
    run = Run(
        split=split,
        identity=IDENTITY,
        seed=0,
        model=model,
        history=folder / "history.csv",
    )
    train(
        dataset=dataset,
        run=run,
        settings=parse_settings(MethodSettings, method_json(config, "undistilled")),
        device="cpu",
        checkpoint=folder / "checkpoint.pt",
    )
    return dataset, model
