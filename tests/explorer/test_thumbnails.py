"""Many small images in one picture."""

import io

import numpy as np
import pytest
from PIL import Image

from limbeck.explorer import thumbnails
from limbeck.explorer.thumbnails import make_sprite


def cut_out(images):
    """Return the pictures of a sprite, one an image."""
    data, shape = make_sprite(images)
    sheet = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    width, height, columns = shape["width"], shape["height"], shape["columns"]
    assert sheet.shape[1] == columns * width
    return [
        sheet[height * (i // columns) :, width * (i % columns) :][:height, :width]
        for i in range(len(images))
    ]


@pytest.mark.parametrize("shape", [(5, 8, 8, 3), (1, 32, 32, 3), (10, 4, 7, 3)])
def test_few_images_keep_every_value(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    for picture, image in zip(cut_out(images), images, strict=True):
        np.testing.assert_array_equal(picture, image)


def test_grey_images():
    images = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 1), np.uint8)
    for picture, image in zip(cut_out(images), images, strict=True):
        np.testing.assert_array_equal(picture, np.repeat(image, 3, axis=2))


@pytest.mark.parametrize("channels", [1, 3])
def test_large_images_become_small_and_keep_their_shape(channels):
    """Left half dark, right half light; as wide as three quarters of its height."""
    images = np.full((3, 400, 300, channels), 20, np.uint8)
    images[:, :, 150:] = 220
    for picture in cut_out(images):
        assert picture.shape == (96, 72, 3)
        assert (np.abs(picture[:, :32].astype(int) - 20) <= 2).all()
        assert (np.abs(picture[:, 40:].astype(int) - 220) <= 2).all()


def test_many_images_are_compressed_and_stay_recognisable(monkeypatch):
    monkeypatch.setattr(thumbnails, "LOSSLESS_PIXELS", 0)
    y, x = np.mgrid[:32, :32] * 4
    images = np.stack([np.stack([x + i, y, 200 - x], axis=2) for i in range(20)]).astype(np.uint8)
    for picture, image in zip(cut_out(images), images, strict=True):
        assert np.abs(picture.astype(int) - image).mean() < 6


def test_the_picture_stays_below_its_limit(monkeypatch):
    monkeypatch.setattr(thumbnails, "PIXELS", 1000)
    pictures = cut_out(np.zeros((10, 32, 32, 3), np.uint8))
    assert pictures[0].shape == (10, 10, 3)
