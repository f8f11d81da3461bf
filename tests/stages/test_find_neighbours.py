"""The stage that finds neighbours: what its store holds."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from limbeck.runtime import storage
from limbeck.stages.find_neighbours import find_neighbours


def test_store_holds_graph_and_provenance(tmp_path, device):
    points = np.random.default_rng(3).normal(size=(30, 20)).astype(np.float32)
    ids = np.array([f"image-{index}" for index in range(30)])
    attributes = {"study": "s", "layer": "B", "extraction_seconds": 2.5}
    arrays = {"activations": points, "sample_ids": ids}
    storage.write_store(tmp_path / "B.zarr", arrays, attributes)
    find_neighbours(tmp_path / "B.zarr", 6, device, tmp_path / "out" / "B.zarr")
    store = storage.open_store(tmp_path / "out" / "B.zarr")
    model = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(points.astype(np.float64))
    distances, indices = model.kneighbors()
    assert set(store) == {"indices", "distances", "sample_ids"}
    np.testing.assert_array_equal(store["indices"][:], indices)
    np.testing.assert_allclose(store["distances"][:], distances, rtol=1e-6)
    assert list(store["sample_ids"][:]) == list(ids)
    assert attributes.items() <= dict(store.attrs).items()
    assert 0 < store.attrs["neighbour_seconds"] < 60
