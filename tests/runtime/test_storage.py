"""Files: written whole or not at all, in few shards, and read back exactly."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from limbeck import __version__
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def small_shards(monkeypatch):
    """Rows of 4 float32 are 16 bytes: 4 rows a chunk, 16 rows a shard."""
    monkeypatch.setattr(storage, "CHUNK_BYTES", 64)
    monkeypatch.setattr(storage, "SHARD_BYTES", 256)


def shard_files(store, name):
    return [path for path in (store / name / "c").rglob("*") if path.is_file()]


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize(
    ("rows", "shards"),
    [(1, 1), (16, 1), (17, 2), (50, 4), (64, 4)],
)
@pytest.mark.parametrize("batch", [1, 7, 16, 45])
def test_rows_are_read_back_exactly_from_few_files(tmp_path, rows, shards, batch):
    expected = np.random.default_rng(rows).normal(size=(rows, 4)).astype(np.float32)
    with storage.new_store(tmp_path / "s.zarr", {}) as group:
        writer = storage.RowWriter(group, "x", expected.shape, np.float32)
        for start in range(0, rows, batch):
            writer.append(expected[start : start + batch])
        writer.close()
    read = storage.open_store(tmp_path / "s.zarr")["x"]
    np.testing.assert_array_equal(read[:], expected)
    assert read.dtype == np.float32
    assert len(shard_files(tmp_path / "s.zarr", "x")) == shards


@pytest.mark.usefixtures("small_shards")
def test_full_shards_go_to_disk_at_once(tmp_path):
    with storage.new_store(tmp_path / "s.zarr", {}) as group:
        writer = storage.RowWriter(group, "x", (40, 4), np.float32)
        counts = []
        for _ in range(4):
            writer.append(np.ones((10, 4)))
            counts.append(len(shard_files(next(tmp_path.glob(".s.zarr.*/s.zarr")), "x")))
        writer.close()
    assert counts == [0, 1, 1, 2]  # after 10, 20, 30 and 40 rows, 16 a shard


def test_usual_arrays_are_one_file_each(tmp_path):
    images = np.full((3000, 8, 8, 3), 7, np.uint8)
    storage.write_store(tmp_path / "s.zarr", {"train/images": images}, {})
    assert len(shard_files(tmp_path / "s.zarr", "train/images")) == 1


def test_rows_are_cast_to_the_type_of_the_array(tmp_path):
    with storage.new_store(tmp_path / "s.zarr", {}) as group:
        writer = storage.RowWriter(group, "x", (2,), np.float16)
        writer.append(np.array([1 / 3, 2.0]))
        writer.close()
    read = storage.open_store(tmp_path / "s.zarr")["x"][:]
    assert read.dtype == np.float16
    assert read.tolist() == [0.333251953125, 2.0]  # 1365 / 4096, the nearest half


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32])
def test_bits_are_sorted_by_their_place_in_values_of_the_type(tmp_path, dtype):
    # In whole numbers below 16 at most half of the bits differ, whatever the type.
    values = np.random.default_rng(0).integers(0, 16, 100_000).astype(dtype)
    storage.write_store(tmp_path / "s.zarr", {"x": values}, {})
    (file,) = shard_files(tmp_path / "s.zarr", "x")
    assert file.stat().st_size < 0.6 * values.nbytes
    metadata = json.loads((tmp_path / "s.zarr/x/zarr.json").read_text())
    (sharding,) = metadata["codecs"]
    *_, codec, checksum = sharding["configuration"]["codecs"]
    assert (codec["name"], checksum["name"]) == ("blosc", "crc32c")
    assert codec["configuration"]["typesize"] == values.itemsize
    assert np.array_equal(storage.open_store(tmp_path / "s.zarr")["x"][:], values)


@pytest.mark.parametrize("rows", [0, 4, 6])
def test_missing_and_surplus_rows_are_errors(tmp_path, rows):
    with (
        pytest.raises(RuntimeError, match=f"x: {rows} of 5 rows"),
        storage.new_store(tmp_path / "s.zarr", {}) as group,
    ):
        writer = storage.RowWriter(group, "x", (5, 2), np.float32)
        writer.append(np.ones((rows, 2)))
        writer.close()
    assert names(tmp_path) == []


@pytest.mark.parametrize("dtype", ["U", object, np.dtypes.StringDType()])
def test_text_is_read_back_exactly(tmp_path, dtype):
    texts = ["train/ant/1", "", 'Käfer, "rot"', "大" * 40]
    storage.write_store(tmp_path / "s.zarr", {"ids": np.array(texts, dtype=dtype)}, {})
    assert storage.open_store(tmp_path / "s.zarr")["ids"][:].tolist() == texts


REPLACING = """
import sys
import numpy as np
from limbeck.runtime import storage
for round in range(40):
    storage.write_store(sys.argv[1], {"x": np.arange(2000)}, {"round": round})
"""


def test_copies_of_a_job_that_write_at_once_leave_one_whole_store(tmp_path):
    path = tmp_path / "s.zarr"
    command = [sys.executable, "-c", REPLACING, path]
    copies = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [(copy.communicate()[1], copy.returncode) for copy in copies] == [(b"", 0)] * 3
    store = storage.open_store(path)
    assert store.attrs["round"] == 39
    assert np.array_equal(store["x"][:], np.arange(2000))
    assert names(tmp_path) == ["s.zarr"]


def test_store_holds_provenance_and_is_read_only(tmp_path):
    storage.write_store(tmp_path / "s.zarr", {"x": np.arange(3)}, {"study": "demo", "fold": 1})
    store = storage.open_store(tmp_path / "s.zarr")
    assert dict(store.attrs) == {"study": "demo", "fold": 1, "limbeck": __version__}
    with pytest.raises(TypeError):
        store["x"][0] = 5


@pytest.mark.parametrize("kind", ["nothing", "a file", "a folder"])
def test_open_store_names_the_path_without_a_store(tmp_path, kind):
    path = tmp_path / "s.zarr"
    if kind == "a file":
        path.write_text("other")
    if kind == "a folder":
        path.mkdir()
    with pytest.raises(InputError) as caught:
        storage.open_store(path)
    assert str(caught.value).startswith(f"{path}: no Zarr store")
    assert "\n" not in str(caught.value)


def test_digest_hashes_type_shape_and_content():
    array = np.array([[1, 2], [3, 4]], np.uint8)
    expected = hashlib.sha256(b"uint8(2, 2)\x01\x02\x03\x04").hexdigest()[:16]
    assert storage.digest(array) == expected
    assert storage.digest(array[:, ::-1][:, ::-1]) == expected  # a view with the same content
    text = np.array(["a", "b"], np.dtypes.StringDType())
    others = [array.T, array.reshape(4), array.view(np.int8), text, np.array(["a", "c"], "T")]
    assert len({storage.digest(other) for other in [array, *others]}) == 6


def test_text_files_are_replaced(tmp_path):
    storage.write_text(tmp_path / "t", "one")
    storage.write_text(tmp_path / "t", "two")
    assert names(tmp_path) == ["t"]
    assert (tmp_path / "t").read_text() == "two"
