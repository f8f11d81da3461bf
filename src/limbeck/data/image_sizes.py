"""How large images are, as their headers say; no pixels are decoded."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from limbeck.data.decoding import FORMATS, read_image
from limbeck.data.image_folder import read_each

ORIENTATION = 274
TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange height and width


def count_sizes(paths: Iterable[Path]) -> Counter[tuple[int, int]]:
    """Count how many images have each size.

    Parameters
    ----------
    paths : iterable of Path
        Image files.

    Returns
    -------
    Counter
        Height and width in pixels, as a viewer shows the image, to the number of images.

    Raises
    ------
    InputError
        If files are not images that `read_image` reads; see `read_each`.
    """
    return Counter(read_each(read_size, paths))


def read_size(path: Path) -> tuple[int, int]:
    """Return height and width of an image in pixels, as a viewer shows it."""
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            # Of a TIFF Pillow tells the size that it is shown in.
            turned = image.format != "TIFF" and image.getexif().get(ORIENTATION) in TURNED
    except Exception:  # Headers are damaged in as many ways as images; this says what is wrong.
        height, width = read_image(path).pixels.shape[:2]
        return height, width
    return (width, height) if turned else (height, width)
