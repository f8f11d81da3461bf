"""Objectives: one module each, named like it, imported when it is used.

To add one, write a module whose `OBJECTIVE` is a subclass of `base.Objective`, and an entry in
`limbeck.study.objectives`, which says what it needs and which options it has.
"""

import importlib

import torch
from torch import nn

from limbeck.study.method_settings import MethodSettings
from limbeck.training.objectives.base import Objective, Step, TrainingData

__all__ = ["Objective", "Step", "TrainingData", "build_objective"]


def build_objective(data: TrainingData, settings: MethodSettings, network: nn.Module) -> Objective:
    """Return the objective of a method; an average of the weights starts from `network`.

    What it draws for parameters of its own does not move torch's generator, so that all objectives
    see the labelled images in the same first order.
    """
    module = importlib.import_module(f"limbeck.training.objectives.{settings.objective}")
    with torch.random.fork_rng(devices=[]):
        return module.OBJECTIVE(data, settings, network)
