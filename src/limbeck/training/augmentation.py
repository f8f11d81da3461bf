"""Weak augmentation of batches, each image by itself, on the device.

What is random is drawn by torch's generator of the CPU, whose state a checkpoint keeps.
"""

import torch

from limbeck.errors import InputError
from limbeck.method_settings import MethodSettings


def weak_view(images: torch.Tensor, settings: MethodSettings) -> torch.Tensor:
    """Return the images as the settings' ``augmentation`` shows them.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W).
    settings : MethodSettings
        ``augmentation`` and ``crop_padding`` count.

    Returns
    -------
    torch.Tensor
        Same shape and type.
    """
    if settings.augmentation in ("flip", "crop_flip"):
        images, _ = random_flip(images)
    if settings.augmentation in ("crop", "crop_flip"):
        images = random_crop(images, settings.crop_padding)
    return images


def random_flip(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mirror each image left to right with probability one half.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W).

    Returns
    -------
    images : torch.Tensor
        Same shape.
    flipped : torch.Tensor
        Which were mirrored, shape (B,), bool.
    """
    flipped = (torch.rand(len(images)) < 0.5).to(images.device, non_blocking=True)
    return torch.where(flipped.view(-1, 1, 1, 1), images.flip(3), images), flipped


def random_crop(images: torch.Tensor, padding: int) -> torch.Tensor:
    """Shift each image by up to `padding` pixels a side, its borders reflected.

    The same as a crop of its own size from the image padded by reflection. torchvision's crops
    shift a whole batch alike.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W).
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
    if padding >= min(images.shape[2:]):
        raise InputError(
            f"crop_padding = {padding}: the images have {images.shape[2]} x {images.shape[3]} "
            f"pixels; allowed: 1 to {min(images.shape[2:]) - 1}"
        )
    rows, columns = (_shifted(len(images), size, padding) for size in images.shape[2:])
    batch = torch.arange(len(images)).view(-1, 1, 1)
    index = (batch, rows[:, :, None], columns[:, None, :])
    # Indexed as (B, H, W, C), which is how the images lie in memory.
    batch, rows, columns = (part.to(images.device, non_blocking=True) for part in index)
    return images.permute(0, 2, 3, 1)[batch, rows, columns].permute(0, 3, 1, 2)


def _shifted(count: int, size: int, padding: int) -> torch.Tensor:
    """Return for each image which of its pixels each place shows along one axis, (count, size)."""
    offsets = torch.randint(-padding, padding + 1, (count, 1))
    places = (torch.arange(size) + offsets).abs()
    return size - 1 - (size - 1 - places).abs()
