"""Settings of a method, and what its keys cannot say of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from limbeck.runtime.paths import show
from limbeck.study.keys import Key, boolean, choice, integer, listed, number, setting, text
from limbeck.study.networks import model_mistake
from limbeck.study.objectives import OBJECTIVES

# So long a training is where neither `epochs` nor `steps` is given.
DEFAULT_STEPS = 2000


def _channels(meaning: str, **bounds) -> Key:
    value = number("", **bounds)
    return listed(meaning, value, None, null=True, least=1, most=4, unique=False)


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """Network, objective and training settings of a method.

    An epoch is one pass over the labelled images. Under objectives with a teacher it depends on
    ``images``: with ``unlabelled`` it is one cycle, a pass over the labelled images and then one
    over the unlabelled ones; with ``labelled`` one pass over the labelled images; with ``all`` one
    pass over the unlabelled images, a labelled batch beside each. Under the semi-supervised
    objectives it is one pass over the unlabelled images, beside as many labelled batches as that
    takes. `options` holds the keys of the objective's own block, as `limbeck.study.objectives`
    declares them.
    """

    objective: str = setting(choice("what the network is trained for, see below", OBJECTIVES))
    options: Mapping = field(default_factory=dict)
    model: str = setting(text("the network, see below"))
    weights: str | None = setting(
        text(
            "what training starts from: a name that the family of networks knows, such as "
            "IMAGENET1K_V1, or the path of a state dict, with a / or a . in it, where {budget} and "
            "{fold} stand for the run's; null: random weights",
            None,
            null=True,
        )
    )
    input_size: int | None = setting(
        integer(
            "side in pixels to which images are resized; null: as they are",
            None,
            null=True,
            least=8,
            most=1024,
        )
    )
    interpolation: str = setting(
        choice("how they are resized", ("nearest", "bilinear", "bicubic"), "bilinear")
    )
    normalisation: str = setting(
        choice(
            "whose mean and standard deviation images are normalised by: those of the training "
            "images, of ImageNet, or mean and std",
            ("dataset", "imagenet", "own"),
            "dataset",
        )
    )
    mean: tuple[float, ...] | None = setting(
        _channels("for each channel, or one for all, of images scaled to [0, 1]; with own")
    )
    std: tuple[float, ...] | None = setting(_channels("likewise", above=0))
    augmentation: str = setting(
        choice(
            "the weak views of images: mirrored left to right, cropped",
            ("none", "flip", "crop", "crop_flip"),
            "none",
        )
    )
    crop_padding: int | None = setting(
        integer(
            "for crops: by how many pixels an image is shifted at most, its borders reflected",
            None,
            null=True,
            least=1,
            most=1024,
        )
    )
    batch_size: int = setting(integer("images a step", 64, least=1, most=10**6))
    epochs: int | None = setting(
        integer("length of the training, or null", None, null=True, least=1, most=10**6)
    )
    steps: int | None = setting(
        integer(
            f"length of the training, or null; {DEFAULT_STEPS} where neither is given",
            None,
            null=True,
            least=1,
            most=10**9,
        )
    )
    learning_rate: float = setting(number("of SGD", 0.1, above=0))
    momentum: float = setting(number("of SGD", 0.9, least=0, below=1))
    nesterov: bool = setting(boolean("Nesterov's momentum", True))
    weight_decay: float = setting(number("of SGD", 0.0005, least=0))
    schedule: str = setting(
        choice(
            "of the rate: cosine falls to 0, step by decay_factor every decay_epochs: [n], "
            "multi_step at each of decay_epochs, cosine_7_16 along cos(7πx / 16) to a fifth",
            ("constant", "cosine", "step", "multi_step", "cosine_7_16"),
            "cosine",
        )
    )
    decay_epochs: tuple[int, ...] = setting(
        listed("of step and multi_step", integer("", least=1, most=10**6), [], unique=False)
    )
    decay_factor: float | None = setting(
        number("of step and multi_step", None, null=True, above=0, below=1)
    )
    precision: str = setting(
        choice(
            "of training; bfloat16 leaves the weights float32, auto takes it where the processor "
            "or GPU has it. Predictions and activations are always float32",
            ("auto", "float32", "tf32", "bfloat16"),
            "auto",
        )
    )
    ema_decay: float | None = setting(
        number(
            "decay of an exponential moving average of the weights, which is then the network that "
            "is kept; null: the last weights",
            None,
            null=True,
            above=0,
            below=1,
        )
    )


# What counts where nothing is trained.
NETWORK_KEYS = ("model", "input_size", "interpolation", "normalisation", "mean", "std")


def method_contradictions(method: Mapping, key: str) -> Iterator[str]:
    """Check what keys cannot say of one method's settings.

    Parameters
    ----------
    method : mapping
        Valid by its keys and filled in, as `MethodSettings` has them.
    key : str
        What to call it in a message.

    Yields
    ------
    str
        One line for each contradiction.
    """
    wrong = model_mistake(method["model"])
    if wrong:
        yield f"{key}.model = '{show(method['model'])}': {wrong}"
    yield from _normalisation_contradictions(method, key)
    objective = OBJECTIVES[method["objective"]]
    if not objective.trains:
        if method["weights"] is not None:
            yield (
                f"{key}.weights = '{show(method['weights'])}': objective {method['objective']} "
                "does not read it; pretrained.weights names the weights of a finished network"
            )
        return
    if (method["epochs"] is None) == (method["steps"] is None):
        yield f"{key}: exactly one of epochs and steps must be set, the other null"
    if method["schedule"] in ("step", "multi_step"):
        yield from _decay_contradictions(method, key)
    else:
        for name in ("decay_epochs", "decay_factor"):
            if method[name]:
                yield (
                    f"{key}.{name} = {method[name]}: schedule {method['schedule']} does not read "
                    "it; choose step or multi_step, or leave it out"
                )
    if method["nesterov"] and method["momentum"] == 0:
        yield f"{key}.nesterov = true: needs a momentum > 0"
    crops = method["augmentation"] in ("crop", "crop_flip")
    if crops != (method["crop_padding"] is not None):
        needed = "needs crop_padding" if crops else "crop_padding must be null"
        yield f"{key}.augmentation = {method['augmentation']}: {needed}"
    missing = [name for name in objective.general if method[name] is None]
    if missing:
        yield f"{key}.objective = {objective.name}: needs {', '.join(missing)}"
    if objective.compares_views and method["augmentation"] == "none":
        yield (
            f"{key}.augmentation = none: {objective.name} compares two views of an image, which "
            "would be the same; choose another"
        )
    options, block = method["options"], f"{key}.{objective.name}"
    if "ramp_up" in objective.options:
        yield from _ramp_contradictions(options, block, method["steps"])
    weight = objective.options.get("kd_weight")
    if weight and options["temperature"] is None and options["kd_weight"] != weight.default:
        yield (
            f"{block}.kd_weight = {options['kd_weight']}: not read without a temperature; set one, "
            "or leave it out"
        )


def _normalisation_contradictions(method: Mapping, key: str) -> Iterator[str]:
    given = [name for name in ("mean", "std") if method[name] is not None]
    if method["normalisation"] == "own" and len(given) < 2:
        yield f"{key}.normalisation = own: needs mean and std"
    elif method["normalisation"] != "own" and given:
        yield f"{key}.{given[0]} = {method[given[0]]}: needs normalisation: own"
    elif len(given) == 2 and len(method["mean"]) != len(method["std"]):
        count = len(method["mean"])
        yield f"{key}.std = {method['std']}: must have as many values as mean, {count}"


def _decay_contradictions(method: Mapping, key: str) -> Iterator[str]:
    schedule, decays = method["schedule"], method["decay_epochs"]
    length = "steps" if method["epochs"] is None else "epochs"
    if not decays or method["decay_factor"] is None:
        yield f"{key}.schedule = {schedule}: needs decay_epochs and decay_factor"
    elif schedule == "step" and len(decays) != 1:
        yield f"{key}.decay_epochs = {decays}: schedule step takes one period"
    elif any(second <= first for first, second in pairwise(decays)):
        yield f"{key}.decay_epochs = {decays}: each must be larger than the one before"
    elif method[length] is not None and decays[-1] >= method[length]:  # An epoch has steps.
        yield (
            f"{key}.decay_epochs = {decays}: the training has ended by then; allowed: below "
            f"{length} = {method[length]}"
        )


def _ramp_contradictions(options: Mapping, key: str, taken: int | None) -> Iterator[str]:
    ramp, steps = options["ramp_up"], options["ramp_up_steps"]
    if (ramp is None) != (steps is None):
        yield f"{key}: ramp_up = {ramp}, ramp_up_steps = {steps}: set both, or both to null"
    elif ramp and steps[0] >= steps[1]:
        yield f"{key}.ramp_up_steps = {steps}: the second must be the larger"
    elif ramp and taken is not None and steps[0] >= taken:
        yield f"{key}.ramp_up_steps = {steps}: the training has ended by then; steps = {taken}"
