"""The table of noise, made by the commands."""

import json

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import pairwise_distances, silhouette_score

from helpers.noise import SETTINGS, read_table, write_noise
from limbeck import cli
from limbeck.noise.maps import quadrants
from limbeck.noise.scores import clumping
from limbeck.runtime import storage
from limbeck.stages.score_noise import score_noise


def table_row(points, plane):
    upper = np.triu_indices(len(plane), 1)
    distances = [pairwise_distances(space)[upper] for space in (points, plane)]
    values = [
        stats.spearmanr(*distances).statistic,
        silhouette_score(points, quadrants(plane)),
        clumping(points, plane),
    ]
    return [pytest.approx(value, abs=6e-4) for value in values]


def test_commands_make_the_table(tmp_path):
    """The commands of a layer embed the noise; its map and study go from store to store."""
    lifted, graph, embedded = (str(tmp_path / f"{name}.zarr") for name in ("a", "n", "e"))
    for arguments in (
        ["lift_noise", "--study=s", "--map=network", f"--settings={json.dumps(SETTINGS)}"]
        + ["--seed=0", f"--activations={lifted}"],
        ["find_neighbours", f"--activations={lifted}", "--k=10", "--device=cpu"]
        + [f"--neighbours={graph}"],
        ["embed", f"--activations={lifted}", f"--neighbours={graph}", "--name=mine", "--seed=0"]
        + ["--device=cpu", '--settings={"algorithm": "pca"}', f"--embedding={embedded}"],
        ["score_noise", "--inputs", lifted, embedded, f"--table={tmp_path}/noise.csv"],
    ):
        assert cli.main(arguments) == 0
    source, store = storage.open_store(lifted), storage.open_store(embedded)
    plane = source["plane"][:]
    table = read_table(tmp_path / "noise.csv")
    assert list(table) == [("plane", ""), ("network", ""), ("network", "mine")]
    assert table["plane", ""] == table_row(plane, plane)
    assert table["plane", ""][0] == 1
    assert table["network", ""] == table_row(source["activations"][:], plane)
    assert table["network", "mine"] == table_row(store["points"][:], plane)
    assert {store.attrs[name] for name in ("study", "map", "embedding")} == {"s", "network", "mine"}


@pytest.mark.filterwarnings("ignore:An input array is constant")
def test_collapsed_embedding_has_empty_cells(tmp_path):
    table, lifted, embedding, *_ = write_noise(tmp_path, ["linear"], ["pca"])
    store = storage.open_store(embedding)
    arrays = {"points": np.zeros((60, 2)), "sample_ids": store["sample_ids"][:]}
    storage.write_store(tmp_path / "zero.zarr", arrays, dict(store.attrs))
    score_noise([lifted, tmp_path / "zero.zarr"], [table])
    row = storage.read_rows(table)[-1]
    assert (row["map"], row["embedding"]) == ("linear", "pca")
    assert row["distance_correlation"] == row["clumping"] == ""
    assert row["quadrant_silhouette"] == "0"
