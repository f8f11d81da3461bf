"""Augmentation of batches: the same as image by image, each image by itself."""

import math

import pytest
import torch
from torch.nn import functional as F
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as vision

from limbeck.runtime.errors import InputError
from limbeck.training import strong_augmentation
from limbeck.training.augmentation import random_crop, weak_view
from limbeck.training.strong_augmentation import (
    OPERATIONS,
    blend,
    cutout,
    rand_augment,
    strong_view,
)


def pictures(count, channels=3, size=16, seed=0, width=None):
    """Return smooth random pictures with dark and bright parts, channels last in memory."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, 4, 4, generator=generator)
    fine = F.interpolate(coarse, size=(size, width or size), mode="bicubic", align_corners=False)
    images = (255 * fine.clamp(0, 1)).to(torch.uint8)
    return images.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("size", [(8, 8), (6, 9)])
def test_crops_are_those_of_the_image_padded_by_reflection(size):
    torch.manual_seed(0)
    images = torch.randint(0, 256, (400, 2, *size), dtype=torch.uint8)
    result = random_crop(images, 2)
    padded = F.pad(images.float(), (2, 2, 2, 2), mode="reflect").to(torch.uint8)
    offsets = set()
    for number in range(len(images)):
        found = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if torch.equal(
                padded[number, :, y : y + size[0], x : x + size[1]],
                result[number],
            )
        ]
        assert len(found) == 1
        offsets.add(found[0])
    assert len(offsets) == 25  # each of the 5 x 5 places, so each image has its own


def test_crop_that_is_too_far_is_an_error():
    images = pictures(2, size=8)
    assert random_crop(images, 7).shape == images.shape
    with pytest.raises(InputError) as caught:
        random_crop(images, 8)
    assert str(caught.value) == "crop_padding = 8: the images have 8 x 8 pixels; allowed: 1 to 7"


@pytest.mark.parametrize(
    ("augmentation", "mirrored", "shifted"),
    [("none", 0, 0), ("flip", 1, 0), ("crop", 0, 1), ("crop_flip", 1, 1)],
)
def test_weak_views(augmentation, mirrored, shifted, method_settings):
    torch.manual_seed(0)
    settings = method_settings(augmentation=augmentation, crop_padding=1 if shifted else None)
    image = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4).expand(500, 1, 4, 4)
    views = {tuple(view.flatten().tolist()) for view in weak_view(image, settings)[0]}
    assert len(views) == (1 + mirrored) * 9**shifted


FAR_ENDS = {
    "brightness": vision.adjust_brightness,
    "color": vision.adjust_saturation,
    "contrast": vision.adjust_contrast,
    "sharpness": vision.adjust_sharpness,
}


def alone(name, image, magnitude):
    """Apply torchvision's own operation to one image."""
    match name:
        case "autocontrast" | "equalize":
            return getattr(vision, name)(image)
        case "identity":
            return image
        case "posterize":
            return vision.posterize(image, math.floor(magnitude))
        case "solarize":
            return vision.solarize(image, 255 * magnitude)
        case "rotate":
            return vision.rotate(image, magnitude, InterpolationMode.NEAREST)
        case "shear_x" | "shear_y":
            degrees = [math.degrees(math.atan(magnitude)), 0.0]
            shear = degrees if name == "shear_x" else degrees[::-1]
            return vision.affine(image, 0, [0, 0], 1.0, shear, center=[0, 0])
        case "translate_x" | "translate_y":
            pixels = round(-magnitude * image.shape[-1 if name == "translate_x" else -2])
            shift = [pixels, 0] if name == "translate_x" else [0, pixels]
            return vision.affine(image, 0, shift, 1.0, [0.0, 0.0])
    return FAR_ENDS[name](image, magnitude)


@pytest.mark.parametrize(("channels", "width"), [(1, 16), (3, 16), (3, 32)])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_those_of_torchvision_image_by_image(name, channels, width):
    images = pictures(32, channels, width=width)
    operation, low, high = OPERATIONS[name]
    magnitudes = low + (high - low) * torch.rand(32, generator=torch.Generator().manual_seed(1))
    if name.startswith("translate"):
        magnitudes = (magnitudes * 16).round() / 16  # whole pixels, which torchvision shifts by
    result = operation(images, magnitudes)
    assert result.shape == images.shape
    assert result.dtype == torch.uint8
    expected = torch.stack(
        [
            alone(name, image, magnitude.item())
            for image, magnitude in zip(images, magnitudes, strict=True)
        ]
    )
    difference = (result.int() - expected.int()).abs()
    if name.startswith(("rotate", "shear")):
        # Where a pixel lies half-way between two, rounding decides.
        assert (difference > 1).float().mean() < 0.01
    else:
        assert difference.max() <= 1


