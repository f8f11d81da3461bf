"""The kinds of figures: what each reads, which keys it has, and its caption in the report."""

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
GROUPS = listed(
    "classes or superclasses to show in colour, the others grey; null: all where 10 colours do, "
    "else the first seven; superclasses where there are more classes",
    text(""),
    None,
    null=True,
    least=1,
    most=10,
)
PAIRS = either(
    "lists of two of run.methods; all: of all pairs; first: of the first with each other; auto: "
    "all of up to four methods, first of more",
    choice("", ("auto", "all", "first")),
    listed("", listed("", text("", names="run.methods"), least=2, most=2, unique=False), least=1),
    default="auto",
)

# What figures read, below the study's results. A wildcard stands for what the figure's settings
# name, and for all that the study has where they name nothing.
TESTS_TABLE = "tables/statistics.csv"  # there is none of one method
METRICS_TABLE = "tables/metrics.csv"
METRIC_FILES = (METRICS_TABLE, TESTS_TABLE)
PUBLISHED_FILES = ("tables/published.csv", METRICS_TABLE)
NETWORK_FILES = ("networks/{method}.csv",)
PREDICTION_FILES = ("runs/{method}/budget-{budget}/fold-{fold}/predictions.zarr",)
EMBEDDING_FILES = ("runs/{method}/budget-{budget}/fold-{fold}/embeddings/{layer}/{embedding}.zarr",)
NOISE_FILES = (
    "tables/noise.csv",
    "noise/{map}/activations.zarr",
    "noise/{map}/embeddings/{embedding}.zarr",
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
    caption : str
        In the report: reStructuredText with the fields of `limbeck.study.captions`.
    reads : tuple of str
        Patterns of the files that it is drawn from, such as `METRIC_FILES`, in this order.
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
    caption: str
    reads: tuple[str, ...] = METRIC_FILES
    width: int = 183
    options: Mapping[str, Key] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    area_mass: bool = False

    @property
    def module(self) -> str:
        """The module of its code."""
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
            "Test accuracy over the number of labelled images (Fig. 10 of the paper): points are "
            "means, {bars}. Methods stand side by side, more than eight one below another, so that "
            "none covers another. {asterisks}",
            width=89,
            options={"methods": METHODS},
            metrics=("accuracy",),
        ),
        Figure(
            "published",
            "measured against published numbers, where published is set",
            "accuracy",
            "Measured (points) against published (lines) test accuracy, and ivis loss at "
            "convergence by layer. Bars and bands are sample standard deviations over folds, "
            "missing where there is one fold or none was published. A line alone was not measured.",
            PUBLISHED_FILES,
        ),
        Figure(
            "superclass_correlation",
            "for each superclass and budget, methods side by side",
            "outputs",
            "Mean Pearson correlation between the test logits of the classes of a superclass, "
            "for {methods} (Fig. 11 of the paper): points are means, {bars}. Superclasses are "
            "sorted by the mean of all that is shown.",
            options={"methods": METHODS},
            metrics=("superclass_correlation",),
        ),
        Figure(
            "class_correlation",
            "correlations between all classes, ordered by superclass",
            "outputs",
            "Pearson correlation between the test logits of every two classes ({budget} labelled "
            "images, fold {fold}). Where there are superclasses, classes are ordered by them, and "
            "lines part them.",
            PREDICTION_FILES,
            options={"methods": METHODS, "budget": BUDGET, "fold": FOLD},
        ),
        Figure(
            "networks",
            "the networks of run.methods, their layers and shapes",
            "layers",
            "The networks of {methods} with the positions of the layers {layers} (Fig. 12 of the "
            "paper), drawn from the trained models by passing one test image through them. Named "
            "layers are coloured. Below each box stand its output's shape (channels × rows × "
            "columns) and, for layers, the number of values. Heights (side) and widths (channels) "
            "are logarithmic.",
            NETWORK_FILES,
        ),
        Figure(
            "layers",
            "metrics of the layers in their own space, by layer and budget",
            "layers",
            "Metrics of the layers in their own space, where no embedding can mislead: points are "
            "means, {bars}. Linear probe: ridge classifier, {probe_folds}-fold cross-validation "
            "over the stored test images. Intrinsic dimension: TwoNN. Variance within over between "
            "classes: lower is better separated. Neighbours: of the {neighbours} nearest. Dashed: "
            "what there would be without structure. More than six methods are rows of cells with "
            "means over folds. {asterisks}",
            options={
                "metrics": listed(
                    "metrics of layers; neighbour_overlap:<method> for one of run.methods",
                    text("", names="metrics of layers"),
                    ["probe_accuracy", "intrinsic_dimension", "variance_ratio"],
                    least=1,
                ),
                "methods": METHODS,
            },
        ),
        Figure(
            "cka",
            "linear CKA, layers by layers, a heatmap for each pair of methods, mean over folds",
            "layers",
            "Linear centred kernel alignment (Kornblith et al. 2019) between the layers of two "
            "methods over the stored test images, {budget} labelled images, mean over {folds}: 1 "
            "where two layers arrange the images alike but for rotation and scale.",
            options={"pairs": PAIRS, "budget": BUDGET},
            metrics=("cka",),
        ),
        Figure(
            "embeddings",
            "methods by layers, coloured by class, or by superclass where there are many",
            "embeddings",
            "Test images embedded by {embedding} ({budget} labelled images, fold {fold}), each "
            "method in each layer, coloured by class, or by superclass where there are many. "
            "Panels are turned and mirrored to lie alike (orthogonal Procrustes problem), which "
            "changes no distance; their axes have no unit. In a red frame points lie on a line "
            "or in one place.",
            EMBEDDING_FILES,
            options={"embedding": EMBEDDING, "budget": BUDGET, "fold": FOLD, "groups": GROUPS},
        ),
        Figure(
            "algorithms",
            "one layer in all of run.embeddings, and the seconds each took",
            "embeddings",
            "Layer {layer} of {method} ({budget} labelled images, fold {fold}) embedded by each "
            "algorithm (Fig. 4 of the paper), coloured by class, or by superclass where there are "
            "many, and turned and mirrored to lie alike. The titles give the seconds that each "
            "took once the neighbours were known; the paper gives 600 s for ivis and 3700 s for "
            "t-SNE on 10000 images of 16384 values. The axes have no unit.",
            EMBEDDING_FILES,
            width=120,
            options={
                "method": METHOD,
                "budget": BUDGET,
                "fold": FOLD,
                "layer": LAYER,
                "groups": GROUPS,
            },
        ),
        Figure(
            "class_boundary",
            "one class in each layer, and the region that holds metrics.area_mass of it",
            "embeddings",
            "In colour {class}, in grey all other embedded test images; embedding {embedding} "
            "({budget} labelled images, fold {fold}; Fig. 13 of the paper). The line bounds the "
            "smallest region that holds {area_percent} % of the class's kernel density. The number "
            "is its area over that of all images, in brackets what as many random images have. Of "
            "fewer than 30 images areas are too uncertain to be compared.",
            EMBEDDING_FILES,
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
            "mean class area ratio by layer, beside that of permuted classes",
            "embeddings",
            "Area of a class over the area of all images in the embedding by {embedding}, mean "
            "over classes (Fig. 14 of the paper): {bars}. Dashed, with a band from the 2.5th "
            "to the 97.5th percentile: permuted classes, what there would be without structure; an "
            "arrow where that is far above. "
            "{asterisks}",
            options={"embedding": EMBEDDING, "methods": METHODS},
            metrics=("class_area_ratio",),
        ),
        Figure(
            "noise",
            "uniform noise of the plane, lifted by run.maps and embedded by run.embeddings",
            "noise",
            "{points} points of uniform noise in the plane, coloured by quadrant, lifted to "
            "{dimensions} dimensions by the maps {maps} and embedded again (Fig. 1 of the paper). "
            "Embeddings are turned and mirrored to lie as the plane does. Distances: "
            "Spearman's correlation of all pairwise distances with those in the plane; quadrants: "
            "their silhouette; clumping: how many times more uneven neighbourhoods are than in "
            "the plane, at the scale where this is largest.",
            NOISE_FILES,
        ),
    )
}
