"""Reading back what a test has stored."""

from limbeck.data.samples import Samples


def samples_of(dataset, part):
    """Read the images, labels and sample ids of ``"train"`` or ``"test"``."""
    return Samples(*(dataset.array(part, name) for name in ("images", "labels", "sample_ids")))
