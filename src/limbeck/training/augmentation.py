"""Weak augmentation of batches, each image by itself, on the device."""

import torch

from limbeck.runtime.errors import InputError
from limbeck.study.method_settings import MethodSettings
from limbeck.training.randomness import send


def weak_view(
    images: torch.Tensor, settings: MethodSettings
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the images as the settings' ``augmentation`` shows them, and which are mirrored.

    Parameters
    ----------
    images : torch.Tensor
        Shape (B, C, H, W).
    settings : MethodSettings
        ``augmentation`` and ``crop_padding`` count.

    Returns
    -------
    images : torch.Tensor
        Same shape and type.
    flipped : torch.Tensor or None
        Shape (B,), bool; None where nothing is mirrored.
    """
    flipped = None
    if settings.augmentation in ("flip", "crop_flip"):
        images, flipped = random_flip(images)
    if settings.augmentation in ("crop", "crop_flip"):
        images = random_crop(images, settings.crop_padding)
    return images, flipped


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
    flipped = send(torch.rand(len(images)) < 0.5, images.device)
    return torch.where(flipped[:, None, None, None], images.flip(-1), images), flipped


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
    height, width = images.shape[-2:]
    if padding >= min(height, width):
        raise InputError(
            f"crop_padding = {padding}: the images have {height} x {width} pixels; "
            f"allowed: 1 to {min(height, width) - 1}"
        )

    def shifted(size: int) -> torch.Tensor:
        """Return the source pixel of each place of each image along one axis, (B, size)."""
        offsets = send(torch.randint(-padding, padding + 1, (len(images), 1)), images.device)
        places = (torch.arange(size, device=images.device) + offsets).abs()
        return size - 1 - (size - 1 - places).abs()

    rows, columns = shifted(height), shifted(width)
    batch = torch.arange(len(images), device=images.device)
    # Indexed as (B, H, W, C), which is how the images lie in memory.
    pixels = images.permute(0, 2, 3, 1)
    moved = pixels[batch[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)
