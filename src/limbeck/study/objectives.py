"""The objectives of methods: what each needs of a teacher and of the images, and its keys.

Each is a module of its name in `limbeck.training.objectives`, but those that take no step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from limbeck.study.keys import Key, boolean, choice, either, integer, listed, mapping, number, text


@dataclass(frozen=True)
class Objective:
    """Declaration of an objective, which a method minimises.

    Attributes
    ----------
    name : str
        In the config, and of its module.
    title : str
        In print.
    summary : str
        One line, with the source.
    options : mapping of str to Key
        The keys of its block.
    trains : bool
        Whether it takes steps; the others need no key of training.
    teacher : {None, "logits", "arrays", "live"}
        What it hears of a teacher. ``logits``: cached ones of the image and its mirror image, or a
        live pass where images are cropped. ``arrays``: small values of some layers, computed once
        where images are not cropped, in live passes elsewhere. ``live``: a pass in each step.
    unlabelled : bool
        Whether it always needs unlabelled images; see `needs_unlabelled`.
    space : int
        The least size (height times width) of the maps of its layers; 0 where vectors do.
    general : tuple of str
        General keys of the method that must not be null.
    compares_views : bool
        Whether it compares answers of one network to two views of an image, which must differ.
    """

    name: str
    title: str
    summary: str
    options: Mapping[str, Key] = field(default_factory=dict)
    trains: bool = True
    teacher: str | None = None
    unlabelled: bool = False
    space: int = 0
    general: tuple[str, ...] = ()
    compares_views: bool = False

    @property
    def modules(self) -> list[str]:
        """The modules of its code, below ``limbeck``; empty where none is needed."""
        return [f"training.objectives.{self.name}"] if self.trains else []


TEACHER = text("the method to learn from; any other, so that chains are possible", names="methods")
TEACHERS = either(
    "the method to learn from, any other, or a list of them: the mean of their probabilities at "
    "the temperature. They must differ in a setting, as networks of equal ones are the same",
    TEACHER,
    listed("", TEACHER, least=1),
)
THRESHOLD = number("the least probability of a class taken for a label", 0.95, above=0, below=1)
TEMPERATURE = number("T, by which logits are divided", 4, above=0)
STANDARDISE = boolean(
    "whether the logits of each image lose their mean and are divided by their standard deviation "
    "first (Sun et al. 2024, with temperature 2 and weight 9; the labels weigh 1 in dkd, 0.1 in "
    "distillation)",
    False,
)
DIMENSIONS = integer("of the linear embeddings that are compared", 128, least=1, most=65536)


def _heard(teacher: Key, images: str) -> dict[str, Key]:
    return {
        "teacher": teacher,
        "images": choice(
            "on which images the teacher is heard. unlabelled: cycles of a pass over the labelled "
            "images with cross-entropy and one over the others with the teacher; labelled: both "
            "losses in each step, on the labelled images; all: so, with as many unlabelled ones in "
            "each step",
            ("labelled", "unlabelled", "all"),
            images,
        ),
        "label_weight": number("of the cross-entropy with the labels", 1, above=0),
    }


def _of_logits(
    name: str, title: str, summary: str, images: str = "unlabelled", weight: float = 1, **more: Key
) -> Objective:
    own = {"weight": number("of the teacher's loss", weight, above=0)}
    options = {**_heard(TEACHERS, images), **own, **more}
    return Objective(name, title, summary, options, teacher="logits")


def _of_layers(
    name: str,
    title: str,
    summary: str,
    teacher: str,
    layers: str,
    weight: float,
    space: int = 0,
    **more: Key,
) -> Objective:
    options = {
        **_heard(TEACHER, "all"),
        "weight": number("of the loss between layers", weight, above=0),
        "layers": mapping(
            "layers of the student and of the teacher that are compared: names or paths of modules",
            text(""),
            {layer: layer for layer in layers},
            pattern=r"\S+",
            words="the name of a layer or the path of a module",
            least=1,
        ),
        "temperature": number(
            "T of Hinton's loss beside it; null: without it", None, null=True, above=0
        ),
        "kd_weight": number("of Hinton's loss beside it", 1, above=0),
        **more,
    }
    return Objective(name, title, summary, options, teacher=teacher, space=space)


def _semi_supervised(weight: float, ratio: int = 1, **more: Key) -> dict[str, Key]:
    step = integer("", least=0, most=10**9)
    return {
        "unlabelled_ratio": integer(
            "unlabelled images for each labelled one of a step, μ", ratio, least=1, most=1000
        ),
        "unlabelled_weight": number("of the unlabelled loss, at its largest", weight, least=0),
        "ramp_up": choice(
            "how that weight rises: gaussian is exp(-5 (1 - x)²); null: it is constant",
            ("linear", "gaussian", None),
            None,
        ),
        "ramp_up_steps": listed(
            "from which step to which it rises", step, None, null=True, least=2, most=2
        ),
        **more,
    }


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective(
            "cross_entropy",
            "cross-entropy",
            "cross-entropy on the labelled images",
            {
                "smoothing": number(
                    "part of each label that is spread over all classes (Szegedy et al. 2016)",
                    0,
                    least=0,
                    below=1,
                ),
                "batch_norm_images": choice(
                    "whose statistics batch normalisation keeps. labelled: those that training "
                    "gave; all: of one pass over all training images after it",
                    ("labelled", "all"),
                    "labelled",
                ),
            },
        ),
        Objective("untrained", "untrained", "no step: the weights as initialised", trains=False),
        Objective(
            "pretrained",
            "pretrained",
            "no step: the weights of a file",
            {
                "weights": text(
                    "a path, in which {budget} and {fold} stand for the run's; or a name of weights"
                )
            },
            trains=False,
        ),
        _of_logits(
            "distillation",
            "distillation",
            "T² KL(teacher ‖ student) (Hinton et al. 2015)",
            temperature=TEMPERATURE,
            standardise=STANDARDISE,
        ),
        _of_logits("teacher_labels", "teacher's labels", "cross-entropy with the teacher's class"),
        _of_logits(
            "dkd",
            "DKD",
            "the target against the rest, and the rest alone (Zhao et al. 2022)",
            images="all",
            temperature=TEMPERATURE,
            standardise=STANDARDISE,
            alpha=number("of the target against the rest", 1, least=0),
            beta=number("of the rest alone", 8, least=0),
            warm_up=integer("epochs over which the weight rises", 20, least=1, most=10**6),
        ),
        _of_logits(
            "dist",
            "DIST",
            "1 - Pearson's correlation of rows and of columns of probabilities (Huang et al. 2022)",
            images="all",
            weight=2,
            temperature=TEMPERATURE,
            standardise=STANDARDISE,
            beta=number("of the rows: classes of an image", 1, least=0),
            gamma=number("of the columns: images of a class", 1, least=0),
        ),
        _of_layers(
            "fitnet",
            "FitNet",
            "squared error of a regression to the teacher's map (Romero et al. 2015)",
            "live",
            "C",
            100,
            space=1,
        ),
        _of_layers(
            "attention_transfer",
            "attention transfer",
            "maps of attention (Zagoruyko & Komodakis 2017)",
            "arrays",
            "BCD",
            1000,
            space=2,
        ),
        _of_layers(
            "similarity_preserving",
            "similarity-preserving",
            "Gram matrices of the batch (Tung & Mori 2019)",
            "live",
            "D",
            3000,
        ),
        _of_layers(
            "correlation_congruence",
            "correlation congruence",
            "differences of successive images (Peng et al. 2019)",
            "arrays",
            "E",
            0.02,
            dimensions=DIMENSIONS,
        ),
        _of_layers(
            "vid",
            "VID",
            "likelihood of the teacher's maps (Ahn et al. 2019)",
            "live",
            "BCD",
            1,
            space=1,
            variance=number("of each of the teacher's channels before training", 5, above=0),
        ),
        _of_layers(
            "relational",
            "RKD",
            "distances and angles in the batch (Park et al. 2019)",
            "arrays",
            "E",
            1,
            distance_weight=number("of the distances", 25, least=0),
            angle_weight=number("of the angles", 50, least=0),
        ),
        _of_layers(
            "pkt",
            "PKT",
            "similarities in the batch as probabilities (Passalis & Tefas 2018)",
            "arrays",
            "E",
            30000,
        ),
        _of_layers(
            "nst",
            "NST",
            "discrepancy of the maps of channels (Huang & Wang 2017)",
            "live",
            "BCD",
            50,
            space=2,
        ),
        _of_layers(
            "crd",
            "CRD",
            "contrast with a memory of the training images (Tian et al. 2020)",
            "arrays",
            "E",
            0.8,
            dimensions=DIMENSIONS,
            negatives=integer(
                "drawn for each image, fewer where there are fewer", 16384, least=1, most=10**7
            ),
            contrast_temperature=number("by which similarities are divided", 0.07, above=0),
            memory_momentum=number(
                "part of the memory that an image's visit leaves", 0.5, above=0, below=1
            ),
        ),
        Objective(
            "pi_model",
            "Π-Model",
            "two views agree (Laine & Aila 2017)",
            _semi_supervised(10),
            unlabelled=True,
            compares_views=True,
        ),
        Objective(
            "pseudo_label",
            "Pseudo-Label",
            "confident classes (Lee 2013)",
            _semi_supervised(1, threshold=THRESHOLD),
            unlabelled=True,
        ),
        Objective(
            "mean_teacher",
            "Mean Teacher",
            "agree with the average of the weights (Tarvainen & Valpola 2017)",
            _semi_supervised(50),
            unlabelled=True,
            general=("ema_decay",),
        ),
        Objective(
            "mixmatch",
            "MixMatch",
            "mixed images and guessed labels (Berthelot et al. 2019)",
            _semi_supervised(
                75,
                views=integer("weak views that guess a label together", 2, least=1, most=100),
                temperature=number("T, that sharpens guesses", 0.5, above=0),
                mixup_alpha=number("parameter of MixUp's beta distribution", 0.75, above=0),
            ),
            unlabelled=True,
        ),
        Objective(
            "fixmatch",
            "FixMatch",
            "classes of weak views for strong ones (Sohn et al. 2020)",
            _semi_supervised(
                1,
                7,
                threshold=THRESHOLD,
                strong_operations=integer(
                    "operations of RandAugment in a strong view", 2, least=1, most=100
                ),
                cutout=number(
                    "side of a strong view's grey square, as a part of the image's",
                    0.5,
                    least=0,
                    most=1,
                ),
            ),
            unlabelled=True,
        ),
    )
}


def teacher_input(objective: str, augmentation: str) -> str | None:
    """Return the teacher's output that a training reads: ``logits``, ``network``, or None.

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
    """Yield the pairs of layers that an objective cannot compare.

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
