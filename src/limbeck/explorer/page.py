"""The explorer's page: one HTML file that needs no server and no network."""

import base64
import html
import json
import math
from pathlib import Path
from string import Template

import numpy as np

from limbeck.embeddings.alignment import align
from limbeck.explorer.choice import ExplorerSettings
from limbeck.explorer.colours import distinct_colours
from limbeck.explorer.content import Content, Layer, Panel, Runs, View
from limbeck.explorer.gather import gather_content
from limbeck.explorer.study import Study
from limbeck.explorer.templates import read_asset, read_scripts
from limbeck.explorer.thumbnails import make_sprite
from limbeck.metrics.embedding_shape import is_collapsed
from limbeck.runtime.storage import digest, write_text

STEPS = 65534  # of a coordinate from -1 to 1; one more stands for a missing point
TOLD_APART = 20  # more classes than that are at first coloured by superclass


def write_explorer(
    folder: str | Path, output: str | Path, settings: ExplorerSettings | None = None
) -> None:
    """Write the explorer of a study, finished or not.

    Parameters
    ----------
    folder : str or Path
        The study's output tree, or a copy of it.
    output : str or Path
        The HTML file to write.
    settings : ExplorerSettings or None
        What of the study to show; None: all that fits.

    Raises
    ------
    InputError
        If the study has no embedding yet, or none of what the settings ask for.
    """
    write_text(output, build_page(gather_content(Study(folder), settings or ExplorerSettings())))


def build_page(content: Content) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    content : Content
        What it shows.
    """
    blobs = Blobs()
    described = describe(content, blobs)
    return Template(read_asset("page.html")).substitute(
        title=html.escape(f"{content.study} – Limbeck explorer"),
        style=read_asset("page.css"),
        study=_json(described),
        blobs="\n".join(blobs.elements),
        script=read_scripts(),
    )


class Blobs:
    """Arrays inside the page: an element each, decoded by the browser when it is needed."""

    def __init__(self):
        self.elements: list[str] = []

    def add(self, data: bytes | np.ndarray) -> str:
        """Add a file, or an array in little-endian order, and return the element's id."""
        if isinstance(data, np.ndarray):
            data = np.ascontiguousarray(data, data.dtype.newbyteorder("<")).tobytes()
        name = f"blob-{len(self.elements)}"
        text = base64.b64encode(data).decode()
        self.elements.append(f'<script type="text/plain" id="{name}">{text}</script>')
        return name


def describe(content: Content, blobs: Blobs) -> dict:
    """Return the page's description of the study, JSON-serialisable; arrays go to the blobs."""
    sprite, shape = make_sprite(content.images)
    classes = distinct_colours(len(content.class_names))
    superclasses = distinct_colours(len(content.superclass_names))
    grouped = len(content.class_names) > TOLD_APART and content.superclass_names
    return {
        "study": content.study,
        "dataset": content.dataset,
        "ids": list(content.sample_ids),
        "imagesDigest": digest(np.array(content.sample_ids, np.dtypes.StringDType())),
        "labels": blobs.add(np.asarray(content.labels, np.uint16)),
        "sprite": {"blob": blobs.add(sprite), **shape},
        "classes": [
            {"name": name, "colour": colour}
            for name, colour in zip(content.class_names, classes, strict=True)
        ],
        "superclasses": [
            {"name": name, "colour": colour}
            for name, colour in zip(content.superclass_names, superclasses, strict=True)
        ],
        "superclassOfClass": list(content.superclass_of_class),
        "methods": list(content.methods),
        "layers": list(content.layers),
        "teacher": content.teacher,
        "students": list(content.students),
        "colour": "superclass" if grouped else "class",
        "leftOut": list(content.left_out),
        "views": [_describe_view(content, view, blobs) for view in content.views],
        "runs": {
            f"{budget}/{fold}": _describe_runs(content, runs, blobs)
            for (budget, fold), runs in content.runs.items()
        },
    }


def _places(content: Content) -> list[tuple[str, str]]:
    return [(method, layer) for method in content.methods for layer in content.layers]


def aligned_points(content: Content, view: View) -> dict[Layer, np.ndarray]:
    """Return the points of a view's panels as they are drawn, in [-1, 1]², by method and layer.

    All panels of all views are aligned to the last layer of the first view's teacher.
    """
    first = content.views[0]
    reference = next(
        first.panels[method, layer].points
        for method in [content.teacher, *content.methods]
        for layer in reversed(content.layers)
        if (method, layer) in first.panels
    )
    return {place: align(panel.points, reference) for place, panel in view.panels.items()}


def _describe_view(content: Content, view: View, blobs: Blobs) -> dict:
    points = aligned_points(content, view)
    return {
        "embedding": view.embedding,
        "budget": view.budget,
        "fold": view.fold,
        "panels": [
            _describe_panel(view.panels[place], points[place], blobs) if place in points else None
            for place in _places(content)
        ],
    }


def _describe_panel(panel: Panel, points: np.ndarray, blobs: Blobs) -> dict:
    finite = panel.points[np.isfinite(panel.points).all(axis=1)]
    steps = np.rint((points + 1) / 2 * STEPS)
    stored = np.where(np.isfinite(steps), steps, STEPS + 1).astype(np.uint16)
    return {
        "points": blobs.add(stored),
        "collapsed": len(finite) < 3 or bool(is_collapsed(finite)),
        "scores": {name: value for name, value in panel.scores.items() if math.isfinite(value)},
    }


def _describe_runs(content: Content, runs: Runs, blobs: Blobs) -> dict:
    """Describe the runs of a budget and fold.

    The largest number stands for a label or neighbour that is not known; the confidence of such a
    label is 0.
    """
    return {
        "predictions": {
            method: {
                "labels": blobs.add(np.where(labels < 0, 65535, labels).astype(np.uint16)),
                "confidences": blobs.add(np.rint(runs.confidences[method] * 100).astype(np.uint8)),
                "accuracy": runs.accuracies[method],
            }
            for method, labels in runs.predictions.items()
        },
        "neighbours": [
            _describe_neighbours(runs.neighbours[place], blobs)
            if place in runs.neighbours
            else None
            for place in _places(content)
        ],
    }


def _describe_neighbours(indices: np.ndarray, blobs: Blobs) -> dict:
    wide = indices.size and indices.max() >= 65535
    kind = np.uint32 if wide else np.uint16
    stored = np.where(indices < 0, np.iinfo(kind).max, indices).astype(kind)
    return {"blob": blobs.add(stored), "count": indices.shape[1], "bits": 32 if wide else 16}


def _json(value: object) -> str:
    """Return JSON that is inert inside a script element, whatever text it holds."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
