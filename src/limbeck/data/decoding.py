"""One image file as pixels of 8 bits, as a viewer shows it."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show

# Only these are opened: others start programs (EPS) or have no fixed range (FITS).
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF")
BITS_PER_SAMPLE, PHOTOMETRIC = 258, 262
WHITE_IS_ZERO = 0
GREY = ("1", "L", "LA", "La")  # modes of Pillow, beside those of 16 bits


@dataclass(frozen=True)
class DecodedImage:
    """An image, and what of its file it does not show.

    Attributes
    ----------
    pixels : numpy.ndarray
        uint8, shape (height, width) for a grey image, (height, width, 3) for a colour one.
    frames : bool
        Whether the file holds more images, of which this is the first.
    transparent : bool
        Whether pixels are transparent, which are shown on white.
    """

    pixels: np.ndarray
    frames: bool
    transparent: bool


def read_image(path: Path, size: int | None = None) -> DecodedImage:
    """Read an image as a viewer shows it.

    It is turned as its EXIF data say. Transparent pixels lie on white, but for those of grey PNGs
    of other than 8 bits, and colour ones of 16, without an alpha channel. Of 9 to 16 bits the
    upper 8 are kept, CMYK, YCbCr and palettes become RGB, colour profiles are ignored.

    Parameters
    ----------
    path : Path
        The file; its content decides on the format, which is one of `FORMATS`.
    size : int, optional
        One side of a square: the shorter side of the image is resized to it, by linear
        interpolation with antialiasing, and the middle of the longer side is kept. As it is by
        default.

    Returns
    -------
    DecodedImage

    Raises
    ------
    InputError
        If the file cannot be read, is not an image of these formats or damaged, or has pixels
        whose range or colours are not defined (32 bits, L*a*b*).
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        # Not by its name: Pillow maps uncompressed TIFFs into memory then, and turns them wrongly.
        with open(path, "rb") as file, Image.open(file, formats=FORMATS) as image:
            deep = any(tile[3] == "RGB;16B" for tile in image.tile)
            image.load()
            if deep:
                # Pillow would compare its lower 8 bits with the upper ones of the pixels.
                image.info.pop("transparency", None)
            if image.format == "PNG":
                _check_sums(path)
            # EXIF data that cannot be read do not count: they are as damaged as a file can be.
            with contextlib.suppress(Exception):
                ImageOps.exif_transpose(image, in_place=True)
            frames = image.format != "MPO" and getattr(image, "is_animated", False)
            shown, transparent = _to_8_bits(image, path)
            if size is not None:
                shown = ImageOps.fit(shown, (size, size), Image.Resampling.BILINEAR)
            return DecodedImage(np.array(shown), frames, transparent)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(
            f"{show(path)}: not an image of the formats that are read ({', '.join(FORMATS)}); "
            "convert or remove it"
        ) from None
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{show(path)}: claims a size that no image has ({error}); replace it"
        ) from None
    except Exception as error:  # Decoders meet damaged files with exceptions of all types.
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(f"{show(path)}: cannot be read ({error.strerror})") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{show(path)}: corrupt or truncated ({reason}); replace it") from None


def is_grey(path: Path) -> bool:
    """Return whether `read_image` would give a grey image, by the file's header."""
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as image:
            return _has_upper_bits(image) or image.mode in GREY
    except Exception:  # As in `read_image`, which says what is wrong with the file.
        return True


def is_image(path: Path) -> bool:
    """Return whether a file holds an image of one of `FORMATS`, whatever its name."""
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS):
            return True
    except Exception:  # As in `read_image`; what cannot be opened is not an image.
        return False


def _check_sums(path: Path) -> None:
    """Raise an exception where checksums of a PNG are wrong, which Pillow decodes all the same."""
    from PIL import Image

    with Image.open(path, formats=("PNG",)) as image:
        image.verify()


def _to_8_bits(image, path: Path):
    """Return the image in mode L, if it is grey, or RGB; and whether parts were transparent."""
    from PIL import Image

    mode = image.mode
    if _has_upper_bits(image):
        return Image.fromarray(_upper_bits(image)), False
    if mode in ("I", "F", "LAB"):
        kind = "L*a*b* colours" if mode == "LAB" else "32-bit pixels, whose range is not defined"
        raise InputError(f"{show(path)}: has {kind}; convert it to RGB or grey of 8 or 16 bits")
    shown = "L" if mode in GREY else "RGB"
    if not image.has_transparency_data:
        return image.convert(shown), False
    image = (image.convert("LA") if mode == "La" else image).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    transparent = image.getchannel("A").getextrema()[0] < 255
    return Image.alpha_composite(white, image).convert(shown), transparent


def _has_upper_bits(image) -> bool:
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")


def _upper_bits(image) -> np.ndarray:
    values = np.asarray(image).astype(np.uint16)
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(BITS_PER_SAMPLE, (16,))[0]
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        values = 2**bits - 1 - values
    return (values >> (bits - 8)).astype(np.uint8)
