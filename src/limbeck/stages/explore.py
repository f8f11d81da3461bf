"""Write a study's explorer as far as the study is, and say where it lies."""

from pathlib import Path

from limbeck.explorer.choice import ExplorerSettings
from limbeck.explorer.page import write_explorer
from limbeck.explorer.study import Study
from limbeck.study.config import read_config
from limbeck.study.runs import runs_of, teacher_and_students


def explore(configfile: list[str] | None = None) -> None:
    """Write a study's explorer as far as the study is, and say where it lies.

    Parameters
    ----------
    configfile : list of str, optional
        The study's config files, as for snakemake; without any, the default study.
    """
    config = read_config(configfile or [])
    folder = Path("results", config["study"])
    there, run = Study(folder), config["run"]
    methods = [name for name in run["methods"] if name in there.methods]
    teacher, students = teacher_and_students(config, methods)
    settings = ExplorerSettings(
        methods=methods,
        layers=[name for name in config["layers"] if name in there.layers],
        embeddings=[name for name in run["embeddings"] if name in there.embeddings],
        runs={(name, *at) for name in methods for at in runs_of(config, name)},
        teacher=teacher,
        students=students,
    )
    page = folder / "explorer.html"
    write_explorer(folder, page, settings)
    print(f"Open {page} in a browser.")
