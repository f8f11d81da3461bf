"""Metrics: worked out by hand, against SciPy and scikit-learn, and as rows of a table."""

import statistics

import numpy as np
import pytest
from hard_points import HARD, squares_by_definition
from scipy.stats import chi2, gaussian_kde, pearsonr
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from limbeck.metrics.classification import class_correlation, superclass_correlation, top_k_accuracy
from limbeck.metrics.density import (
    class_area_ratios,
    estimate_density,
    region_area,
    region_threshold,
)
from limbeck.metrics.gram import centred_gram
from limbeck.metrics.neighbourhoods import (
    knn_accuracy,
    neighbour_ranks,
    silhouette,
    trustworthiness,
)
from limbeck.metrics.representation import intrinsic_dimension, probe_accuracy, variance_ratio
from limbeck.metrics.scoring import score_embedding, score_layer, score_predictions
from limbeck.neighbours import distances, row_blocks
from limbeck.neighbours.distances import squared_distances
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.study.settings import MetricSettings


@pytest.fixture
def seven_rows(monkeypatch):
    """Make blocks of seven rows, for 60 points of five dimensions."""
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 4 * 5 * 7)
    monkeypatch.setattr(distances, "BLOCK_BYTES", 8 * 60 * 7)


@pytest.fixture(scope="module")
def clusters():
    """Return 60 points in five dimensions, a noisy picture of them in two, and three classes."""
    generator = np.random.default_rng(8)
    labels = np.repeat([0, 1, 2], [30, 20, 10])
    points = generator.normal(scale=1.5, size=(3, 5))[labels] + generator.normal(size=(60, 5))
    picture = points[:, :2] + generator.normal(scale=0.5, size=(60, 2))
    return points, picture, labels


def nearest(points, k):
    return NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)


def distances_to_nearest(points, k):
    return NearestNeighbors(n_neighbors=k).fit(points).kneighbors()[0]


# --- Predictions ------------------------------------------------------------------------------

LOGITS = np.array([[3.0, 1, 2, 0], [0, 5, 5, 5], [1, 2, 3, 4], [7, 7, 7, 7]], np.float32)


@pytest.mark.parametrize(
    ("labels", "k", "accuracy"),
    [
        ([0, 1, 3, 0], 1, 1),  # among equals the lowest class is predicted
        ([2, 2, 2, 2], 1, 0),
        ([2, 2, 2, 2], 2, 0.75),  # ranks 2, 2, 2, 3
        ([2, 2, 2, 2], 3, 1),
        ([3, 3, 0, 3], 3, 0.25),  # ranks 4, 3, 4, 4
        ([3, 3, 0, 3], 4, 1),
    ],
)
def test_top_k_accuracy_by_hand(labels, k, accuracy):
    assert top_k_accuracy(LOGITS, np.array(labels), k) == accuracy


def test_class_correlation_is_pearsons(clusters):
    logits = clusters[0].astype(np.float32)
    correlation = class_correlation(logits)
    expected = [[pearsonr(first, second)[0] for first in logits.T] for second in logits.T]
    np.testing.assert_allclose(correlation, expected, atol=1e-6)


# Over five images: 0 and 1 rise together, 2 falls as they rise, 3 is unrelated to all of them.
# Correlations: (0, 1) 1, (0, 2) and (1, 2) -1, (., 3) 0.
BY_HAND = np.array([[-2, -4, 2, 1], [-1, -2, 1, -2], [0, 0, 0, 2], [1, 2, -1, -2], [2, 4, -2, 1]])


@pytest.mark.parametrize(
    ("superclasses", "means"),
    [
        ([0, 0, 1, 1], [1, 0]),
        ([1, 0, 1, 0], [0, -1]),
        ([0, 0, 0, 0], [(1 - 1 + 0 - 1 + 0 + 0) / 6]),
        ([0, 0, 0, 1], [-1 / 3, np.nan]),
        ([1, 2, 0, 1], [np.nan, 0, np.nan]),
    ],
)
def test_superclass_correlation_by_hand(superclasses, means):
    values = superclass_correlation(BY_HAND.astype(float), np.array(superclasses))
    np.testing.assert_allclose(values, means, atol=1e-12)


# --- Neighbourhoods ---------------------------------------------------------------------------


