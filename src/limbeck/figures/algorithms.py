"""The embeddings of one layer side by side, and how long each took (Fig. 4 of the paper)."""

from collections.abc import Mapping, Sequence

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import scatter, style
from limbeck.figures.shared.drawing import Drawing
from limbeck.figures.shared.groups import ImageGroups
from limbeck.runtime import storage
from limbeck.study.titles import budget_title, embedding_title, layer_title, method_title

PANELS_PER_ROW = 4


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw one panel for each embedding store, all turned to lie as the first."""
    stores = [storage.open_store(path) for path in inputs]
    images = ImageGroups(dataset, settings.get("groups"))
    columns = min(PANELS_PER_ROW, len(stores))
    figure, axes = scatter.new_panels(settings["width"], -(-len(stores) // columns), columns)
    style.letter_panels(axes.flat[: len(stores)])
    rows, collapsed, names = [], [], []
    found = zip(stores, scatter.aligned(stores, stores[0]), strict=True)
    for axis, (store, points) in zip(axes.flat, found, strict=False):
        scatter.draw_groups(axis, points, images.groups(store), images)
        name = embedding_title(store.attrs["embedding"])
        names.append(f"{name}, {format_seconds(store.attrs['embedding_seconds'])}")
        axis.set_title(names[-1])
        if scatter.mark_collapsed(axis, store["points"][:]):
            collapsed.append(name)
        rows += scatter.point_rows(store, points, images)
    for axis in axes.flat[len(stores) :]:
        axis.set_axis_off()
    first = stores[0].attrs
    what = f"{method_title(first['method'])}, {layer_title(first['layer'])}"
    figure.suptitle(f"{what}, {budget_title(first['budget'])}", size=7)
    note = scatter.describe_panels(images, collapsed)
    note += " Seconds: of the algorithm, once the neighbours were known."
    named = scatter.are_named(axes[0, 0], images)
    style.add_footer(figure, note, *(((), ()) if named else images.legend()))
    alt = f"{what}: test images embedded by {'; '.join(names)}. {note}"
    return Drawing(figure, scatter.COLUMNS, rows, alt)


def format_seconds(seconds: float) -> str:
    """Write a duration with as many digits as matter: 0.42 s, 4.2 s, 42 s, 4,200 s."""
    return f"{seconds:,.{0 if seconds >= 10 else 1 if seconds >= 1 else 2}f} s"
