"""The kinds of figures: what each reads and which keys it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from limbeck.study.keys import Key, choice, either, integer, listed, number, text

ENDS = ("first", "last")

BUDGET = either(
    "number of labelled images: first, last or one of budgets",
    choice("", ENDS),
    integer("", least=0, names="budgets"),
    default="last",
)
FOLD = either(
    "first, last or the number of a fold, from 0",
    choice("", ENDS),
    integer("", least=0, names="folds"),
    default="first",
)
LAYER = text("first, last or one of layers", "last", names="layers or ends")
METHOD = text("first, last or one of run.methods", "last", names="run.methods or ends")
METHODS = listed(
    "of run.methods; null: all", text("", names="run.methods"), None, null=True, least=1
)
EMBEDDING = text("first, last or one of run.embeddings", "first", names="run.embeddings or ends")
CLASS = text("first, last or the name of a class, numbers in quotes", "first", names="classes")
PAIRS = either(
    "lists of two of run.methods; all: of all pairs; first: of the first with each other",
    choice("", ("all", "first")),
    listed("", listed("", text("", names="run.methods"), least=2, most=2, unique=False), least=1),
    default="all",
)


def _width(millimetres: int) -> Key:
    return number("in mm", millimetres, least=40, most=400)


@dataclass(frozen=True)
class Figure:
    """A kind of figure.

    Attributes
    ----------
    name : str
        In the config, and of its module in `limbeck.figures`.
    title : str
        What it shows, in a line.
    subject : str
        Where the report shows it, a key of `limbeck.study.registry.SUBJECTS`.
    reads : str
        ``metrics`` (the tables of metrics and of paired tests), ``published``, ``noise``,
        ``networks``, ``predictions`` or ``embeddings``.
    width : int
        In mm, where the config does not say.
    options : mapping of str to Key
        Its keys beside ``kind`` and ``width``.
    metrics : tuple of str
        Metrics that must have been taken.
    area_mass : bool
        Whether it needs ``metrics.area_mass``.
    """

    name: str
    title: str
    subject: str
    reads: str = "metrics"
    width: int = 183
    options: Mapping[str, Key] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    area_mass: bool = False

    @property
    def module(self) -> str:
        """Where its code is."""
        return f"limbeck.figures.{self.name}"

    @property
    def keys(self) -> dict[str, Key]:
        """All keys beside ``kind``."""
        return {"width": _width(self.width), **self.options}


FIGURES = {
    figure.name: figure
    for figure in (
        Figure(
            "accuracy",
            "test accuracy over the budgets",
            "accuracy",
            width=89,
            metrics=("accuracy",),
        ),
        Figure(
            "published",
            "measured against published numbers, where published is set",
            "accuracy",
            "published",
        ),
        Figure(
            "superclass_correlation",
            "for each superclass and budget, methods side by side",
            "outputs",
            options={"methods": METHODS},
            metrics=("superclass_correlation",),
        ),
        Figure(
            "class_correlation",
            "correlations between all classes, ordered by superclass",
            "outputs",
            "predictions",
            options={"methods": METHODS, "budget": BUDGET, "fold": FOLD},
        ),
        Figure(
            "networks", "the networks of run.methods, their layers and shapes", "layers", "networks"
        ),
        Figure(
            "layers",
            "metrics of the layers in their own space, by layer and budget",
            "layers",
            options={
                "metrics": listed(
                    "metrics of layers; neighbour_overlap:<method> for one of run.methods",
                    text("", names="metrics of layers"),
                    ["probe_accuracy", "intrinsic_dimension", "variance_ratio"],
                    least=1,
                )
            },
        ),
        Figure(
            "cka",
            "linear CKA, layers by layers, a heatmap for each pair of methods, mean over folds",
            "layers",
            options={"pairs": PAIRS, "budget": BUDGET},
            metrics=("cka",),
        ),
        Figure(
            "embeddings",
            "methods by layers, coloured by superclass",
            "embeddings",
            "embeddings",
            options={"embedding": EMBEDDING, "budget": BUDGET, "fold": FOLD},
        ),
        Figure(
            "algorithms",
            "one layer in all of run.embeddings, and the seconds each took",
            "embeddings",
            "embeddings",
            width=120,
            options={"method": METHOD, "budget": BUDGET, "fold": FOLD, "layer": LAYER},
        ),
        Figure(
            "class_boundary",
            "one class in each layer, and the region that holds metrics.area_mass of it",
            "embeddings",
            "embeddings",
            options={
                "class": CLASS,
                "embedding": EMBEDDING,
                "methods": METHODS,
                "budget": BUDGET,
                "fold": FOLD,
            },
            area_mass=True,
        ),
        Figure(
            "class_area",
            "mean class area ratio by layer, with its spread over classes and folds",
            "embeddings",
            options={"embedding": EMBEDDING},
            metrics=("class_area_ratio",),
        ),
        Figure(
            "noise",
            "uniform noise of the plane, lifted by run.maps and embedded by run.embeddings",
            "noise",
            "noise",
        ),
    )
}