def test_ranges_of_magnitudes_are_those_of_fixmatch():
    # Table 12 of Sohn et al. (2020). Posterize keeps 4 to 8 bits: up to 9, rounded down.
    symmetric = ("shear_x", "shear_y", "translate_x", "translate_y")
    expected = dict.fromkeys(("autocontrast", "equalize", "identity"), (0, 0))
    expected |= dict.fromkeys(("brightness", "color", "contrast", "sharpness"), (0.05, 0.95))
    expected |= dict.fromkeys(symmetric, (-0.3, 0.3))
    expected |= {"posterize": (4, 9), "rotate": (-30, 30), "solarize": (0, 1)}
    assert {name: (low, high) for name, (_, low, high) in OPERATIONS.items()} == expected


def test_posterize_takes_the_end_of_its_range():
    image = torch.tensor([[[[0, 1, 128, 255]]]], dtype=torch.uint8)
    _, low, high = OPERATIONS["posterize"]
    largest = low + (high - low) * torch.tensor([1 - 2**-24])
    assert largest.item() == high  # in float32
    assert torch.equal(OPERATIONS["posterize"][0](image, largest), image)


def test_a_blend_keeps_its_share():
    images = pictures(3)
    darkened = blend(torch.zeros_like)(images, torch.tensor([1.0, 0.5, 0.0]))
    assert torch.equal(darkened[0], images[0])
    assert torch.equal(darkened[1], images[1] // 2)
    assert not darkened[2].any()


def test_each_image_has_its_own_operations():
    torch.manual_seed(0)
    images = pictures(1).expand(300, -1, -1, -1)
    one = rand_augment(images, 1)
    distinct = len({tuple(image.flatten().tolist()) for image in one})
    # 3 of 14 operations have no magnitude, posterising has 5, and shifts of under a pixel are few.
    assert distinct > 150
    assert torch.equal(images, pictures(1).expand(300, -1, -1, -1))  # the input is left alone


def test_every_operation_is_drawn_equally_often(monkeypatch):
    counts = dict.fromkeys(OPERATIONS, 0)

    def counting(name):
        def operation(images, magnitudes):
            counts[name] += len(images)
            _, low, high = ranges[name]
            assert ((magnitudes >= low) & (magnitudes <= high)).all()
            return images

        return operation

    ranges = dict(OPERATIONS)
    for name, (_, low, high) in ranges.items():
        monkeypatch.setitem(OPERATIONS, name, (counting(name), low, high))
    torch.manual_seed(0)
    rand_augment(torch.zeros(7000, 1, 2, 2, dtype=torch.uint8), 2)
    # 1000 each, within five standard deviations of 30.5.
    assert all(abs(count - 1000) < 153 for count in counts.values()), counts


def test_strong_views_follow_from_the_seed_and_not_from_autocast():
    images = pictures(64)

    def view():
        torch.manual_seed(5)
        return strong_view(images, 2, 0.5)

    with torch.autocast("cpu", torch.bfloat16):
        under_autocast = view()
    assert torch.equal(view(), under_autocast)
    assert not torch.equal(view(), strong_view(images, 2, 0.5))


def test_the_square_of_a_strong_view_is_grey_whatever_is_done_to_the_image(monkeypatch):
    monkeypatch.setattr(strong_augmentation, "rand_augment", lambda images, _: 255 - images)
    torch.manual_seed(0)
    view = strong_view(torch.zeros(50, 1, 8, 8, dtype=torch.uint8), 2, 0.5)
    assert set(view.unique().tolist()) == {127, 255}


def test_cutout_by_hand():
    torch.manual_seed(0)
    images = torch.zeros(2000, 1, 8, 8, dtype=torch.uint8)
    result = cutout(images, 0.5)[:, 0]
    assert set(result.unique().tolist()) == {0, 127}
    heights = (result > 0).any(2).sum(1)
    widths = (result > 0).any(1).sum(1)
    # A square of 4 around a pixel: 2 to 4 of its rows lie inside.
    assert set(heights.tolist()) == set(widths.tolist()) == {2, 3, 4}
    assert torch.equal((result > 0).sum((1, 2)), heights * widths)
    assert (heights != heights[0]).any()
    assert torch.equal(cutout(images, 0.0), images)
