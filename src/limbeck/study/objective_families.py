"""What is declared of an objective, and what the objectives of one family have in common."""

from collections.abc import Mapping
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
        Whether it always needs unlabelled images; see
        `limbeck.study.objectives.needs_unlabelled`.
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


def of_logits(
    name: str, title: str, summary: str, images: str = "unlabelled", weight: float = 1, **more: Key
) -> Objective:
    """Return the declaration of an objective that compares logits; `more` are keys of its own."""
    own = {"weight": number("of the teacher's loss", weight, above=0)}
    options = {**_heard(TEACHERS, images), **own, **more}
    return Objective(name, title, summary, options, teacher="logits")


def of_layers(
    name: str,
    title: str,
    summary: str,
    teacher: str,
    layers: str,
    weight: float,
    space: int = 0,
    **more: Key,
) -> Objective:
    """Return the declaration of an objective that compares layers; `more` are keys of its own."""
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


def semi_supervised(weight: float, ratio: int = 1, **more: Key) -> dict[str, Key]:
    """Return the keys of a semi-supervised objective; `more` are its own."""
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
