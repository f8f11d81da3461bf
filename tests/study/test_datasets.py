"""Datasets are declared once; settings that a dataset does not take are one line."""

import importlib
import shutil
from pathlib import Path

import pytest

import limbeck
from helpers.pictures import settings_of
from limbeck.runtime import fingerprint as module
from limbeck.runtime.fingerprint import fingerprint
from limbeck.study.datasets import DATASETS, dataset_mistakes
from limbeck.study.keys import keys_of
from limbeck.study.settings import DatasetSettings

PACKAGE = Path(limbeck.__file__).parent


def test_declared_are_the_names_that_the_config_allows():
    assert keys_of(DatasetSettings)["name"].allowed == tuple(DATASETS)


def test_each_declaration_has_a_source_and_each_source_a_declaration():
    files = {path.stem for path in (PACKAGE / "data" / "sources").glob("*.py")}
    assert files - {"__init__"} == set(DATASETS)
    for name in DATASETS:
        source = importlib.import_module(f"limbeck.data.sources.{name}")
        assert callable(source.read)
        assert callable(source.facts)


@pytest.mark.parametrize(
    ("settings", "mistakes"),
    [
        (settings_of("digits", test_fraction=0.2), []),
        (settings_of("image_folder", "images", test_fraction=0.2, image_size=64), []),
        (settings_of("svhn", "data", download=True), []),
        (
            settings_of("svnh", "data"),
            [
                "dataset.name = 'svnh': did you mean 'svhn'? allowed: digits, cifar10, cifar100, "
                "fashion_mnist, svhn, image_folder"
            ],
        ),
        (
            settings_of("digits"),
            ["dataset.test_fraction = null: digits needs one, for example 0.2"],
        ),
        (
            settings_of("image_folder", download=True),
            [
                "dataset.path = null: image_folder needs the folder that holds it",
                "dataset.download = true: image_folder cannot be downloaded, only cifar10, "
                "cifar100, fashion_mnist, svhn; use false",
            ],
        ),
        (
            settings_of("cifar10", "data", test_fraction=0.2, image_size=64),
            [
                "dataset.test_fraction = 0.2: cifar10 has a test split of its own; use null",
                "dataset.image_size = 64: images of cifar10 have one size; use null (only "
                "image_folder resizes; methods.<method>.input_size enlarges images)",
            ],
        ),
    ],
)
def test_contradictions_are_one_line_each(settings, mistakes):
    assert list(dataset_mistakes(settings)) == mistakes


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Return a copy of the package and a function that takes the fingerprint of each dataset."""
    package = tmp_path / "limbeck"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "PACKAGE", package)
    cached = [function for function in vars(module).values() if hasattr(function, "cache_clear")]

    def clear():
        for function in cached:
            function.cache_clear()

    def fingerprints():
        clear()
        return {name: fingerprint("prepare_dataset", f"data.sources.{name}") for name in DATASETS}

    yield package, fingerprints
    clear()


def test_a_new_dataset_changes_no_other(code):
    package, fingerprints = code
    before = fingerprints()
    sources = package / "data" / "sources"
    shutil.copy(sources / "svhn.py", sources / "new.py")
    registry = package / "study" / "datasets.py"
    registry.write_text(registry.read_text().replace('"svhn", "SVHN"', '"new", "New"'))
    assert fingerprints() == before


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("data/sources/digits.py", {"digits"}),
        ("data/decoding.py", {"image_folder"}),
        ("data/folder_entries.py", {"image_folder"}),
        ("data/image_files.py", {"image_folder"}),
        ("data/superclasses.py", {"image_folder"}),
        ("data/torchvision_files.py", {"cifar10", "cifar100", "fashion_mnist", "svhn"}),
        ("data/dataset.py", set(DATASETS)),
        ("data/facts.py", set()),
        ("data/listing.py", set()),
        ("runtime/paths.py", set()),
    ],
)
def test_an_edit_counts_where_it_is_used(code, file, changed):
    package, fingerprints = code
    before = fingerprints()
    path = package / file
    path.write_text(path.read_text() + "\n\nEDITED = True\n")
    after = fingerprints()
    assert {name for name in DATASETS if after[name] != before[name]} == changed
