"""The networks of a study and where their layers lie in them (Fig. 12 of the paper)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from limbeck.data.dataset import Dataset
from limbeck.figures.shared import style
from limbeck.figures.shared.drawing import Drawing
from limbeck.runtime import storage
from limbeck.study.titles import method_title

COLUMNS = ("method", "model", "stage", "shape", "parameters", "layer")
NETWORK_MM = 42
TITLE_PLACE = 0.02  # right of the panel's letter
NOTE = (
    "Blue: named layers, whose outputs are looked at. Height: longer side of the maps; width: "
    "channels, both on a logarithmic scale. Below: channels × rows × columns, and the number of "
    "values."
)
NAMED, OTHER = style.PALETTE[6], "0.88"
# A row of boxes is one unit high, and boxes stand one unit apart.
SMALLEST, TALLEST, WIDEST, LINE = 0.12, 1.0, 0.6, 0.15


@dataclass(frozen=True)
class Box:
    """Stages drawn as one: their names, the shape that they give, the named layer at their end."""

    stages: tuple[str, ...]
    shape: tuple[int, ...]
    layer: str

    @property
    def side(self) -> int:
        """Longer side of the images, 1 where there are none."""
        return max(self.shape[1:]) if len(self.shape) == 3 else 1

    @property
    def channels(self) -> int:
        """Number of values at each place of the images."""
        return self.shape[0] if len(self.shape) == 3 else math.prod(self.shape)


def draw(dataset: Dataset, inputs: Sequence[str], settings: Mapping) -> Drawing:
    """Draw each network from left to right; methods with the same network share one row.

    A box is as high as its images' sides and as wide as their number of channels, both on a
    logarithmic scale; the boxes of named layers are coloured.
    """
    networks = _distinct_networks(inputs)
    boxes = [list(merge_stages(rows)) for rows, _ in networks]
    figure, axes = style.new_figure(
        settings["width"], NETWORK_MM * len(networks), len(networks), 1, sharex=True, sharey=True
    )
    sides, channels = (
        max(getattr(box, size) for row in boxes for box in row) for size in ("side", "channels")
    )
    for axis, row, (rows, methods) in zip(axes[:, 0], boxes, networks, strict=True):
        _draw_network(axis, row, sides, channels)
        parameters = int(rows[-1]["parameters"]) / 1e6
        names = ", ".join(map(method_title, methods))
        title = f"{rows[0]['model']} ({names}): {parameters:.3g} million parameters"
        title = style.wrap(title, settings["width"] - style.TITLE_MARGIN_MM)
        axis.set_title(title, x=TITLE_PLACE, ha="left")
    lines = max(len(box.stages) for row in boxes for box in row)
    axes[0, 0].set(xlim=(-0.5, max(map(len, boxes)) - 0.5), ylim=(-0.85 - LINE * (1 + lines), 0.8))
    style.letter_panels(axes[:, 0])
    style.add_footer(figure, NOTE)
    alt = "; ".join(axis.get_title().replace("\n", " ") for axis in axes[:, 0])
    numbers = [
        [method, *(row[column] for column in COLUMNS[1:])]
        for rows, methods in networks
        for method in methods
        for row in rows
    ]
    return Drawing(figure, COLUMNS, numbers, f"Networks as rows of boxes: {alt}. {NOTE}")


def _distinct_networks(paths: Sequence[str]) -> list[tuple[list[dict[str, str]], list[str]]]:
    """Read descriptions; return each different one and the methods that have it."""
    networks: list[tuple[list[dict[str, str]], list[str]]] = []
    for path in paths:
        rows = storage.read_rows(path, COLUMNS, {"parameters": int}, empty=False)
        (method,) = {row.pop("method") for row in rows}
        for known, methods in networks:
            if known == rows:
                methods.append(method)
                break
        else:
            networks.append((rows, [method]))
    return networks


def merge_stages(rows: Sequence[Mapping[str, str]]) -> Iterator[Box]:
    """Join stages that do not change the shape, up to a named layer.

    Parameters
    ----------
    rows : sequence of mapping
        Of a network's description, in its order.

    Yields
    ------
    Box
        From the image to the logits.
    """
    box = None
    for row in rows:
        # A stage that gives one number an image has an empty one.
        shape = tuple(map(int, filter(None, row["shape"].split("×"))))
        if box is not None and not box.layer and box.shape == shape:
            box = Box((*box.stages, row["stage"]), shape, row["layer"])
            continue
        if box is not None:
            yield box
        box = Box((row["stage"],), shape, row["layer"])
    if box is not None:
        yield box


def _draw_network(axis: Axes, boxes: Sequence[Box], sides: int, channels: int) -> None:
    axis.set_axis_off()
    right = None
    for place, box in enumerate(boxes):
        height = _scaled(box.side, sides, TALLEST)
        width = _scaled(box.channels, channels, WIDEST)
        axis.add_patch(
            Rectangle(
                (place - width / 2, -height / 2),
                width,
                height,
                facecolor=NAMED if box.layer else OTHER,
                edgecolor="0.3",
                linewidth=0.6,
            )
        )
        if right is not None:
            axis.annotate(
                "",
                (place - width / 2, 0),
                (right, 0),
                arrowprops={"arrowstyle": "->", "color": "0.3", "linewidth": 0.6, "shrinkA": 0},
            )
        right = place + width / 2
        lines = ["×".join(map(str, box.shape)), "", *box.stages]
        if box.layer:
            axis.text(place, 0.58, box.layer, ha="center", weight="bold", size=8)
            lines[1] = f"= {math.prod(box.shape):,}"
        for number, line in enumerate(lines):
            colour = "black" if number < 2 else "0.35"
            axis.text(place, -0.68 - LINE * number, line, ha="center", size=6, color=colour)


def _scaled(size: int, largest: int, most: float) -> float:
    return SMALLEST + (most - SMALLEST) * math.log(size) / max(math.log(largest), 1)