def test_knn_accuracy_by_hand():
    labels = np.array([0, 0, 1, 1, 2])
    graph = np.array([
        [1, 2, 3],  # 0, 1, 1: 1, wrong
        [0, 2, 4],  # 0, 1, 2: a draw, the lowest is right
        [3, 0, 4],  # 1, 0, 2: a draw, the lowest is wrong
        [2, 4, 2],  # 1, 2, 1: right
        [0, 1, 3],  # 0, 0, 1: wrong
    ])  # fmt: skip
    assert knn_accuracy(graph, labels) == 2 / 5


@pytest.mark.parametrize("k", [1, 4, 7])
def test_knn_accuracy_is_leave_one_out(clusters, k):
    points, _, labels = clusters
    right = 0
    for index in range(len(points)):
        others = np.arange(len(points)) != index
        model = KNeighborsClassifier(k).fit(points[others], labels[others])
        right += model.predict(points[[index]])[0] == labels[index]
    assert knn_accuracy(nearest(points, k), labels) == right / len(points)
    assert right < len(points)  # the classes overlap


# Points on a line here, and in another order there. Two nearest neighbours of each point there,
# with the rank here where it is above 2: 0: 4 (4), 1; 1: 4 (4), 0; 2: 3 (3), 1; 3: 1, 4 (4);
# 4: 0 (4), 1 (3); 5: 2 (3), 3. Ranks beyond 2: 2 + 2 + 1 + 2 + 2 + 1 + 1 = 11.
# The other way round: 0: 1, 2 (4); 1: 0, 2 (4); 2: 1, 0 (4); 3: 2 (4), 1; 4: 3 (3), 2 (4);
# 5: 4 (4), 3: 2 + 2 + 2 + 2 + 1 + 2 + 2 = 13. The factor is 2 / (6 * 2 * (2 * 6 - 3 * 2 - 1)).
HERE = np.array([[0.0], [1], [3], [7], [15], [31]])
THERE = HERE[[0, 2, 4, 3, 1, 5]]


def test_trustworthiness_and_continuity_by_hand():
    assert trustworthiness(HERE, nearest(THERE, 2)) == pytest.approx(1 - 11 / 30)
    assert trustworthiness(THERE, nearest(HERE, 2)) == pytest.approx(1 - 13 / 30)
    assert trustworthiness(HERE, nearest(HERE, 2)) == 1


@pytest.mark.parametrize("k", [1, 5, 29])
def test_trustworthiness_equals_scikit_learn(seven_rows, clusters, k):
    points, picture, _ = clusters
    expected = sklearn_trustworthiness(points, picture, n_neighbors=k)
    assert trustworthiness(points, nearest(picture, k)) == pytest.approx(expected, rel=1e-12)
    continuity = sklearn_trustworthiness(picture, points, n_neighbors=k)
    assert trustworthiness(picture, nearest(points, k)) == pytest.approx(continuity, rel=1e-12)
    assert abs(expected - continuity) > 1e-3


@pytest.mark.parametrize("kind", HARD)
def test_ranks_are_those_of_the_definition(monkeypatch, kind):
    points = HARD[kind]()
    monkeypatch.setattr(row_blocks, "POINT_BYTES", 4 * points.shape[1] * 47)
    monkeypatch.setattr("limbeck.neighbours.bounds.STRIPE", 20)
    squares = squares_by_definition(points)
    generator = np.random.default_rng(1)
    others = [generator.permutation(np.delete(np.arange(len(points)), row))[:8]
              for row in range(len(points))]  # fmt: skip
    reach = np.take_along_axis(squares, np.array(others), axis=1)
    expected = 1 + (squares[:, None, :] < reach[:, :, None]).sum(axis=2)
    np.testing.assert_array_equal(neighbour_ranks(points, np.array(others)), expected)


def test_trustworthiness_needs_twice_as_many_points():
    message = "^metrics.neighbours = 3: allowed: below half of the 6 images$"
    with pytest.raises(InputError, match=message):
        trustworthiness(HERE, nearest(THERE, 3))


def test_silhouette_by_hand():
    points = np.array([[0.0], [2], [10], [20]])
    # 0: (14 - 2) / 15 with 15 = mean(10, 20); 2: 13 - 2; 10: 9 - 10; 20: 19 - 10.
    expected = [(15 - 2) / 15, (13 - 2) / 13, (9 - 10) / 10, (19 - 10) / 19]
    assert silhouette(squared_distances(points), np.array([5, 5, 3, 3])) == pytest.approx(
        np.mean(expected)
    )


