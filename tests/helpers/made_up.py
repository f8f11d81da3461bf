"""A study of made-up stores, written as the stages write them."""

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

import limbeck
from limbeck.explorer.choice import ExplorerSettings
from limbeck.explorer.gather import gather_content
from limbeck.runtime.storage import METRIC_COLUMNS, metric_rows, read_rows, write_rows, write_store

CIFAR = Path(__file__).parents[2] / "data/cifar100/test"
METHODS = ("teacher", "undistilled", "distilled")
# Names that would break a page or a table that took them for anything but text.
CLASSES = (
    '<script>document.title="broken"</script>',
    "\"quoted\", 'too'",
    "漢字，クラス",
    "עברית & ערבית",
)
SUPERCLASSES = ("<b>bold</b>", "<b>bold</b>", "a\tb; c", "a\tb; c")


def write_dataset(folder, images, labels, class_names, superclasses=(), ids=None):
    """Write a dataset whose test images are these; `superclasses` names that of each class."""
    ids = [f"test-{row:05d}" for row in range(len(images))] if ids is None else ids
    arrays = {
        "test/images": images,
        "test/labels": np.asarray(labels, np.int64),
        "test/sample_ids": np.array(ids),
    }
    attributes = {"dataset": "made up", "class_names": list(class_names)}
    write_store(folder / "dataset.zarr", arrays, attributes)
    rows = zip(class_names, superclasses, strict=bool(superclasses))
    write_rows(folder / "superclasses.csv", ["class", "superclass"], [*rows])
    return np.array(ids)


def write_run(folder, ids, labels, classes, method, budget, fold, accuracy=0.8):
    """Write predictions of which about this part is right; return the run's folder."""
    rng = np.random.default_rng([len(method), budget, fold])
    logits = rng.normal(size=(len(ids), classes))
    right = rng.random(len(ids)) < accuracy
    wrong = (labels + 1 + rng.integers(0, classes - 1, len(ids))) % classes
    logits[np.arange(len(ids)), np.where(right, labels, wrong)] += 8
    run = folder / "runs" / method / f"budget-{budget}" / f"fold-{fold}"
    arrays = {"logits": logits.astype(np.float32), "labels": labels, "sample_ids": ids}
    identity = {"study": folder.name, "method": method, "budget": budget, "fold": fold}
    write_store(run / "predictions.zarr", arrays, identity)
    return run


def write_layer(run, ids, points, layer, embedding, k=15, scores=()):
    """Write an embedding of a layer and, if it has none, neighbours that are the points' own."""
    method, budget, fold = run.parts[-3], *(int(part.split("-")[1]) for part in run.parts[-2:])
    identity = {"study": run.parts[-5], "method": method, "budget": budget, "fold": fold}
    identity |= {"layer": layer, "module": f"module.{layer}"}
    if not (run / "neighbours" / f"{layer}.zarr").exists():
        distances, indices = cKDTree(points).query(points, min(k + 1, len(points)))
        arrays = {
            "indices": indices[:, 1:].astype(np.int32),
            "distances": distances[:, 1:].astype(np.float32),
            "sample_ids": ids,
        }
        write_store(run / "neighbours" / f"{layer}.zarr", arrays, identity)
    identity["embedding"] = embedding
    arrays = {"points": points.astype(np.float32), "sample_ids": ids}
    write_store(run / "embeddings" / layer / f"{embedding}.zarr", arrays, identity)
    metrics = {"trustworthiness": 0.93, "class_area_ratio": 0.31, **dict(scores)}
    path = run / "metrics" / f"{layer}.csv"
    rows = read_rows(path) if path.exists() else []
    rows = [list(row.values()) for row in rows if row["embedding"] != embedding]
    write_rows(path, METRIC_COLUMNS, rows + metric_rows(identity, metrics))


def clustered_points(labels, spread, seed):
    """Return points around a centre for each class, shape (n, 2)."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(labels.max() + 1, 2)) * 4
    return centres[labels] + rng.normal(size=(len(labels), 2)) * spread


def write_study(
    folder,
    images,
    labels,
    class_names,
    superclasses=(),
    ids=None,
    methods=METHODS,
    layers=("A", "B", "C"),
    budgets=(50,),
    embeddings=("tsne",),
):
    """Write a whole study; classes are tighter in later layers and for later methods."""
    labels = np.asarray(labels, np.int64)
    ids = write_dataset(folder, images, labels, class_names, superclasses, ids)
    for m, method in enumerate(methods):
        for budget in budgets:
            run = write_run(folder, ids, labels, len(class_names), method, budget, 0)
            for row, layer in enumerate(layers):
                for column, embedding in enumerate(embeddings):
                    seed = [m, row, column, budget]
                    points = clustered_points(labels, 3 / (1 + row + m / 2), seed)
                    write_layer(run, ids, points, layer, embedding)
    return folder


def write_cifar_study(folder):
    """Write a study of all test images of CIFAR-100: two methods, five layers."""
    from PIL import Image

    files = sorted(CIFAR.glob("*/*"))
    images = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])
    names = sorted({file.parent.name for file in files})
    labels = np.array([names.index(file.parent.name) for file in files])
    superclasses = [f"superclass {k // 5}" for k in range(len(names))]
    return write_study(
        *(folder, images, labels, names, superclasses), methods=METHODS[1:], layers=tuple("ABCDE")
    )


def shown(folder, **settings):
    """Return what the explorer shows of a study."""
    return gather_content(limbeck.open_study(folder), ExplorerSettings(**settings))
