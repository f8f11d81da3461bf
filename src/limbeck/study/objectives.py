"""The objectives of methods: what each needs, and the keys of its block in the config."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from limbeck.study.keys import Key, choice, integer, listed, number, text


@dataclass(frozen=True)
class Objective:
    """What a method can minimise.

    Attributes
    ----------
    name : str
        In the config, and of its module in `limbeck.training.objectives`.
    title : str
        In print.
    summary : str
        One line, with the source.
    options : mapping of str to Key
        The keys of its block.
    trains : bool
        Whether it takes steps; the others need no key of training.
    unlabelled : bool
        Whether it needs unlabelled images.
    general : tuple of str
        General keys of the method that must not be null.
    """

    name: str
    title: str
    summary: str
    options: Mapping[str, Key] = field(default_factory=dict)
    trains: bool = True
    unlabelled: bool = False
    general: tuple[str, ...] = ()


def _semi_supervised(weight: float, ratio: int = 1, **options: Key) -> dict[str, Key]:
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
        **options,
    }


TEACHER = text("the method to learn from; any other, so that chains are possible", names="methods")
THRESHOLD = number("the least probability of a class taken for a label", 0.95, above=0, below=1)

OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("cross_entropy", "cross-entropy", "cross-entropy on the labelled images"),
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
        Objective(
            "distillation",
            "distillation",
            "T² KL(teacher ‖ student) (Hinton et al. 2015)",
            {
                "teacher": TEACHER,
                "temperature": number("T, by which logits are divided", 4, above=0),
            },
            unlabelled=True,
        ),
        Objective(
            "pi_model",
            "Π-Model",
            "two views agree (Laine & Aila 2017)",
            _semi_supervised(10),
            unlabelled=True,
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
