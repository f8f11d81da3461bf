"""The rule prepare_dataset writes a whole store or nothing."""

import json

from helpers.pictures import RED, error_of, prepare, save, settings_of, write_folder
from limbeck import cli
from limbeck.data.listing import listing
from limbeck.runtime import storage


def test_the_store_says_what_it_was_made_of(tmp_path):
    folder = write_folder(tmp_path / "images")
    attributes = prepare("image_folder", tmp_path, folder).attributes
    assert attributes["dataset"] == "image_folder"
    assert attributes["source"] == {
        "dataset": "image_folder",
        "test_fraction": None,
        "image_size": None,
        "listing": listing(settings_of("image_folder", folder)),
    }
    assert attributes["train_per_class"] == [3, 1]
    assert attributes["test_per_class"] == [1, 1]
    assert attributes["image_shape"] == [4, 6, 3]


def test_the_hash_is_that_of_the_arrays(tmp_path):
    dataset = prepare("image_folder", tmp_path, write_folder(tmp_path / "images"))
    names = ("images", "labels", "sample_ids")
    arrays = [dataset.array(part, name) for part in ("train", "test") for name in names]
    assert dataset.attributes["hash"] == storage.digest(*arrays)


def test_settings_that_contradict_each_other_are_one_line(tmp_path):
    message = error_of("svhn", tmp_path, path="x", image_size=8)
    assert message.startswith("dataset.image_size = 8: images of svhn have")


def test_one_class_is_refused(tmp_path):
    for part in ("train", "test"):
        save(tmp_path / "images" / part / "ant" / "1.png", RED)
    assert error_of("image_folder", tmp_path, tmp_path / "images") == (
        "image_folder: has only one class, 'ant'; needed are two or more"
    )


def test_one_colour_is_refused(tmp_path):
    for part, name in ((part, name) for part in ("train", "test") for name in ("ant", "bee")):
        save(tmp_path / "images" / part / name / "1.png", RED)
    message = error_of("image_folder", tmp_path, tmp_path / "images")
    assert message == "image_folder: all pixels of the training images have one colour"


def test_the_command_says_one_line(tmp_path, capsys):
    settings = {"name": "image_folder", "path": "$UNSET/x", "download": False}
    arguments = ["--settings", json.dumps({**settings, "test_fraction": None}), "--seed", "0"]
    status = cli.main(["prepare_dataset", *arguments, "--dataset", str(tmp_path / "d.zarr")])
    assert status == 1
    assert capsys.readouterr().err == (
        "limbeck prepare_dataset: error: dataset.path = $UNSET/x: the environment variable $UNSET "
        "is not set\n"
    )
