"""Many small images in one picture."""

import io
import math

import numpy as np

LARGEST = 96  # side of a thumbnail, in pixels
PIXELS = 10_500_000  # of the whole picture; a browser holds it in 42 MB
LOSSLESS_PIXELS = 1_000_000  # largest picture that is compressed without loss
BLOCK = 500  # images read at once
QUALITY = 85  # of WebP; 0.36 kB for an image of CIFAR


def make_sprite(images) -> tuple[bytes, dict[str, int]]:
    """Return images side by side as one WebP file, and how they lie in it.

    Parameters
    ----------
    images : array-like
        Shape (n, H, W, C), uint8, C 1 or 3.

    Returns
    -------
    bytes
        The file. Images are made smaller where they are larger than `LARGEST` or the picture would
        be larger than `PIXELS`, never larger.
    dict of str to int
        ``width`` and ``height`` of one image in pixels, and ``columns``: image i lies in row
        i // columns.
    """
    from PIL import Image

    count, height, width, channels = images.shape
    side = min(LARGEST, math.isqrt(PIXELS // max(count, 1)))
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    columns = math.ceil(math.sqrt(count)) or 1
    rows = math.ceil(count / columns) or 1
    sheet = np.zeros((rows, size[1], columns, size[0], 3), np.uint8)
    for index in range(count):
        if index % BLOCK == 0:
            block = images[index : index + BLOCK]
        image = block[index % BLOCK]
        if scale < 1:
            picture = Image.fromarray(image[..., 0] if channels == 1 else image)
            image = np.asarray(picture.resize(size, Image.Resampling.LANCZOS))
            image = image.reshape(size[1], size[0], channels)
        sheet[index // columns, :, index % columns] = image
    sheet = sheet.reshape(rows * size[1], columns * size[0], 3)
    buffer = io.BytesIO()
    lossless = sheet.size // 3 <= LOSSLESS_PIXELS
    Image.fromarray(sheet).save(buffer, "WEBP", lossless=lossless, quality=QUALITY, method=4)
    return buffer.getvalue(), {"width": size[0], "height": size[1], "columns": columns}