@pytest.mark.parametrize("alone", [None, 4])
def test_silhouette_equals_scikit_learn(seven_rows, clusters, alone):
    points, _, labels = clusters
    labels = labels * 2  # numbers of classes need not be consecutive
    if alone is not None:
        labels[alone] = 9
    assert silhouette(squared_distances(points), labels) == pytest.approx(
        silhouette_score(points, labels), rel=1e-9
    )


def test_silhouette_of_identical_points_is_zero():
    assert silhouette(squared_distances(np.ones((6, 2))), np.array([0, 0, 0, 1, 1, 1])) == 0


# --- Areas of classes -------------------------------------------------------------------------

SHEAR = np.array([[2.0, 0.0], [1.5, 0.4]])


@pytest.fixture(scope="module")
def gaussian():
    """Return 20,000 points of a correlated normal distribution."""
    return np.random.default_rng(2).normal(size=(20_000, 2)) @ SHEAR.T + [5, -3]


@pytest.fixture(scope="module")
def blobs():
    """Return 80 points around two far centres, in units of hundreds."""
    generator = np.random.default_rng(1)
    return generator.normal(size=(80, 2)) * [30, 90] + np.array([[0, 0], [500, 300]]).repeat(40, 0)


def area_by_scipy(points, mass, size=300):
    """Return the area of the smallest region that holds `mass`, on a rectangular grid."""
    kernel = gaussian_kde(points.T)
    reach = 5 * np.sqrt(np.diag(kernel.covariance))
    low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
    step = (high - low) / size
    axes = low[:, None] + (np.arange(size) + 0.5) * step[:, None]
    values = np.sort(kernel(np.stack(np.meshgrid(*axes)).reshape(2, -1)))[::-1]
    cell = step.prod()
    return (np.cumsum(values) * cell < mass).sum() * cell


def test_density_equals_scipy(blobs):
    density = estimate_density(blobs)
    chosen = np.random.default_rng(0).choice(density.values.size, 2000, replace=False)
    places = np.stack([density.x.ravel(), density.y.ravel()])[:, chosen]
    expected = gaussian_kde(blobs.T, bw_method="scott")(places)
    np.testing.assert_allclose(
        density.values.ravel()[chosen], expected, rtol=1e-9, atol=1e-12 * expected.max()
    )


def test_density_integrates_to_one(blobs, gaussian):
    for points in (blobs, gaussian):
        density = estimate_density(points)
        assert density.values.sum() * density.cell_area == pytest.approx(1, abs=0.01)


def test_cells_are_as_large_as_the_distances_of_their_centres_say(blobs):
    density = estimate_density(blobs)
    one = density.x[1, 0] - density.x[0, 0], density.y[1, 0] - density.y[0, 0]
    other = density.x[0, 1] - density.x[0, 0], density.y[0, 1] - density.y[0, 0]
    assert density.cell_area == pytest.approx(abs(one[0] * other[1] - one[1] * other[0]))


@pytest.mark.parametrize("mass", [0.5, 0.95])
def test_area_of_a_normal_distribution_is_an_ellipse(gaussian, mass):
    bandwidth = len(gaussian) ** (-1 / 6)
    covariance = np.cov(gaussian.T) * (1 + bandwidth**2)
    ellipse = np.pi * chi2.ppf(mass, 2) * np.sqrt(np.linalg.det(covariance))
    assert region_area(gaussian, mass) == pytest.approx(ellipse, rel=0.03)


@pytest.mark.parametrize("mass", [0.5, 0.95])
def test_region_holds_the_mass(blobs, mass):
    threshold = region_threshold(estimate_density(blobs), mass)
    kernel = gaussian_kde(blobs.T)
    sample = kernel.resample(20_000, seed=6)
    assert (kernel(sample) >= threshold).mean() == pytest.approx(mass, abs=0.01)


@pytest.mark.parametrize("mass", [0.5, 0.95])
def test_area_equals_scipys(blobs, mass):
    assert region_area(blobs, mass) == pytest.approx(area_by_scipy(blobs, mass), rel=0.01)


