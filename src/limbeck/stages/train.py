"""Train one run; a killed job goes on from its checkpoint."""

from pathlib import Path
from typing import Literal

from limbeck.runtime.seeding import derive_seed
from limbeck.study.settings import MethodSettings
from limbeck.training.loop import Run
from limbeck.training.loop import train as train_run


def train(
    dataset: Path,
    split: Path,
    settings: MethodSettings,
    seed: int,
    device: Literal["cpu", "cuda"],
    study: str,
    method: str,
    budget: int,
    fold: int,
    checkpoint: Path,
    model: Path,
    history: Path,
    teacher_logits: Path | None = None,
) -> None:
    """Train one run; a killed job goes on from its checkpoint.

    Parameters
    ----------
    dataset : Path
        Dataset store.
    split : Path
        CSV of the labelled images.
    settings : MethodSettings
        How to train.
    seed : int
        The study's seed.
    device : {"cpu", "cuda"}
        Where torch computes.
    study : str
        Name of the study.
    method : str
        Name of the method.
    budget : int
        Number of labelled images.
    fold : int
        Number of the fold, from 0.
    checkpoint : Path
        State for resuming, removed at the end.
    model : Path
        Trained network to write.
    history : Path
        CSV with a row for each epoch to write.
    teacher_logits : Path, optional
        Store of the teacher's logits.
    """
    run = Run(
        split=split,
        teacher_logits=teacher_logits,
        identity={"study": study, "method": method, "budget": budget, "fold": fold},
        # The same for every method, so that students start from the same weights: paired runs.
        seed=derive_seed(seed, "train", budget, fold),
        model=model,
        history=history,
    )
    train_run(dataset=dataset, runs=[run], settings=settings, device=device, checkpoint=checkpoint)
