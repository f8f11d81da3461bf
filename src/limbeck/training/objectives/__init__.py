"""What methods minimise: one module an objective, named like it, imported when it is used.

To add one, write a module with a subclass of `base.Objective`, name it in `OBJECTIVES` and in the
schema, and say in `limbeck.study.method_settings.OBJECTIVE_KEYS` which settings it needs.
"""

import importlib

from torch import nn

from limbeck.study.method_settings import MethodSettings
from limbeck.training.objectives.base import Objective, Step, TrainingData

__all__ = ["OBJECTIVES", "Objective", "Step", "TrainingData", "build_objective"]

OBJECTIVES = {
    "cross_entropy": "CrossEntropy",
    "distillation": "Distillation",
    "pi_model": "PiModel",
    "pseudo_label": "PseudoLabel",
    "mean_teacher": "MeanTeacher",
    "mixmatch": "MixMatch",
    "fixmatch": "FixMatch",
}


def build_objective(data: TrainingData, settings: MethodSettings, network: nn.Module) -> Objective:
    """Return the objective of a method; an average of the weights starts from `network`."""
    name = settings.objective
    module = importlib.import_module(f"limbeck.training.objectives.{name}")
    return getattr(module, OBJECTIVES[name])(data, settings, network)
