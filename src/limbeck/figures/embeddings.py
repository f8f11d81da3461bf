"""Embeddings side by side, methods by layers, coloured by class or superclass."""

from collections.abc import Mapping, Sequence

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import scatter, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.groups import ImageGroups
from limbeck.runtime import storage
from limbeck.study.titles import budget_title, embedding_title


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw one panel for each embedding store."""
    stores = [storage.open_store(path) for path in inputs]
    images = ImageGroups(dataset, settings.get("groups"))
    panels = scatter.Panels(stores, settings["width"])
    rows, collapsed = [], []
    for axis, store, points in panels.fill():
        scatter.draw_groups(axis, points, images.groups(store), images)
        if scatter.mark_collapsed(axis, store["points"][:]):
            collapsed.append(axis.get_title())
        rows += scatter.point_rows(store, points, images)
    first = stores[0].attrs
    what = f"{embedding_title(first['embedding'])}, {budget_title(first['budget'])}"
    panels.figure.suptitle(f"{what}, {len(stores[0]['sample_ids']):,} test images", size=7)
    note = scatter.describe_panels(images, collapsed)
    named = scatter.are_named(panels.figure.axes[0], images)
    style.add_footer(panels.figure, note, *(((), ()) if named else images.legend()))
    methods, layers = len(panels.methods), len(panels.layers)
    alt = f"{what}: points of test images, {methods} methods by {layers} layers. {note}"
    return Drawing(panels.figure, scatter.COLUMNS, rows, alt)
