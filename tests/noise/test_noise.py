"""Lifted noise: the maps, its metrics by hand and against SciPy, its table and its figure."""

import json
import math

import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy import stats
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import cKDTree
from sklearn.metrics import pairwise_distances, silhouette_score
from sklearn.preprocessing import PolynomialFeatures

from helpers.stored import write_noise
from limbeck import cli
from limbeck.figures import noise as figure_of_noise
from limbeck.figures.shared import style
from limbeck.noise.maps import MAPS, draw_plane, quadrants
from limbeck.noise.scores import clumping, distance_correlation, unevenness
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.stages.lift_noise import lift_noise
from limbeck.stages.score_noise import score_noise
from limbeck.study.settings import NoiseSettings, schema

SETTINGS = {"points": 60, "dimensions": 8, "degree": 3, "frequency": 2}


def lift(name, plane, seed=0, **changes):
    settings = NoiseSettings(**SETTINGS | changes)
    return MAPS[name](np.asarray(plane, float), settings, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def plane():
    return draw_plane(500, np.random.default_rng(3))


# --- The plane and its maps -------------------------------------------------------------------


def test_registry_has_the_names_of_the_schema():
    assert list(MAPS) == schema()["properties"]["run"]["properties"]["maps"]["items"]["enum"]


def test_quadrants_by_hand():
    corners = [[1, 1], [-1, 1], [-1, -1], [1, -1], [0, 0]]
    assert quadrants(np.array(corners)).tolist() == [0, 1, 2, 3, 0]


def test_plane_is_uniform_over_the_square(plane):
    assert plane.shape == (500, 2)
    for axis in plane.T:
        assert stats.kstest(axis, stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert stats.chisquare(np.bincount(quadrants(plane))).pvalue > 0.01


@pytest.mark.parametrize("name", MAPS)
def test_maps_act_on_each_point_alone(name, plane):
    lifted = lift(name, plane, dimensions=6)
    assert lifted.shape == (500, 6)
    np.testing.assert_allclose(lift(name, plane[::-1], dimensions=6), lifted[::-1])
    assert not np.allclose(lift(name, plane, seed=1, dimensions=6), lifted)


def residual(design, lifted):
    fitted = design @ np.linalg.lstsq(design, lifted, rcond=None)[0]
    return np.abs(lifted - fitted).max()


def test_only_the_linear_map_is_linear(plane):
    assert residual(plane, lift("linear", plane)) < 1e-12
    affine = np.column_stack([plane, np.ones(len(plane))])
    assert all(residual(affine, lift(name, plane)) > 0.1 for name in set(MAPS) - {"linear"})


@pytest.mark.parametrize("degree", [2, 4])
def test_polynomials_have_the_degree(plane, degree):
    lifted = lift("polynomial", plane, degree=degree)
    assert residual(PolynomialFeatures(degree, include_bias=False).fit_transform(plane), lifted) < (
        1e-12
    )
    assert residual(PolynomialFeatures(degree - 1).fit_transform(plane), lifted) > 0.01


@pytest.mark.parametrize("frequency", [0.5, 2])
def test_fourier_features_have_the_gaussian_kernel(frequency):
    """Rahimi & Recht (2007): 2 E[y(a) y(b)] = exp(-frequency^2 |a - b|^2 / 2)."""
    points = np.array([[0, 0], [0.3, 0.4], [1, 0], [-0.6, 0.8]])
    lifted = lift("fourier", points, dimensions=100_000, frequency=frequency)
    kernel = np.exp(-((frequency * pairwise_distances(points)) ** 2) / 2)
    np.testing.assert_allclose(2 * lifted @ lifted.T / 100_000, kernel, atol=0.015)


def test_network_bends_once_for_each_hidden_unit():
    line = np.linspace([-50, -30], [50, 40], 20_001)
    bends = np.abs(np.diff(lift("network", line), n=2, axis=0)).max(axis=1) > 1e-9
    # A bend inside a step shows in the two differences around it.
    assert 2 <= bends.sum() <= 2 * SETTINGS["dimensions"]


def test_every_map_lifts_the_same_points(tmp_path):
    settings = NoiseSettings(**SETTINGS)
    stores = []
    for number, (name, seed) in enumerate([("linear", 0), ("fourier", 0), ("linear", 1)]):
        lift_noise("study", name, settings, seed, tmp_path / f"{number}.zarr")
        stores.append(storage.open_store(tmp_path / f"{number}.zarr"))
    linear, fourier, other = stores
    np.testing.assert_array_equal(linear["plane"][:], fourier["plane"][:])
    assert not np.array_equal(linear["plane"][:], other["plane"][:])
    assert linear["activations"].shape == (60, 8)
    assert linear["activations"].dtype == np.float32
    assert residual(linear["plane"][:], linear["activations"][:]) < 1e-5
    np.testing.assert_array_equal(linear["quadrants"][:], quadrants(linear["plane"][:]))
    assert len(set(linear["sample_ids"][:])) == 60
    assert dict(fourier.attrs).items() >= {"study": "study", "map": "fourier"}.items()


def test_unknown_map_is_one_line(tmp_path):
    with pytest.raises(InputError, match="--map linaer: did you mean 'linear'"):
        lift_noise("study", "linaer", NoiseSettings(**SETTINGS), 0, tmp_path / "a.zarr")


# --- Metrics ----------------------------------------------------------------------------------


def test_distance_correlation_by_hand():
    plane = np.array([[0.0, 0], [1, 0], [0, 3]])  # distances 1, 3, sqrt(10): ranks 1, 2, 3
    line = np.array([[0.0], [5], [1]])  # distances 5, 1, 4: ranks 3, 1, 2
    # 1 - 6 (4 + 1 + 1) / (3 (9 - 1)) = -1/2, Spearman's formula without ties.
    assert distance_correlation(line, plane) == pytest.approx(-0.5)
    assert distance_correlation(7 * plane[:, ::-1] + 2, plane) == pytest.approx(1)


def test_distance_correlation_against_ranks(plane):
    points = lift("polynomial", plane[:80])
    upper = np.triu_indices(80, 1)
    ranks = [stats.rankdata(pairwise_distances(space)[upper]) for space in (points, plane[:80])]
    assert distance_correlation(points, plane[:80]) == pytest.approx(np.corrcoef(ranks)[0, 1])


def test_unevenness_by_hand():
    """Nearest and second nearest of points on a line."""
    line = np.array([[0.0], [1], [3], [7]])
    ratios = np.array([1 / 3, 1 / 2, 2 / 3, 4 / 6])
    np.testing.assert_allclose(unevenness(line, np.array([1])), [np.log(ratios).std()], rtol=1e-6)


def test_unevenness_against_scipy(plane):
    distances = cKDTree(plane).query(plane, 33)[0]
    expected = [np.log(distances[:, k] / distances[:, 2 * k]).std() for k in (2, 5, 16)]
    np.testing.assert_allclose(unevenness(plane, np.array([2, 5, 16])), expected, rtol=1e-5)


def test_unevenness_of_a_poisson_process():
    uniform = np.random.default_rng(0).uniform(size=(3000, 2))
    beta = [stats.beta(k, k).expect(lambda x: np.log(x) ** 2) for k in (1, 5, 15)]
    mean = [stats.beta(k, k).expect(np.log) for k in (1, 5, 15)]
    expected = np.sqrt(np.array(beta) - np.square(mean)) / 2
    np.testing.assert_allclose(unevenness(uniform, np.array([1, 5, 15])), expected, rtol=0.15)


def test_clumping_is_the_largest_of_all_scales(plane):
    points = lift("fourier", plane)
    scales = [4, 8, 16, 32]  # up to 500 / 8
    ratios = unevenness(points, np.array(scales)) / unevenness(plane, np.array(scales))
    assert clumping(points, plane) == pytest.approx(max(ratios))
    assert clumping(5 * plane - 3, plane) == pytest.approx(1)


@pytest.mark.parametrize("size", [10, 40, 150])
def test_clumps_of_every_size_are_found(size):
    generator = np.random.default_rng(size)
    uniform = generator.uniform(size=(3000, 2))
    centres = generator.uniform(size=(3000 // size, 2))
    clumps = centres[generator.integers(len(centres), size=3000)]
    clumps = clumps + generator.normal(scale=0.2 / math.sqrt(len(centres)), size=(3000, 2))
    assert clumping(clumps, uniform) > 1.4


def test_slopes_and_lattices_have_no_clumps():
    generator = np.random.default_rng(0)
    uniform = generator.uniform(size=(3000, 2))
    # Three times as dense on the left as on the right, which the distances themselves do show.
    slope = np.column_stack([(0.5 + uniform[:, 0]) ** 2, uniform[:, 1]])
    assert 0.9 < clumping(slope, uniform) < 1.3
    reach = [np.log(cKDTree(points).query(points, 129)[0][:, -1]) for points in (slope, uniform)]
    assert reach[0].std() / reach[1].std() > 1.3
    lattice = np.stack(np.meshgrid(np.arange(50.0), np.arange(60)), axis=-1).reshape(-1, 2)
    assert clumping(lattice + generator.uniform(-0.1, 0.1, lattice.shape), uniform) < 1


def test_clumping_of_coinciding_points_is_infinite(plane):
    assert clumping(np.repeat(plane[:50], 10, axis=0), plane) == math.inf


# --- The table --------------------------------------------------------------------------------


def table_row(points, plane):
    upper = np.triu_indices(len(plane), 1)
    distances = [pairwise_distances(space)[upper] for space in (points, plane)]
    values = [
        stats.spearmanr(*distances).statistic,
        silhouette_score(points, quadrants(plane)),
        clumping(points, plane),
    ]
    return [pytest.approx(value, abs=6e-4) for value in values]


def read_table(path):
    return {
        (row.pop("map"), row.pop("embedding")): [float(value or "nan") for value in row.values()]
        for row in storage.read_rows(path)
    }


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
    assert row["quadrant_silhouette"] == "0.000"


# --- The figure -------------------------------------------------------------------------------


def panels(figure):
    """Return the panels by title, and the rest of the figure's text."""
    shown = {axis.get_title(): axis for axis in figure.axes if axis.axison}
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    return shown, texts + [figure.get_supxlabel()]


@pytest.fixture
def styled():
    with style.applied():
        yield


def test_figure_shows_points_and_numbers(styled, tmp_path):
    inputs = write_noise(tmp_path, ["linear", "fourier", "network"], ["tsne", "my_ivis"])
    figure = figure_of_noise.draw(None, inputs, {"width": 183})
    shown, texts = panels(figure)
    assert list(shown) == [
        "plane",
        *("linear, t-SNE", "linear, my_ivis", "fourier, t-SNE", "fourier, my_ivis"),
        *("network, t-SNE", "network, my_ivis"),
    ]
    places = [axis.get_subplotspec().rowspan.start for axis in shown.values()]
    assert places == [0, 0, 0, 0, 0, 1, 1]
    assert any("clumping" in text for text in texts)
    table = read_table(inputs[0])
    plane = storage.open_store(inputs[1])["plane"][:]
    labels = quadrants(plane)
    keys = [("plane", ""), *[key for key in table if key[1]]]
    for key, axis in zip(keys, shown.values(), strict=True):
        rho, silhouette, clumps = table[key]
        assert axis.get_xlabel() == f"ρ {rho:.2f}  s {silhouette:.2f}  c {clumps:.2f}"
        drawn = [collection.get_offsets() for collection in axis.collections]
        assert [len(points) for points in drawn] == np.bincount(labels).tolist()
        colours = [to_hex(drawn.get_facecolor()[0]).upper() for drawn in axis.collections]
        assert len(set(colours)) == 4
        assert set(colours) <= set(style.PALETTE)
        for points in drawn:
            assert (points > [axis.get_xlim()[0], axis.get_ylim()[0]]).all()
            assert (points < [axis.get_xlim()[1], axis.get_ylim()[1]]).all()
        assert np.ptp(axis.get_xlim()) == pytest.approx(np.ptp(axis.get_ylim()))
    first = shown["plane"].collections
    np.testing.assert_allclose(first[2].get_offsets(), plane[labels == 2])


@pytest.mark.parametrize("width", [89, 183])
def test_one_map_is_one_row(styled, tmp_path, width):
    inputs = write_noise(tmp_path, ["linear"], ["pca"])
    figure = figure_of_noise.draw(None, inputs, {"width": width})
    shown, texts = panels(figure)
    assert list(shown) == ["plane", "linear, PCA"]
    assert {axis.get_subplotspec().rowspan.stop for axis in figure.axes} == {1}
    assert any("clumping" in text for text in texts)


def test_narrow_figures_have_a_map_a_row(styled, tmp_path):
    inputs = write_noise(tmp_path, ["linear", "network"], ["pca", "tsne"])
    shown, _ = panels(figure_of_noise.draw(None, inputs, {"width": 89}))
    rows = [axis.get_subplotspec().rowspan.start for axis in shown.values()]
    assert rows == [0, 0, 0, 1, 1]


def test_numbers_that_are_missing_are_left_out(styled, tmp_path):
    inputs = write_noise(tmp_path, ["linear"], ["pca"])
    rows = storage.read_rows(inputs[0])
    rows[-1] |= {"distance_correlation": "", "clumping": ""}
    storage.write_rows(inputs[0], list(rows[0]), [list(row.values()) for row in rows])
    shown, _ = panels(figure_of_noise.draw(None, inputs, {"width": 183}))
    silhouette = float(rows[-1]["quadrant_silhouette"])
    assert shown["linear, PCA"].get_xlabel() == f"s {silhouette:.2f}"


def test_embeddings_are_turned_to_the_plane(plane):
    angle = 2.0
    turn = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    picture = 5 * plane @ turn * [1, -1] + [30, -4]
    expected = 5 * (plane - plane.mean(axis=0))
    np.testing.assert_allclose(figure_of_noise.turn_to(picture, plane), expected, atol=1e-9)
    bent = picture + np.sin(picture)
    turned = figure_of_noise.turn_to(bent, plane)
    centred = bent - bent.mean(axis=0)
    best = orthogonal_procrustes(centred, plane - plane.mean(axis=0))[0]
    np.testing.assert_allclose(turned, centred @ best, atol=1e-9)
    np.testing.assert_allclose(pairwise_distances(turned), pairwise_distances(bent), atol=1e-9)
