"""How many steps an epoch has."""

from collections.abc import Mapping


def count_batches(images: int, batch_size: int) -> int:
    """Return the number of batches of a pass, where a single image left over joins the last one."""
    full, rest = divmod(images, batch_size)
    return full + (rest > 1 or full == 0)


def steps_per_epoch(options: Mapping, batch_size: int, labelled: int, unlabelled: int) -> int:
    """Return the number of steps in an epoch of an objective.

    Parameters
    ----------
    options : mapping
        The objective's. With ``unlabelled_ratio`` an epoch is a pass over the unlabelled images, as
        far as they fill its batches; else it goes by ``images``, and is a pass over the labelled
        ones where there is no such option.
    batch_size : int
        Labelled images a step.
    labelled, unlabelled : int
        Numbers of training images.
    """
    if "unlabelled_ratio" in options:
        return unlabelled // (options["unlabelled_ratio"] * batch_size)
    images, pass_over_labelled = options.get("images"), count_batches(labelled, batch_size)
    if images in (None, "labelled") or not unlabelled:
        return pass_over_labelled
    rest = count_batches(unlabelled, batch_size)
    return pass_over_labelled + rest if images == "unlabelled" else rest
