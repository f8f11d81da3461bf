"""Reading stores: what is missing, damaged or not a number is refused by every reader."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from limbeck.neighbours.row_blocks import read_rows
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.runtime.store_checks import check_match, check_origin, fault_of

IDS = np.array([f"test-{row}" for row in range(50)])
ORIGIN = {"study": "demo", "method": "student", "budget": 50, "fold": 0, "layer": "C"}


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Return the path of a store of 50 rows in four shards, three quarters of them zeros."""
    monkeypatch.setattr(storage, "CHUNK_BYTES", 64)
    monkeypatch.setattr(storage, "SHARD_BYTES", 256)
    values = np.zeros((50, 4), np.float32)
    values[::4] = np.arange(13)[:, None]
    arrays = {"x": values, "empty": np.empty(0), "group/y": np.zeros(50, np.int64)}
    path = tmp_path / "s.zarr"
    storage.write_store(path, {**arrays, "sample_ids": IDS}, ORIGIN)
    return path


READERS = {
    "all": lambda array: array[:],
    "a slice": lambda array: array[14:20],
    "a row": lambda array: array[17],
    "blocks": lambda array: read_rows(array, slice(0, 50)),
    "NumPy": np.asarray,
}


def files_of(path, name):
    return sorted(file for file in (path / name / "c").rglob("*") if file.is_file())


def damage(file, how):
    content = file.read_bytes()
    if how == "gone":
        file.unlink()
    elif how == "a folder":
        file.unlink()
        file.mkdir()
    else:
        flipped = bytearray(content)
        # A shard ends with the places of its four chunks, 64 bytes, and their checksum.
        place = {"value flipped": 40, "index flipped": len(content) - 60}.get(how)
        if place is not None:
            flipped[place] ^= 1
        file.write_bytes(
            {"empty": b"", "cut": content[:-10], "zeros": bytes(len(content))}.get(how, flipped)
        )


