"""Train one run; a killed job goes on from its checkpoint."""

import dataclasses
from pathlib import Path
from typing import Literal

from limbeck.runtime.seeding import derive_seed
from limbeck.study.registry import OBJECTIVES
from limbeck.study.settings import MethodSettings
from limbeck.training.loop import Run, keep_as_is
from limbeck.training.loop import train as train_run


def train(
    dataset: Path,
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
    split: Path | None = None,
    weights: Path | None = None,
    teacher_logits: list[Path] | None = None,
    teacher_model: list[Path] | None = None,
) -> None:
    """Train one run; a killed job goes on from its checkpoint.

    Parameters
    ----------
    dataset : Path
        Dataset store.
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
    split : Path, optional
        CSV of the labelled images, for objectives that train.
    weights : Path, optional
        File of weights, in place of what the settings name.
    teacher_logits : list of Path, optional
        Stores of the teachers' logits.
    teacher_model : list of Path, optional
        The teachers' networks, where logits do not do.
    """
    if weights is not None and OBJECTIVES[settings.objective].trains:
        settings = dataclasses.replace(settings, weights=str(weights))
    elif weights is not None:
        settings = dataclasses.replace(settings, options={"weights": str(weights)})
    run = Run(
        split=split,
        teacher_logits=teacher_logits or (),
        teacher_models=teacher_model or (),
        identity={"study": study, "method": method, "budget": budget, "fold": fold},
        # The same for every method, so that students start from the same weights: paired runs.
        seed=derive_seed(seed, "train", budget, fold),
        model=model,
        history=history,
    )
    if not OBJECTIVES[settings.objective].trains:
        keep_as_is(dataset, run, settings, device)
        return
    train_run(dataset=dataset, run=run, settings=settings, device=device, checkpoint=checkpoint)
