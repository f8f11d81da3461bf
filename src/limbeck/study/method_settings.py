"""Settings of a method, and what the schema cannot say of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MethodSettings:
    """How to train a network.

    Exactly one of `epochs` and `steps` is set. An epoch is one pass over the labelled images; under
    the distillation objective it is one cycle, a pass over the labelled images and then one over
    the unlabelled ones; under the semi-supervised objectives it is one pass over the unlabelled
    images, beside as many labelled batches as that takes. `decay_epochs` holds one period
    (``step``) or the epochs at which to decay (``multi_step``); `input_size` and `crop_padding` are
    in pixels. What is None by default may be missing in a config. `options` holds the objective's
    own keys, as `limbeck.study.objectives` declares them.
    """

    objective: str
    options: Mapping
    model: str
    weights: str | None
    input_size: int | None
    normalisation: str
    layers: Mapping[str, str]
    augmentation: str
    batch_size: int
    epochs: int | None
    steps: int | None
    learning_rate: float
    momentum: float
    nesterov: bool
    weight_decay: float
    schedule: str
    decay_epochs: tuple[int, ...]
    decay_factor: float | None
    precision: str
    crop_padding: int | None = None
    ema_decay: float | None = None


# The keys that an objective needs. Those that it does not name must be null under it, `RAMP_KEYS`
# but for the semi-supervised ones.
UNLABELLED_KEYS = ("unlabelled_ratio", "unlabelled_weight")
OBJECTIVE_KEYS = {
    "cross_entropy": (),
    "distillation": ("teacher", "temperature"),
    "pi_model": UNLABELLED_KEYS,
    "pseudo_label": (*UNLABELLED_KEYS, "threshold"),
    "mean_teacher": (*UNLABELLED_KEYS, "ema_decay"),
    "mixmatch": (*UNLABELLED_KEYS, "temperature", "views", "mixup_alpha"),
    "fixmatch": (*UNLABELLED_KEYS, "threshold", "strong_operations", "cutout"),
}
RAMP_KEYS = ("ramp_up", "ramp_up_steps")


def method_contradictions(method: Mapping, key: str) -> Iterator[str]:
    """Check what the schema cannot say of one method's settings.

    Parameters
    ----------
    method : mapping
        Valid under the schema.
    key : str
        What to call it in a message.

    Yields
    ------
    str
        One line for each contradiction.
    """
    if (method["epochs"] is None) == (method["steps"] is None):
        yield f"{key}: exactly one of epochs and steps must be set, the other null"
    if method["schedule"] in ("step", "multi_step"):
        if not method["decay_epochs"] or method["decay_factor"] is None:
            yield f"{key}.schedule = {method['schedule']}: needs decay_epochs and decay_factor"
        elif method["schedule"] == "step" and len(method["decay_epochs"]) != 1:
            yield f"{key}.decay_epochs = {method['decay_epochs']}: schedule step takes one period"
    if method["nesterov"] and method["momentum"] == 0:
        yield f"{key}.nesterov = true: needs a momentum > 0"
    yield from _objective_contradictions(method, key)
    crops = method["augmentation"] in ("crop", "crop_flip")
    if crops != (method.get("crop_padding") is not None):
        needed = "needs crop_padding" if crops else "crop_padding must be null"
        yield f"{key}.augmentation = {method['augmentation']}: {needed}"


def _objective_contradictions(method: Mapping, key: str) -> Iterator[str]:
    objective = method["objective"]
    needed = OBJECTIVE_KEYS[objective]
    named = {name for names in OBJECTIVE_KEYS.values() for name in names} | set(RAMP_KEYS)
    allowed = {"ema_decay", *needed, *(RAMP_KEYS if "unlabelled_ratio" in needed else ())}
    missing = [name for name in needed if method.get(name) is None]
    if missing:
        yield f"{key}.objective = {objective}: needs {', '.join(missing)}"
    for name in sorted(named - allowed):
        if method.get(name) is not None:
            users = [other for other, names in OBJECTIVE_KEYS.items() if name in names]
            yield (
                f"{key}.{name} = {method[name]}: must be null under objective {objective}; "
                f"used by {', '.join(users) or 'semi-supervised objectives'}"
            )
    if "unlabelled_ratio" in needed:
        yield from _ramp_contradictions(method, key)
    if objective == "distillation" and method["augmentation"] not in ("none", "flip"):
        yield (
            f"{key}.augmentation = {method['augmentation']}: objective distillation reads logits "
            "of images and mirror images; allowed: none, flip"
        )


def _ramp_contradictions(method: Mapping, key: str) -> Iterator[str]:
    ramp, steps = method.get("ramp_up"), method.get("ramp_up_steps")
    if (ramp is None) != (steps is None):
        yield f"{key}: ramp_up = {ramp}, ramp_up_steps = {steps}: set both, or both to null"
    elif ramp and steps[0] >= steps[1]:
        yield f"{key}.ramp_up_steps = {steps}: the second must be the larger"
