"""RandAugment (Cubuk et al. 2020) and Cutout (DeVries & Taylor 2017) of batches.

Each image gets operations and magnitudes of its own. torchvision's own RandAugment, and kornia's,
apply one operation to a whole batch; image by image, torchvision's took six times as long as this.
Here the images that drew an operation go through it together: torchvision's functions do what has
no magnitude, or the far end of its range, and each image takes its own share of it.
"""

from collections.abc import Callable

import torch
from torch.nn import functional as F
from torchvision.transforms.v2 import functional as vision

from limbeck.training.randomness import send

GREY = 127

Operation = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def strong_view(images: torch.Tensor, operations: int, cutout_side: float) -> torch.Tensor:
    """Return the images after RandAugment and Cutout, as in FixMatch.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W), uint8.
    operations : int
        How many operations each image goes through.
    cutout_side : float
        Side of the square that is greyed, as a part of the image's side.

    Returns
    -------
    torch.Tensor
        Same shape and type.
    """
    # In full precision: bfloat16 places pixels an eighth of a pixel off.
    with torch.autocast(images.device.type, enabled=False):
        return cutout(rand_augment(images, operations), cutout_side)


def rand_augment(images: torch.Tensor, operations: int) -> torch.Tensor:
    """Apply operations drawn from `OPERATIONS` to each image, each with a random magnitude.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W), uint8.
    operations : int
        How many in a row; they are drawn with replacement, magnitudes uniformly over their ranges
        (Sohn et al. 2020, Sec. 2.3).

    Returns
    -------
    torch.Tensor
        Same shape and type.
    """
    images = images.clone()
    for _ in range(operations):
        drawn = torch.randint(len(OPERATIONS), (len(images),))
        shares = torch.rand(len(images))
        for number, (operation, low, high) in enumerate(OPERATIONS.values()):
            rows = (drawn == number).nonzero()[:, 0]
            if not len(rows):
                continue
            magnitudes = send(low + (high - low) * shares[rows], images.device)
            rows = send(rows, images.device)
            images[rows] = operation(images[rows], magnitudes)
    return images


def cutout(images: torch.Tensor, side: float) -> torch.Tensor:
    """Grey a square around a random pixel of each image, cut off at the borders.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W), uint8.
    side : float
        Of the square, as a part of the image's side.

    Returns
    -------
    torch.Tensor
        Same shape and type.
    """
    inside = []
    for size in images.shape[2:]:
        length = round(side * size)
        first = torch.randint(size, (len(images), 1)) - length // 2
        places = torch.arange(size)
        inside.append(send((places >= first) & (places < first + length), images.device))
    square = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return images.masked_fill(square, GREY)


def blend(far_end: Callable[[torch.Tensor], torch.Tensor]) -> Operation:
    """Return an operation that keeps a part, its magnitude, of the image: 1 leaves it as it is."""

    def operation(images: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        end = far_end(images).expand_as(images).float()
        mixed = torch.lerp(end, images.float(), kept.view(-1, 1, 1, 1))
        return mixed.clamp(0, 255).to(images.dtype)

    return operation


def posterize(images: torch.Tensor, bits: torch.Tensor) -> torch.Tensor:
    """Keep the highest bits of each value; `bits`, rounded down, has shape (B,)."""
    # The largest magnitude that can be drawn rounds to the end of its range, 9.
    step = (2 ** (8 - bits.to(torch.uint8).clamp(max=8))).view(-1, 1, 1, 1)
    return images // step * step


def solarize(images: torch.Tensor, threshold: torch.Tensor) -> torch.Tensor:
    """Invert the values from a threshold on, which is a part of 255; shape (B,)."""
    return torch.where(images >= (255 * threshold).view(-1, 1, 1, 1), vision.invert(images), images)


def warp(matrix: Callable[[torch.Tensor], tuple]) -> Operation:
    """Return an operation that moves pixels, black where the image ends.

    Parameters
    ----------
    matrix : callable
        Maps magnitudes (B,) and the image's width over its height to the six entries, row by row,
        of the matrix that leads from a place in the result to one in the image; the origin is the
        centre, the borders lie at -1 and 1 in both directions.
    """

    def operation(images: torch.Tensor, magnitudes: torch.Tensor) -> torch.Tensor:
        wide = images.shape[3] / images.shape[2]
        entries = [entry + torch.zeros_like(magnitudes) for entry in matrix(magnitudes, wide)]
        grid = F.affine_grid(
            torch.stack(entries, 1).view(-1, 2, 3), list(images.shape), align_corners=False
        )
        moved = F.grid_sample(images.float(), grid, mode="nearest", align_corners=False)
        return moved.to(images.dtype)

    return operation


def _rotation(degrees: torch.Tensor, wide: float) -> tuple:
    angle = torch.deg2rad(degrees)
    return angle.cos(), -angle.sin() / wide, 0, angle.sin() * wide, angle.cos(), 0


# Names, functions and ranges of magnitudes: Table 12 of Sohn et al. (2020).
OPERATIONS: dict[str, tuple[Operation, float, float]] = {
    "autocontrast": (lambda images, _: vision.autocontrast(images), 0, 0),
    "brightness": (blend(torch.zeros_like), 0.05, 0.95),
    "color": (blend(lambda images: vision.adjust_saturation(images, 0.0)), 0.05, 0.95),
    "contrast": (blend(lambda images: vision.adjust_contrast(images, 0.0)), 0.05, 0.95),
    "equalize": (lambda images, _: vision.equalize(images), 0, 0),
    "identity": (lambda images, _: images, 0, 0),
    "posterize": (posterize, 4, 9),  # whole numbers, 4 to 8
    "rotate": (warp(_rotation), -30, 30),  # degrees
    "sharpness": (blend(lambda images: vision.adjust_sharpness(images, 0.0)), 0.05, 0.95),
    # Sheared from the border at -1, as PIL does; shifted by parts of a side, which is 2 long.
    "shear_x": (warp(lambda by, wide: (1, by / wide, by / wide, 0, 1, 0)), -0.3, 0.3),
    "shear_y": (warp(lambda by, wide: (1, 0, 0, by * wide, 1, by * wide)), -0.3, 0.3),
    "solarize": (solarize, 0, 1),
    "translate_x": (warp(lambda by, _: (1, 0, 2 * by, 0, 1, 0)), -0.3, 0.3),
    "translate_y": (warp(lambda by, _: (1, 0, 0, 0, 1, 2 * by)), -0.3, 0.3),
}
