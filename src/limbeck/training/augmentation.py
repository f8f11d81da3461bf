"""Weak augmentation of batches, each image by itself, on the device.

Batches of folds that are trained together are stacked, shape (folds, B, C, H, W).
"""

import torch

from limbeck.runtime.errors import InputError
from limbeck.study.method_settings import MethodSettings
from limbeck.training.randomness import Generators, drawn


def weak_view(
    images: torch.Tensor, settings: MethodSettings, generators: Generators = None
) -> torch.Tensor:
    """Return the images as the settings' ``augmentation`` shows them.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W), or (folds, B, C, H, W) with `generators`.
    settings : MethodSettings
        ``augmentation`` and ``crop_padding`` count.
    generators : sequence of torch.Generator, optional
        One for each fold.

    Returns
    -------
    torch.Tensor
        Same shape and type.
    """
    if settings.augmentation in ("flip", "crop_flip"):
        images, _ = random_flip(images, generators)
    if settings.augmentation in ("crop", "crop_flip"):
        images = random_crop(images, settings.crop_padding, generators)
    return images


def random_flip(
    images: torch.Tensor, generators: Generators = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mirror each image left to right with probability one half.

    Parameters
    ----------
    images, generators
        As for `weak_view`.

    Returns
    -------
    images : torch.Tensor
        Same shape.
    flipped : torch.Tensor
        Which were mirrored, shape (B,) or (folds, B), bool.
    """
    count = images.shape[-4]
    flipped = drawn(
        lambda generator: torch.rand(count, generator=generator) < 0.5, generators, images.device
    )
    return torch.where(flipped[..., None, None, None], images.flip(-1), images), flipped


def random_crop(images: torch.Tensor, padding: int, generators: Generators = None) -> torch.Tensor:
    """Shift each image by up to `padding` pixels a side, its borders reflected.

    The same as a crop of its own size from the image padded by reflection. torchvision's crops
    shift a whole batch alike.

    Parameters
    ----------
    images, generators
        As for `weak_view`.
    padding : int
        Pixels, fewer than the images have.

    Returns
    -------
    torch.Tensor
        Same shape.

    Raises
    ------
    InputError
        If an image is too small to be reflected that far.
    """
    height, width = images.shape[-2:]
    if padding >= min(height, width):
        raise InputError(
            f"crop_padding = {padding}: the images have {height} x {width} pixels; "
            f"allowed: 1 to {min(height, width) - 1}"
        )

    def shifted(size: int) -> torch.Tensor:
        """Return which of its pixels each place of each image shows along one axis, (.., size)."""
        offsets = drawn(
            lambda generator: torch.randint(
                -padding, padding + 1, (images.shape[-4], 1), generator=generator
            ),
            generators,
            images.device,
        )
        places = (torch.arange(size, device=images.device) + offsets).abs()
        return (size - 1 - (size - 1 - places).abs()).flatten(end_dim=-2)

    rows, columns = shifted(height), shifted(width)
    batch = torch.arange(len(rows), device=images.device)
    # Indexed as (B, H, W, C), which is how the images lie in memory.
    pixels = images.flatten(end_dim=-4).permute(0, 2, 3, 1)
    moved = pixels[batch[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2).view(images.shape)