DAMAGES = {
    **dict.fromkeys(("gone", "a folder", "empty"), "x/c/1/0 is missing or empty"),
    **dict.fromkeys(("value flipped", "index flipped", "cut", "zeros"), "damaged, its checksum"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("how", DAMAGES)
def test_no_reader_takes_what_is_damaged(store, how, reader):
    whole = READERS[reader](storage.open_store(store)["x"])
    damage(files_of(store, "x")[1], how)
    with pytest.raises(InputError) as caught:
        READERS[reader](storage.open_store(store)["x"])
    assert str(caught.value).startswith(f"{store}: array x: {DAMAGES[how]}")
    assert str(caught.value).endswith(f"rm -r {store}, then the command that wrote it")
    assert np.isfinite(whole).all()


@pytest.mark.parametrize("how", [how for how in DAMAGES if how != "index flipped"])
def test_damaged_text_is_refused(store, how):
    (file,) = files_of(store, "sample_ids")
    damage(file, how)
    with pytest.raises(InputError, match="array sample_ids: (sample_ids/c/0 is missing|damaged)"):
        storage.open_store(store)["sample_ids"][:]


def test_zeros_are_written_and_parts_that_are_whole_are_read(store):
    assert len(files_of(store, "x")) == 4
    assert len(files_of(store, "group/y")) == 2  # 32 numbers of 8 bytes a shard
    damage(files_of(store, "x")[1], "gone")
    read = storage.open_store(store)
    assert (read["x"][32:36] == [[8] * 4, *[[0] * 4] * 3]).all()
    assert read["empty"][:].shape == (0,)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_not_read(tmp_path, value, reader):
    import zarr

    values = np.zeros((50, 4), np.float32)
    values[17, 2] = value
    group = zarr.create_group(tmp_path / "s.zarr", zarr_format=3)
    group.create_array("x", data=values)
    with pytest.raises(InputError, match="array x: holds NaN or infinite values; make it again"):
        READERS[reader](storage.open_store(tmp_path / "s.zarr")["x"])


@pytest.mark.parametrize(("value", "dtype"), [(np.nan, "f4"), (np.inf, "f8"), (1e6, "f2")])
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_numbers_that_are_not_finite_are_not_written(tmp_path, value, dtype):
    path = tmp_path / "s.zarr"
    with pytest.raises(InputError) as caught, storage.new_store(path, {}) as group:
        writer = storage.RowWriter(group, "x", (3, 2), dtype)
        writer.append(np.full((3, 2), value))
        writer.close()
    assert str(caught.value).startswith(f"{path}: array x would hold NaN or infinite values")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"zarr_format":3,"node_type":"array"}', "ä{"])
def test_damaged_metadata_is_one_line(store, text):
    (store / "zarr.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        storage.open_store(store)
    assert str(caught.value).startswith(f"{store}: zarr.json is damaged; make it again: rm -r")
    assert fault_of(store) is not None


def test_what_a_store_lacks_is_named(store):
    read = storage.open_store(store)
    with pytest.raises(InputError, match="no array 'z' in it; allowed: empty, group/y, sample_ids"):
        read["z"]
    with pytest.raises(InputError, match="does not say its model_hash"):
        read.attrs["model_hash"]
    assert {**read.attrs}["layer"] == "C"


def test_a_store_below_results_says_how_snakemake_makes_it_again(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("results/a study/s.zarr")
    storage.write_store(path, {"x": np.ones(3)}, {})
    damage(files_of(path, "x")[0], "gone")
    with pytest.raises(InputError) as caught:
        storage.open_store(path)["x"][:]
    command = f"rm -r '{path}' && snakemake '{path}' (with the study's --configfile)"
    assert str(caught.value).endswith(command)


def test_snakemakes_own_file_makes_nobody_warn(store):
    import zarr

    (store / ".snakemake_timestamp").touch()
    names = ["empty", "group/y", "sample_ids", "x"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sorted(storage.open_store(store)) == names
        found = zarr.open_group(store, mode="r").members(max_depth=None)
        assert sorted(name for name, node in found if isinstance(node, zarr.Array)) == names


def test_a_store_is_whole_or_says_what_it_lacks(store):
    assert fault_of(store) is None
    for file, fault in ((files_of(store, "x")[2], "x/c/2/0"), (store / "zarr.json", "zarr.json")):
        content = file.read_bytes()
        file.write_bytes(b"")
        assert fault_of(store) == f"{fault} is {'damaged' if 'json' in fault else 'empty'}"
        file.unlink()
        assert fault_of(store) == f"{fault} is missing"
        file.write_bytes(content)
    for how in ("cut", "zeros"):
        content = files_of(store, "x")[1].read_bytes()
        damage(files_of(store, "x")[1], how)
        assert fault_of(store) == "x/c/1/0 is cut or damaged at its end"
        files_of(store, "x")[1].write_bytes(content)


def test_an_array_that_is_gone_with_its_metadata_is_missed(store):
    import shutil

    shutil.rmtree(store / "x")
    assert fault_of(store) == "x/c/0/0 is missing"


@pytest.mark.parametrize("of_none", [{}, {"consolidated_metadata": None}], ids=["", "null"])
def test_stores_of_other_programs_have_no_list_of_arrays(of_none, tmp_path):
    import zarr

    group = zarr.create_group(tmp_path / "s.zarr", zarr_format=3)
    group.create_array("a/x", data=np.arange(1, 4))
    root = {"node_type": "group", "zarr_format": 3, "attributes": {}, **of_none}
    (tmp_path / "s.zarr/zarr.json").write_text(json.dumps(root))
    assert storage.open_store(tmp_path / "s.zarr")["a/x"][:].tolist() == [1, 2, 3]
    (tmp_path / "s.zarr/a/x/c/0").unlink()
    assert fault_of(tmp_path / "s.zarr") == "a/x/c/0 is missing"


def test_stores_that_belong_together_match(store, tmp_path):
    storage.write_store(tmp_path / "other.zarr", {"sample_ids": IDS}, {**ORIGIN, "seconds": 2})
    check_match(*map(storage.open_store, (store, tmp_path / "other.zarr", store)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"layer": "E"}, "layer = E, but layer = C in"),
        ({"fold": 1}, "fold = 1, but fold = 0 in"),
        ({"study": "other"}, "study = other, but study = demo in"),
        ({"model_hash": "0badcafe"}, "model_hash = 0badcafe, but model_hash = None in"),
        ({}, "other samples, or in another order, than in"),
    ],
)
def test_stores_that_do_not_belong_together_are_refused(store, tmp_path, changes, reason):
    other = tmp_path / "other.zarr"
    ids = IDS if changes else IDS[::-1]
    storage.write_store(other, {"sample_ids": ids}, {**ORIGIN, **changes})
    stores = [storage.open_store(path) for path in (store, other)]
    with pytest.raises(InputError) as caught:
        check_match(*stores)
    assert str(caught.value).startswith(f"{other}: {reason} {store}")
    if changes:
        check_match(*stores, but=changes)
    else:
        check_origin(*stores)