def test_area_scales_with_the_square_and_ignores_rotation(blobs):
    area = region_area(blobs, 0.95)
    assert region_area(blobs * 7, 0.95) == pytest.approx(49 * area, rel=1e-6)
    assert region_area(blobs * 1e-6, 0.95) == pytest.approx(1e-12 * area, rel=1e-6)
    assert region_area(blobs + 1e4, 0.95) == pytest.approx(area, rel=1e-3)
    cosine, sine = np.cos(0.7), np.sin(0.7)
    turned = blobs @ np.array([[cosine, -sine], [sine, cosine]])
    assert region_area(turned, 0.95) == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize("direction", [(1, 0), (0, 1), (1, 2), (1, -1 / 3), (0, 0)])
def test_points_on_a_line_have_no_area(direction):
    points = np.arange(20.0)[:, None] * direction + [3, 0.1]
    assert estimate_density(points) is None
    assert region_area(points, 0.95) == 0


def test_two_points_have_no_density():
    with pytest.raises(
        InputError, match="^a class has 2 images in the embedding; its area needs 3"
    ):
        region_area(np.array([[0.0, 1], [2, 0]]), 0.95)


def test_class_area_ratios_by_hand(blobs):
    labels = np.repeat([7, 2], 40)
    # The second class is the first one, shrunk to a third: a ninth of its area.
    points = np.concatenate([blobs[:40], blobs[:40] / 3 + [500, 300]])
    ratios = class_area_ratios(points, labels, 0.95)
    expected = area_by_scipy(blobs[:40], 0.95) / area_by_scipy(points, 0.95)
    np.testing.assert_allclose(ratios, [expected / 9, expected], rtol=0.02)


def test_class_on_a_line_has_ratio_zero_and_nothing_has_a_ratio_on_a_line(blobs):
    line = np.arange(40.0)[:, None] * [1, 0]
    labels = np.repeat([0, 1], 40)
    points = np.concatenate([line, blobs[:40]])
    ratios = class_area_ratios(points, labels, 0.9)
    assert ratios[0] == 0
    assert ratios[1] > 0
    assert np.isnan(class_area_ratios(np.repeat(line, 2, axis=0), labels, 0.9)).all()


# --- Rows of the table ------------------------------------------------------------------------

RUN = {"study": "s", "method": "distilled", "budget": 200, "fold": 1}
SETTINGS = MetricSettings(neighbours=5, area_mass=0.9, probe_penalty=0.2, probe_folds=4)


def write_dataset(path, labels, superclasses=()):
    """Write the test part of a dataset; its images are called test-0, test-1 and so on."""
    names = list(dict.fromkeys(superclasses))
    attributes = {
        "class_names": [f"class {index}" for index in range(max(labels) + 1)],
        "superclass_names": names,
        "superclass_of_class": [names.index(name) for name in superclasses],
    }
    ids = np.array([f"test-{index}" for index in range(len(labels))])
    storage.write_store(path, {"test/labels": labels, "test/sample_ids": ids}, attributes)
    return path


def read(path, **identity):
    """Return metrics by name, after checking that every row says what it is of."""
    rows = storage.read_rows(path)
    expected = {column: "" for column in storage.METRIC_COLUMNS[:-2]}
    expected |= {column: str(value) for column, value in {**RUN, **identity}.items()}
    for row in rows:
        assert list(row) == list(storage.METRIC_COLUMNS)
        assert expected.items() <= row.items()
    metrics = {row["metric"]: float(row["value"]) for row in rows}
    assert len(metrics) == len(rows)
    return metrics


@pytest.fixture
def score(tmp_path):
    """Return a function that scores predictions and returns the metrics."""

    def run(logits, labels, superclasses=()):
        dataset = write_dataset(tmp_path / "dataset.zarr", labels, superclasses)
        store = {"logits": logits, "labels": labels}
        storage.write_store(tmp_path / "predictions.zarr", store, RUN)
        (tmp_path / "history.csv").write_text("epoch,seconds\n1,1.5\n2,2.25\n3,0.5\n")
        score_predictions(
            dataset,
            tmp_path / "predictions.zarr",
            tmp_path / "history.csv",
            tmp_path / "metrics.csv",
        )
        return read(tmp_path / "metrics.csv")

    return run


def test_rows_of_predictions(score):
    metrics = score(BY_HAND.astype(np.float32), np.array([2, 2, 2, 1, 1]), ["b", "b", "b", "a"])
    # Largest: 2, 2, 3, 1, 1.
    assert metrics == {
        "accuracy": 0.8,
        "superclass_correlation": pytest.approx(-1 / 3),  # a is one class
        "superclass_correlation:b": pytest.approx(-1 / 3),
        "training_seconds": 4.25,
    }


