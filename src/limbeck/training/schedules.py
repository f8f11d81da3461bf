"""Learning rates."""

import math

from limbeck.study.method_settings import MethodSettings


def learning_rate(settings: MethodSettings, epoch: int, step: int, total: int) -> float:
    """Return the learning rate of one step.

    Parameters
    ----------
    settings : MethodSettings
        ``learning_rate``, ``schedule``, ``decay_epochs`` and ``decay_factor`` count.
    epoch, step : int
        Both from 0.
    total : int
        Number of steps of the whole training.

    Notes
    -----
    ``cosine`` goes from the full rate to 0 (Loshchilov & Hutter 2017), ``cosine_7_16`` along
    cos(7πx / 16) to a fifth of it (Sohn et al. 2020, Sec. 2.4), ``step`` multiplies by the factor
    every so many epochs, ``multi_step`` at the epochs listed.
    """
    match settings.schedule:
        case "constant":
            factor = 1.0
        case "cosine":
            factor = (1 + math.cos(math.pi * step / total)) / 2
        case "cosine_7_16":
            factor = math.cos(7 * math.pi * step / (16 * total))
        case "step":
            factor = settings.decay_factor ** (epoch // settings.decay_epochs[0])
        case "multi_step":
            factor = settings.decay_factor ** sum(epoch >= at for at in settings.decay_epochs)
    return settings.learning_rate * factor
