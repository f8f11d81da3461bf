"""Base class of objectives that compare layers of student and teacher."""

import logging
import math

import torch
from torch import nn
from torch.nn import functional as F

from limbeck.networks.features import feature_shapes
from limbeck.networks.layers import channels_last
from limbeck.runtime.errors import InputError
from limbeck.study.method_settings import MethodSettings
from limbeck.study.objectives import OBJECTIVES, layer_mistakes
from limbeck.training.objectives.base import TrainingData
from limbeck.training.objectives.distilling import Batch, Distilling
from limbeck.training.objectives.logits import hinton_loss
from limbeck.training.teacher import Answer, LiveTeacher, View

logger = logging.getLogger(__name__)

# Largest cache of the teacher's outputs, in bytes; it pays from the third pass on:
# the image and its mirror image are a pass each.
CACHE_BYTES = 2**30
CACHE_PASSES = 2


class LayerObjective(Distilling):
    """``weight`` times the sum of a loss over pairs of layers.

    With ``temperature`` set, ``kd_weight`` times Hinton's loss is added. What is heard of the
    teacher is computed once and kept where that is small, no image is cropped and training passes
    over the images often enough; elsewhere the teacher looks at each view.

    Raises
    ------
    InputError
        If a network lacks a layer, or a layer is of a shape that the loss cannot compare.
    """

    def __init__(self, data: TrainingData, settings: MethodSettings, network: nn.Module):
        super().__init__(data, settings, network)
        pairs, live = self.options["layers"], data.teacher
        if not isinstance(live, LiveTeacher) or len(live.networks) > 1:
            raise InputError(f"objective {settings.objective}: needs one teacher's network")
        self.layers = tuple(pairs)
        image, partners = data.images[:1], tuple(pairs.values())
        side = "student"
        try:
            students = feature_shapes(network, image, self.layers)
            side = "teacher"
            teachers = feature_shapes(live.networks[0], image, partners)
        except InputError as error:
            raise InputError(f"layers = {dict(pairs)}: {side}: {error}") from None
        turned = (
            channels_last(network.backbone, self.layers),
            channels_last(live.networks[0].backbone, partners),
        )
        mistakes = list(layer_mistakes(settings.objective, pairs, students, teachers, turned))
        if mistakes:
            raise InputError(f"layers = {dict(pairs)}: {'; '.join(mistakes)}")
        self.shapes = [
            (students[layer][1:], teachers[partner][1:]) for layer, partner in pairs.items()
        ]
        self.own = self.build().to(data.images.device)
        self.teacher = live.asked(partners, self.hear)
        if OBJECTIVES[settings.objective].teacher == "arrays" and self._cache_pays():
            logger.info("the teacher's answers to images and mirror images are computed once")
            self.teacher = self.teacher.cached(self.heard(), data.images)

    def _cache_pays(self) -> bool:
        settings = self.settings
        passes = settings.epochs or settings.steps / self.steps_per_epoch()
        if settings.augmentation not in ("none", "flip") or passes <= CACHE_PASSES:
            return False
        answer = self.teacher.answer(View(self.data.labelled[:1], self.data.images[:1], None))
        size = sum(part.numel() for part in [*answer.logits, *answer.features])
        return 2 * 4 * size * len(self.heard()) <= CACHE_BYTES

    def build(self) -> nn.ModuleList:
        """Return the modules trained beside the network; `shapes` of pairs: (C, H, W) or (D,)."""
        return nn.ModuleList()

    def hear(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the teacher's features as the loss takes them, one for each pair."""
        return features

    def loss(
        self, logits: torch.Tensor, features: list[torch.Tensor], answer: Answer, batch: Batch
    ) -> torch.Tensor:
        """Return the weighted sum over pairs, and Hinton's loss where it is asked for."""
        parts = [
            self.compare(number, student, teacher, batch)
            for number, (student, teacher) in enumerate(zip(features, answer.features, strict=True))
        ]
        loss = self.options["weight"] * sum(parts)
        if self.options["temperature"] is None:
            return loss
        kd = hinton_loss(logits, answer.logits[0], self.options["temperature"])
        return loss + self.options["kd_weight"] * kd

    def compare(
        self, pair: int, student: torch.Tensor, teacher: torch.Tensor, batch: Batch
    ) -> torch.Tensor:
        """Return the loss of one pair of layers.

        Parameters
        ----------
        pair : int
            Which, from 0.
        student, teacher : torch.Tensor
            The student's feature and what `hear` made of the teacher's, shapes (B, ...).
        batch : Batch
            Which images.
        """
        raise NotImplementedError


def common_size(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, int]:
    """Return the smaller height and the smaller width of two shapes (C, H, W)."""
    return min(first[1], second[1]), min(first[2], second[2])


def pool(maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return maps (B, C, H, W) pooled to a size by adaptive averages.

    As products with matrices, because torch's own backward pass of adaptive averages is not
    deterministic on a GPU.
    """
    if maps.shape[2:] == size:
        return maps
    rows, columns = (
        F.adaptive_avg_pool1d(torch.eye(before, device=maps.device)[None], after)[0]
        for before, after in zip(maps.shape[2:], size, strict=True)
    )
    return rows.T @ maps @ columns


def linear_embeddings(shapes: list, dimensions: int) -> nn.ModuleList:
    """Return for each pair of shapes two linear layers, the student's and the teacher's."""
    return nn.ModuleList(
        nn.ModuleList(nn.Linear(math.prod(shape), dimensions) for shape in pair) for pair in shapes
    )