def test_rows_of_predictions_of_many_classes_without_superclasses(score):
    logits = np.tile(np.arange(6.0), (4, 1))
    metrics = score(logits, np.array([5, 1, 1, 0]))
    assert metrics == {"accuracy": 0.25, "top_5_accuracy": 0.75, "training_seconds": 4.25}


def test_five_classes_have_no_top_5_accuracy(score):
    metrics = score(np.tile(np.arange(5.0), (5, 1)), np.arange(5))
    assert set(metrics) == {"accuracy", "training_seconds"}


@pytest.fixture
def layer(tmp_path, clusters):
    """Write a dataset of 70 images, in another order than the 60 of the layer; return paths."""
    points, _, labels = clusters
    order = np.random.default_rng(4).permutation(70)[:60]  # the layer's rows in the dataset
    all_labels = np.zeros(70, np.int64)
    all_labels[order] = labels
    dataset = write_dataset(tmp_path / "dataset.zarr", all_labels)
    ids = np.array([f"test-{index}" for index in order])
    attributes = {**RUN, "layer": "C"}
    storage.write_store(
        tmp_path / "activations.zarr",
        {"activations": points.astype(np.float32), "sample_ids": ids},
        {**attributes, "extraction_seconds": 1.25},
    )
    storage.write_store(
        tmp_path / "neighbours.zarr",
        {
            "indices": nearest(points, 12),  # more than the settings ask for
            "distances": distances_to_nearest(points, 12),
            "sample_ids": ids,
        },
        {**attributes, "neighbour_seconds": 0.75},
    )
    return dataset, tmp_path / "activations.zarr", tmp_path / "neighbours.zarr"


def leave_one_out(points, labels, k):
    votes = [np.bincount(labels[row], minlength=3).argmax() for row in nearest(points, k)]
    return np.mean(votes == labels)


def test_rows_of_a_layer(layer, clusters, tmp_path):
    points, _, labels = clusters
    score_layer(*layer, SETTINGS, tmp_path / "metrics.csv")
    assert read(tmp_path / "metrics.csv", layer="C") == {
        "knn_accuracy": pytest.approx(leave_one_out(points, labels, 5)),
        "silhouette": pytest.approx(silhouette_score(points, labels), rel=1e-5),
        "probe_accuracy": probe_accuracy(centred_gram(points), labels, 0.2, 4),
        "intrinsic_dimension": intrinsic_dimension(distances_to_nearest(points, 2)),
        "variance_ratio": pytest.approx(variance_ratio(points, labels), rel=1e-5),
        "extraction_seconds": 1.25,
        "neighbour_seconds": 0.75,
    }


@pytest.mark.parametrize("own", ["ivis_loss", "kl_divergence", "explained_variance"])
def test_rows_of_an_embedding(layer, clusters, tmp_path, own):
    points, picture, labels = clusters
    attributes = {**RUN, "layer": "C", "embedding": "mine", "embedding_seconds": 3.5, own: 0.125}
    ids = storage.open_store(layer[1])["sample_ids"][:]
    store = {"points": picture.astype(np.float32), "sample_ids": ids}
    storage.write_store(tmp_path / "embedding.zarr", store, {**attributes, "settings": {"k": 3}})
    score_embedding(*layer, tmp_path / "embedding.zarr", SETTINGS, tmp_path / "metrics.csv")
    areas = [area_by_scipy(picture[labels == label], 0.9) for label in range(3)]
    whole = area_by_scipy(picture, 0.9)
    assert read(tmp_path / "metrics.csv", layer="C", embedding="mine") == {
        "trustworthiness": pytest.approx(sklearn_trustworthiness(points, picture, n_neighbors=5)),
        "continuity": pytest.approx(sklearn_trustworthiness(picture, points, n_neighbors=5)),
        "knn_accuracy": pytest.approx(leave_one_out(picture, labels, 5)),
        "silhouette": pytest.approx(silhouette_score(picture, labels), rel=1e-5),
        "class_area_ratio": pytest.approx(np.mean(areas) / whole, rel=0.02),
        "class_area_spread": pytest.approx(statistics.stdev(areas) / whole, rel=0.05),
        "embedding_seconds": 3.5,
        own: 0.125,
    }
