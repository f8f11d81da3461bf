"""Folders of images as people have them."""

import numpy as np
from PIL import Image

PARTS = ("train", "test")


def save_images(folder, classes, count, convert=lambda image: image, suffix="png", size=None):
    """Write images of noise, brighter in every second class; `size` gives height and width."""
    generator = np.random.default_rng(0)
    for label in range(classes):
        place = folder / f"class {label}"
        place.mkdir(parents=True)
        for number in range(count):
            height, width = (12, 9) if size is None else size(number)
            middle = 80 + 90 * (label % 2)
            pixels = generator.normal(middle, 30, (height, width, 3)).clip(0, 255)
            image = convert(Image.fromarray(pixels.astype(np.uint8)))
            image.save(place / f"{number}.{suffix}")


def to_16_bits(image):
    """Return an image as a grey one of 16 bits."""
    return Image.fromarray(np.asarray(image)[..., 0].astype(np.uint16) << 8)


def write_split(folder, **options):
    """Write ten images of each of two classes to train on, and as many to test on."""
    for part in PARTS:
        save_images(folder / part, 2, 10, **options)


KINDS = {
    "two classes": write_split,
    "a hundred classes": lambda folder: save_images(folder, 100, 4),
    "grey": lambda folder: write_split(folder, convert=lambda image: image.convert("L")),
    "palette": lambda folder: write_split(folder, convert=lambda image: image.quantize(16)),
    "cmyk": lambda folder: write_split(
        folder, convert=lambda image: image.convert("CMYK"), suffix="jpg"
    ),
    "16 bits": lambda folder: write_split(folder, convert=to_16_bits),
    "unequal sizes": lambda folder: write_split(folder, size=lambda number: (20 + number, 30)),
    "no test split": lambda folder: save_images(folder, 2, 50),
    "6 images a class": lambda folder: save_images(folder, 2, 6),
}
