"""Every kind of image file becomes what a viewer shows, or is refused in one line."""

import os
import tempfile
import zlib

import numpy as np
import pytest
from PIL import Image

from limbeck.data.decoding import is_image, read_image
from limbeck.data.image_sizes import count_sizes
from limbeck.runtime.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged files


def saved(path, image, **options):
    image.save(path, **options)
    return read_image(path).pixels


def error_of(path):
    with pytest.raises(InputError) as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()
    return str(caught.value).removeprefix(f"{path}: ")


LEVELS = np.array([[0, 255, 256, 32768, 65535]])


@pytest.mark.parametrize(
    ("suffix", "order"),
    [("png", "<u2"), ("png", ">u2"), ("tif", "<u2"), ("tif", ">u2"), ("jp2", "<u2")],
)
def test_16_bits_keep_their_upper_half(tmp_path, suffix, order):
    image = Image.fromarray(LEVELS.astype(order))
    assert saved(tmp_path / f"a.{suffix}", image).tolist() == [[0, 0, 1, 128, 255]]


def test_portable_greymaps_have_the_range_that_they_name(tmp_path):
    for most in (4095, 65535):
        values = np.array([0, most // 2 + 1, most], ">u2")
        (tmp_path / "a.pgm").write_bytes(f"P5 3 1 {most}\n".encode() + values.tobytes())
        assert read_image(tmp_path / "a.pgm").pixels.tolist() == [[0, 128, 255]]


def tiff(path, values, bits, photometric, sample_format=1):
    """Write an uncompressed little-endian TIFF of one row of grey pixels."""
    data = values.tobytes()
    entries = [
        *((256, 4, len(values)), (257, 4, 1), (258, 3, bits), (259, 3, 1), (262, 3, photometric)),
        *((273, 4, 8), (277, 3, 1), (278, 4, 1), (279, 4, len(data)), (339, 3, sample_format)),
    ]
    directory = len(entries).to_bytes(2, "little")
    for tag, kind, value in entries:
        numbers = ((tag, 2), (kind, 2), (1, 4), (value, 4))
        directory += b"".join(number.to_bytes(size, "little") for number, size in numbers)
    header = b"II*\0" + (8 + len(data)).to_bytes(4, "little")
    path.write_bytes(header + data + directory + bytes(4))


def test_white_may_be_zero(tmp_path):
    for bits, kind, most in ((8, "u1", 255), (16, "<u2", 65535)):
        tiff(tmp_path / "a.tif", np.array([0, most // 2 + 1, most], kind), bits, photometric=0)
        assert read_image(tmp_path / "a.tif").pixels.tolist() == [[255, 127, 0]]


@pytest.mark.parametrize("kind", ["<i2", "<u4", "<i4", "<f4"])
def test_pixels_without_a_range_are_refused(tmp_path, kind):
    values = np.array([0, 1, 200], kind)
    sample_format = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    tiff(tmp_path / "a.tif", values, 8 * values.itemsize, 1, sample_format)
    message = error_of(tmp_path / "a.tif")
    assert "range is not defined; convert it to RGB or grey of 8 or 16 bits" in message or (
        "not an image of the formats" in message
    )


def test_laboratory_colours_are_refused(tmp_path):
    Image.new("LAB", (2, 2), (100, 10, 10)).save(tmp_path / "a.tif")
    assert error_of(tmp_path / "a.tif").startswith("has L*a*b* colours; convert it to RGB")


def test_one_bit_is_black_and_white(tmp_path):
    image = Image.fromarray(np.array([[0, 255, 255]], np.uint8)).convert("1")
    for suffix in ("png", "tif", "bmp", "pbm", "gif"):
        assert saved(tmp_path / f"a.{suffix}", image)[0].reshape(3, -1)[:, 0].tolist() == [
            0,
            255,
            255,
        ]


def test_cmyk_is_mixed_to_rgb(tmp_path):
    image = Image.new("CMYK", (8, 8), (255, 51, 0, 51))
    expected = [0, 204 * 204 / 255, 204]  # (255 - ink) (255 - black) / 255
    for suffix in ("tif", "jpg"):
        pixels = saved(tmp_path / f"a.{suffix}", image)
        assert abs(pixels[4, 4] - expected).max() <= 3  # JPEG is lossy


def test_luma_and_chroma_become_rgb(tmp_path):
    pixels = saved(tmp_path / "a.tif", Image.new("YCbCr", (2, 2), (100, 128, 178)))
    # ITU-R BT.601 with 50 of red difference: red + 1.402 * 50, green - 0.714 * 50.
    assert abs(pixels[0, 0] - [170.1, 64.3, 100]).max() <= 1


def test_palettes_are_looked_up(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 1]], np.uint8), "P")
    image.putpalette([1, 2, 3, 200, 100, 50])
    for suffix in ("png", "gif", "bmp", "tif"):
        assert saved(tmp_path / f"a.{suffix}", image).tolist() == [
            [[1, 2, 3], [200, 100, 50], [200, 100, 50]]
        ]


def test_transparency_lies_on_white(tmp_path):
    grey = Image.fromarray(np.array([[[0, 0], [100, 51], [100, 255]]], np.uint8), "LA")
    assert saved(tmp_path / "a.png", grey).tolist() == [[255, 224, 100]]  # 255 - 155 / 5
    colour = Image.fromarray(np.array([[[0, 0, 0, 0], [5, 100, 250, 51]]], np.uint8), "RGBA")
    expected = [[[255] * 3, [205, 224, 254]]]
    for suffix in ("png", "tif", "webp"):
        options = {"lossless": True, "exact": True} if suffix == "webp" else {}
        assert saved(tmp_path / f"a.{suffix}", colour, **options).tolist() == expected
    assert read_image(tmp_path / "a.webp").transparent


def test_a_transparent_colour_is_white(tmp_path):
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([1, 2, 3, 200, 100, 50])
    for suffix in ("png", "gif"):
        pixels = saved(tmp_path / f"a.{suffix}", palette, transparency=0)
        assert pixels.tolist() == [[[255] * 3, [200, 100, 50]]]
    grey = Image.fromarray(np.array([[7, 8]], np.uint8))
    assert saved(tmp_path / "a.png", grey, transparency=7).tolist() == [[255, 8]]


def chunk(kind, data):
    """Return a chunk of a PNG: its length, kind, data and checksum."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def test_a_transparent_colour_of_16_bits_does_not_count(tmp_path):
    header = (2).to_bytes(4) + (1).to_bytes(4) + bytes([16, 2, 0, 0, 0])  # 2 x 1 pixels, RGB
    # The second pixel is opaque; its upper halves are the lower ones of the transparent colour.
    colours = [np.array(c, ">u2").tobytes() for c in ([1, 2, 3], [0x105, 0x206, 0x307])]
    data = {b"IHDR": header, b"tRNS": colours[0], b"IDAT": zlib.compress(b"\0" + b"".join(colours))}
    chunks = b"".join(chunk(kind, each) for kind, each in {**data, b"IEND": b""}.items())
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    assert read_image(tmp_path / "a.png").pixels.tolist() == [[[0, 0, 0], [1, 2, 3]]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jpg"])
def test_images_are_turned_as_their_exif_data_say(tmp_path, orientation, suffix):
    upright = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
    # From the EXIF standard: on which side row 0 and column 0 of what is stored are to be seen.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    options = {"webp": {"lossless": True}, "jpg": {"quality": 100}}.get(suffix, {})
    image = Image.fromarray(np.ascontiguousarray(stored))
    pixels = saved(tmp_path / f"a.{suffix}", image, exif=exif, **options).astype(int)
    pixels = pixels[..., 0] if pixels.ndim == 3 else pixels
    assert pixels.shape == (2, 3)
    assert abs(pixels - upright).max() <= 3  # JPEG is lossy
    assert count_sizes([tmp_path / f"a.{suffix}"]) == {(2, 3): 1}


def test_damaged_exif_data_do_not_count(tmp_path):
    pixels = saved(tmp_path / "a.png", Image.new("L", (3, 2), 7), exif=b"Exif\0\0garbage")
    assert pixels.tolist() == [[7] * 3] * 2


def test_the_first_of_several_frames_is_taken(tmp_path):
    frames = [Image.new("RGB", (2, 2), colour) for colour in ((1, 2, 3), (200, 100, 50))]
    for suffix in ("tif", "png", "webp", "gif"):
        options = {"lossless": True} if suffix == "webp" else {}
        path = tmp_path / f"a.{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:], **options)
        image = read_image(path)
        assert image.frames
        assert abs(image.pixels[0, 0].astype(int) - [1, 2, 3]).max() <= 1
    frames[0].save(tmp_path / "b.tif")
    assert not read_image(tmp_path / "b.tif").frames
    # A phone's photograph with its preview.
    frames[0].save(tmp_path / "c.jpg", format="MPO", save_all=True, append_images=frames[1:])
    assert not read_image(tmp_path / "c.jpg").frames


@pytest.mark.parametrize(
    ("width", "height", "size"), [(40, 24, 12), (24, 48, 8), (10, 10, 16), (9, 7, 7)]
)
def test_resizing_is_torchvisions_where_its_crop_needs_no_rounding(tmp_path, width, height, size):
    from torchvision.transforms import v2

    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    image.save(tmp_path / "a.png")
    expected = v2.CenterCrop(size)(v2.Resize(size, antialias=True)(image))
    pixels = read_image(tmp_path / "a.png", size).pixels.astype(int)
    assert pixels.shape == (size, size, 3)
    assert abs(pixels - np.asarray(expected)).max() <= 1


def test_an_image_of_the_size_asked_for_stays(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (5, 5), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", 5).pixels, noise)


def test_the_middle_is_kept(tmp_path):
    stripes = np.repeat(np.array([[0, 100, 200]], np.uint8), [4, 12, 8], axis=1)
    Image.fromarray(np.repeat(stripes, 12, axis=0)).save(tmp_path / "a.png")
    # Columns 6 to 18 of 24, each pixel from 3 of them and as many beside.
    row = read_image(tmp_path / "a.png", 4).pixels[0]
    assert row[:2].tolist() == [100, 100]
    assert row[3] > 150


def test_programs_are_not_started_for_an_image(tmp_path):
    """EPS would be handed to Ghostscript."""
    Image.new("RGB", (2, 2)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    assert error_of(tmp_path / "a.png").startswith("not an image of the formats that are read")
    assert not is_image(tmp_path / "a.png")


@pytest.mark.parametrize("cut", [0.0, 0.02, 0.5, 0.9])
@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "webp", "jp2", "ppm"])
def test_truncated_files_are_one_line(tmp_path, suffix, cut):
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    message = error_of(path)
    assert message.startswith(("corrupt or truncated", "not an image of the formats"))


@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.9])
def test_pngs_whose_end_is_zeros_are_one_line(tmp_path, part):
    """A copy that was cut may leave them so; zeros are codes of pixels, too."""
    slope = np.add.outer(np.arange(300), np.arange(300)).astype(np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(slope).convert("RGB").save(path)
    zeros = int(part * path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-zeros] + bytes(zeros))
    assert error_of(path).startswith("corrupt or truncated")


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tif", "webp"])
def test_flipped_bytes_are_an_image_or_one_line(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise).save(path)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    generator = np.random.default_rng(1)
    for _ in range(60):
        damaged = whole.copy()
        where = generator.integers(0, len(whole), 4)
        damaged[where] = generator.integers(0, 256, 4)
        path.write_bytes(damaged.tobytes())
        try:
            read_image(path)
        except InputError as error:
            assert str(error).isprintable()


def test_impossible_sizes_are_one_line(tmp_path):
    """Width and height in the header of a BMP file are overwritten."""
    path = tmp_path / "a.bmp"
    Image.new("L", (4, 4)).save(path)
    data = path.read_bytes()
    path.write_bytes(data[:18] + np.array([10**6, 10**6], "<i4").tobytes() + data[26:])
    assert error_of(path).startswith("claims a size that no image has")


def test_a_file_without_permission_is_not_called_corrupt():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.png")
        Image.new("L", (2, 2)).save(path)
        os.chmod(folder, 0o755)
        os.chmod(path, 0)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)
            assert error_of(path) == "cannot be read (Permission denied)"
        finally:
            os.seteuid(user)


def test_images_are_known_by_content(tmp_path):
    Image.new("L", (2, 2)).save(tmp_path / "photo", format="PNG")
    (tmp_path / "notes").write_text("BM and other words")
    assert is_image(tmp_path / "photo")
    assert not is_image(tmp_path / "notes")
    assert not is_image(tmp_path / "absent")
