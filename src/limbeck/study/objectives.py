"""The objectives of methods: what each needs of a teacher and of the images, and its keys.

Each is a module of its name in `limbeck.training.objectives`, but those that take no step.
"""

from collections.abc import Collection, Iterator, Mapping

from limbeck.study.keys import choice, integer, number, text
from limbeck.study.objective_families import (
    DIMENSIONS,
    STANDARDISE,
    TEMPERATURE,
    THRESHOLD,
    Objective,
    of_layers,
    of_logits,
    semi_supervised,
)

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
        of_logits(
            "distillation",
            "distillation",
            "T² KL(teacher ‖ student) (Hinton et al. 2015)",
            temperature=TEMPERATURE,
            standardise=STANDARDISE,
        ),
        of_logits("teacher_labels", "teacher's labels", "cross-entropy with the teacher's class"),
        of_logits(
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
        of_logits(
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
        of_layers(
            "fitnet",
            "FitNet",
            "squared error of a regression to the teacher's map (Romero et al. 2015)",
            "live",
            "C",
            100,
            space=1,
        ),
        of_layers(
            "attention_transfer",
            "attention transfer",
            "maps of attention (Zagoruyko & Komodakis 2017)",
            "arrays",
            "BCD",
            1000,
            space=2,
        ),
        of_layers(
            "similarity_preserving",
            "similarity-preserving",
            "Gram matrices of the batch (Tung & Mori 2019)",
            "live",
            "D",
            3000,
        ),
        of_layers(
            "correlation_congruence",
            "correlation congruence",
            "differences of successive images (Peng et al. 2019)",
            "arrays",
            "E",
            0.02,
            dimensions=DIMENSIONS,
        ),
        of_layers(
            "vid",
            "VID",
            "likelihood of the teacher's maps (Ahn et al. 2019)",
            "live",
            "BCD",
            1,
            space=1,
            variance=number("of each of the teacher's channels before training", 5, above=0),
        ),
        of_layers(
            "relational",
            "RKD",
            "distances and angles in the batch (Park et al. 2019)",
            "arrays",
            "E",
            1,
            distance_weight=number("of the distances", 25, least=0),
            angle_weight=number("of the angles", 50, least=0),
        ),
        of_layers(
            "pkt",
            "PKT",
            "similarities in the batch as probabilities (Passalis & Tefas 2018)",
            "arrays",
            "E",
            30000,
        ),
        of_layers(
            "nst",
            "NST",
            "discrepancy of the maps of channels (Huang & Wang 2017)",
            "live",
            "BCD",
            50,
            space=2,
        ),
        of_layers(
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
            semi_supervised(10),
            unlabelled=True,
            compares_views=True,
        ),
        Objective(
            "pseudo_label",
            "Pseudo-Label",
            "confident classes (Lee 2013)",
            semi_supervised(1, threshold=THRESHOLD),
            unlabelled=True,
        ),
        Objective(
            "mean_teacher",
            "Mean Teacher",
            "agree with the average of the weights (Tarvainen & Valpola 2017)",
            semi_supervised(50),
            unlabelled=True,
            general=("ema_decay",),
        ),
        Objective(
            "mixmatch",
            "MixMatch",
            "mixed images and guessed labels (Berthelot et al. 2019)",
            semi_supervised(
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
            semi_supervised(
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
    objective: str,
    pairs: Mapping[str, str],
    student: Mapping,
    teacher: Mapping,
    channels_last: tuple[Collection[str], Collection[str]],
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
    channels_last : tuple of collection of str
        The student's and the teacher's layers whose maps are (H, W, C).

    Yields
    ------
    str
        One clause for each layer that does not do.
    """
    least = OBJECTIVES[objective].space
    if not least:
        return
    sides = zip(
        ("student", "teacher"),
        (pairs, pairs.values()),
        (student, teacher),
        channels_last,
        strict=True,
    )
    for side, layers, shapes, turned in sides:
        for layer in layers:
            shape = tuple(shapes[layer][1:])
            size = f"layer {layer} of the {side} is {' x '.join(map(str, shape))}"
            if len(shape) == 3 and layer in turned:
                yield f"{size}, channels last; {objective} compares maps (C, H, W)"
            elif len(shape) != 3 or shape[1] * shape[2] < least:
                yield f"{size}; {objective} compares maps"
