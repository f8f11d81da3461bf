"""The objectives: what each needs of a teacher and of the images, and the keys of its block.

Plain data that imports nothing heavy, because every job parses it, and that no fingerprint hashes:
a new entry reruns nothing. Each objective is a module of its name in `limbeck.training.objectives`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

REQUIRED = object()  # The default of an option that the config must give.


@dataclass(frozen=True)
class Option:
    """One key of an objective's block.

    Attributes
    ----------
    name : str
        The key.
    schema : mapping
        JSON schema of its value.
    default : object
        What it is where the config does not give it, or `REQUIRED`.
    meaning : str
        One line.
    """

    name: str
    schema: Mapping
    default: object
    meaning: str


@dataclass(frozen=True)
class Objective:
    """What a method can minimise.

    Attributes
    ----------
    name : str
        In the config, and of its module.
    summary : str
        One line, with the source.
    options : tuple of Option
        The keys of its block.
    teacher : {None, "logits", "arrays", "live"}
        What it hears of a teacher. ``logits``: cached ones of the image and its mirror image, or a
        live pass where images are cropped. ``arrays``: small values of some layers, computed once
        where images are not cropped, in live passes elsewhere. ``live``: a pass in each step.
    several_teachers : bool
        Whether `teacher` may be a list.
    unlabelled : bool
        Whether it always needs unlabelled images; see `needs_unlabelled`.
    space : int
        The least size (height times width) of the maps of its layers; 0 where vectors do.
    general : tuple of str
        General keys of the method that must not be null.
    """

    name: str
    summary: str
    options: tuple[Option, ...] = ()
    teacher: str | None = None
    several_teachers: bool = False
    unlabelled: bool = False
    space: int = 0
    general: tuple[str, ...] = ()

    def defaults(self) -> dict:
        """Return the options that need not be given, with their values."""
        return {
            option.name: option.default for option in self.options if option.default is not REQUIRED
        }


POSITIVE = {"type": "number", "exclusiveMinimum": 0}
NOT_NEGATIVE = {"type": "number", "minimum": 0}
COUNT = {"type": "integer", "minimum": 1}
PART = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
SWITCH = {"type": "boolean"}
NAME = {"type": "string", "minLength": 1}

LABEL_WEIGHT = Option("label_weight", POSITIVE, 1.0, "of the cross-entropy with the labels")


def _heard(images: str, several: bool) -> tuple[Option, ...]:
    teacher: dict = NAME
    if several:
        names = {"type": "array", "items": NAME, "minItems": 1, "uniqueItems": True}
        teacher = {"anyOf": [NAME, names]}
    where = (
        "on which images the teacher is heard. unlabelled: cycles of a pass over the labelled "
        "images with cross-entropy and one over the others with the teacher; labelled: both losses "
        "in each step, on the labelled images; all: so, with as many unlabelled images in each step"
    )
    what = "the method to learn from"
    if several:
        what += ", or a list of them: the mean of their probabilities at the temperature"
    return (
        Option("teacher", teacher, REQUIRED, what),
        Option("images", {"enum": ["labelled", "unlabelled", "all"]}, images, where),
        LABEL_WEIGHT,
    )


def _of_logits(
    name: str, summary: str, *options: Option, weight: float = 1.0, images: str = "unlabelled"
) -> Objective:
    own = Option("weight", POSITIVE, weight, "of the teacher's loss")
    options = (*_heard(images, several=True), own, *options)
    return Objective(name, summary, options, teacher="logits", several_teachers=True)


def _of_layers(
    name: str,
    summary: str,
    *options: Option,
    layers: str,
    weight: float,
    teacher: str,
    space: int = 0,
) -> Objective:
    pairs = {"type": "object", "minProperties": 1, "additionalProperties": NAME}
    nullable = {"type": ["number", "null"], "exclusiveMinimum": 0}
    what = "layers of the student and of the teacher that are compared: names or paths of modules"
    options = (
        *_heard("all", several=False),
        Option("weight", POSITIVE, weight, "of the loss between layers"),
        Option("layers", pairs, {layer: layer for layer in layers}, what),
        Option("temperature", nullable, None, "T of Hinton's loss beside it; null: without it"),
        Option("kd_weight", POSITIVE, 1.0, "of Hinton's loss beside it"),
        *options,
    )
    return Objective(name, summary, options, teacher=teacher, space=space)


def _temperature(value: float) -> Option:
    return Option("temperature", POSITIVE, value, "T, by which logits are divided")


STANDARDISE = Option(
    "standardise",
    SWITCH,
    False,
    "whether the logits of each image lose their mean and are divided by their deviation first "
    "(Sun 2024, with temperature 2 and weight 9)",
)


def _semi_supervised(
    name: str,
    summary: str,
    *options: Option,
    weight: float,
    ratio: int = 1,
    general: tuple[str, ...] = (),
) -> Objective:
    steps = {
        "type": ["array", "null"],
        "items": {"type": "integer", "minimum": 0},
        "minItems": 2,
        "maxItems": 2,
    }
    options = (
        Option("unlabelled_ratio", COUNT, ratio, "unlabelled images for each labelled one, μ"),
        Option("unlabelled_weight", NOT_NEGATIVE, weight, "of the unlabelled loss, at its largest"),
        Option("ramp_up", {"enum": ["linear", "gaussian", None]}, None, "how that weight rises"),
        Option("ramp_up_steps", steps, None, "from and to which step it rises"),
        *options,
    )
    return Objective(name, summary, options, unlabelled=True, general=general)


THRESHOLD = Option("threshold", PART, 0.95, "the least probability of a class taken for a label")
DIMENSIONS = Option("dimensions", COUNT, 128, "of the linear embeddings that are compared")

_ALL = (
    Objective(
        "cross_entropy",
        "cross-entropy on the labelled images",
        (
            Option(
                "smoothing",
                {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
                0.0,
                "part of each label that is spread over all classes (Szegedy 2016)",
            ),
            Option(
                "batch_norm_images",
                {"enum": ["labelled", "all"]},
                "labelled",
                "whose statistics batch normalisation keeps. labelled: those that training gave; "
                "all: of one pass over all training images after it, with the weights as they are",
            ),
        ),
    ),
    Objective("untrained", "no step: the weights as initialised"),
    _of_logits(
        "distillation", "T² KL(teacher ‖ student) (Hinton 2015)", _temperature(4.0), STANDARDISE
    ),
    _of_logits("teacher_labels", "cross-entropy with the teacher's class"),
    _of_logits(
        "dkd",
        "the target against the rest, and the rest alone (Zhao 2022)",
        _temperature(4.0),
        STANDARDISE,
        Option("alpha", NOT_NEGATIVE, 1.0, "of the target against the rest"),
        Option("beta", NOT_NEGATIVE, 8.0, "of the rest alone"),
        Option("warm_up", COUNT, 20, "epochs over which the weight rises to its value"),
        images="all",
    ),
    _of_logits(
        "dist",
        "1 - Pearson's correlation of rows and of columns of probabilities (Huang 2022)",
        _temperature(4.0),
        STANDARDISE,
        Option("beta", NOT_NEGATIVE, 1.0, "of the rows: classes of an image"),
        Option("gamma", NOT_NEGATIVE, 1.0, "of the columns: images of a class"),
        weight=2.0,
        images="all",
    ),
    _of_layers(
        "fitnet",
        "squared error of a regression to the teacher's map (Romero 2015)",
        layers="C",
        weight=100.0,
        teacher="live",
        space=1,
    ),
    _of_layers(
        "attention_transfer",
        "maps of attention (Zagoruyko & Komodakis 2017)",
        layers="BCD",
        weight=1000.0,
        teacher="arrays",
        space=2,
    ),
    _of_layers(
        "similarity_preserving",
        "Gram matrices of the batch (Tung & Mori 2019)",
        layers="D",
        weight=3000.0,
        teacher="live",
    ),
    _of_layers(
        "correlation_congruence",
        "differences of successive images (Peng 2019)",
        DIMENSIONS,
        layers="E",
        weight=0.02,
        teacher="arrays",
    ),
    _of_layers(
        "vid",
        "likelihood of the teacher's maps (Ahn 2019)",
        Option("variance", POSITIVE, 5.0, "of each of the teacher's channels before training"),
        layers="BCD",
        weight=1.0,
        teacher="live",
        space=1,
    ),
    _of_layers(
        "relational",
        "distances and angles in the batch (Park 2019)",
        Option("distance_weight", NOT_NEGATIVE, 25.0, "of the distances"),
        Option("angle_weight", NOT_NEGATIVE, 50.0, "of the angles"),
        layers="E",
        weight=1.0,
        teacher="arrays",
    ),
    _of_layers(
        "pkt",
        "similarities in the batch as probabilities (Passalis 2018)",
        layers="E",
        weight=30000.0,
        teacher="arrays",
    ),
    _of_layers(
        "nst",
        "discrepancy of the maps of channels (Huang & Wang 2017)",
        layers="BCD",
        weight=50.0,
        teacher="live",
        space=2,
    ),
    _of_layers(
        "crd",
        "contrast with a memory of the training images (Tian 2020)",
        DIMENSIONS,
        Option("negatives", COUNT, 16384, "drawn for each image, fewer where there are fewer"),
        Option("contrast_temperature", POSITIVE, 0.07, "by which similarities are divided"),
        Option("memory_momentum", PART, 0.5, "part of the memory that an image's visit leaves"),
        layers="E",
        weight=0.8,
        teacher="arrays",
    ),
    _semi_supervised("pi_model", "two views agree (Laine & Aila 2017)", weight=10.0),
    _semi_supervised("pseudo_label", "confident classes (Lee 2013)", THRESHOLD, weight=1.0),
    _semi_supervised(
        "mean_teacher",
        "agree with the average of the weights (Tarvainen & Valpola 2017)",
        weight=50.0,
        general=("ema_decay",),
    ),
    _semi_supervised(
        "mixmatch",
        "mixed images and guessed labels (Berthelot 2019)",
        Option("views", COUNT, 2, "of each image, by which its label is guessed"),
        Option("temperature", POSITIVE, 0.5, "that sharpens guesses"),
        Option("mixup_alpha", POSITIVE, 0.75, "of the beta distribution of the shares"),
        weight=75.0,
    ),
    _semi_supervised(
        "fixmatch",
        "classes of weak views for strong ones (Sohn 2020)",
        THRESHOLD,
        Option("strong_operations", COUNT, 2, "of each strong view"),
        Option("cutout", {"type": "number", "minimum": 0, "maximum": 1}, 0.5, "side of the square"),
        weight=1.0,
        ratio=7,
    ),
)
OBJECTIVES = {objective.name: objective for objective in _ALL}


def teacher_input(objective: str, augmentation: str) -> str | None:
    """Return what a training reads of its teacher: ``logits``, ``network``, or None without one.

    Logits were computed for the image and its mirror image; a network looks at any other view.
    """
    needed = OBJECTIVES[objective].teacher
    if needed is None:
        return None
    cached = needed == "logits" and augmentation in ("none", "flip")
    return "logits" if cached else "network"


def needs_unlabelled(objective: str, options: Mapping) -> bool:
    """Return whether a training ends in an error where all training images are labelled."""
    return OBJECTIVES[objective].unlabelled or options.get("images") == "unlabelled"


def layer_mistakes(
    objective: str, pairs: Mapping[str, str], student: Mapping, teacher: Mapping
) -> Iterator[str]:
    """Say which pairs of layers an objective cannot compare.

    Parameters
    ----------
    objective : str
        Its name.
    pairs : mapping of str to str
        Layers of the student and of the teacher, ``layers`` of its options.
    student, teacher : mapping of str to sequence of int
        Shapes of these layers for a batch of one image, (1, ...).

    Yields
    ------
    str
        One clause for each layer that does not do.
    """
    least = OBJECTIVES[objective].space
    if not least:
        return
    sides = [("student", pairs, student), ("teacher", pairs.values(), teacher)]
    for side, layers, shapes in sides:
        for layer in layers:
            shape = tuple(shapes[layer][1:])
            if len(shape) != 3 or shape[1] * shape[2] < least:
                size = " x ".join(map(str, shape))
                yield f"layer {layer} of the {side} is {size}; {objective} compares maps"
