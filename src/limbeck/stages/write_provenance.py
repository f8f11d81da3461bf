"""Write versions, git commit, config, hardware, and what networks were trained with."""

import json
import logging
from collections import Counter
from pathlib import Path

from limbeck.operations.provenance import describe_environment
from limbeck.runtime import storage
from limbeck.study.settings import StudyConfig

LOGGER = logging.getLogger(__name__)


def write_provenance(predictions: list[Path], settings: StudyConfig, output: Path) -> None:
    """Write versions, git commit, config and hardware as JSON.

    These are of the process that writes them. What networks were trained with, which may have been
    on other machines and by other versions, is ``trained``.

    Parameters
    ----------
    predictions : list of Path
        Stores of test logits of all runs.
    settings : StudyConfig
        The merged config.
    output : Path
        File to write.
    """
    found = Counter(
        tuple(storage.open_store(path).attrs["trained_with"].items()) for path in predictions
    )
    trained = [{**dict(made), "runs": runs} for made, runs in found.items() if made]
    if len({made["precision"] for made in trained}) > 1:
        LOGGER.warning("networks were trained in several precisions: %s", trained)
    record = {"config": settings, "trained": trained, **describe_environment()}
    storage.write_text(output, json.dumps(record, indent=2) + "\n")
