"""Write versions, git commit, config and hardware."""

import json
from pathlib import Path

from limbeck.operations.provenance import describe_environment
from limbeck.runtime import storage
from limbeck.study.settings import StudyConfig


def write_provenance(settings: StudyConfig, output: Path) -> None:
    """Write versions, git commit, config and hardware as JSON.

    Parameters
    ----------
    settings : StudyConfig
        The merged config.
    output : Path
        File to write.
    """
    record = {"config": settings, **describe_environment()}
    storage.write_text(output, json.dumps(record, indent=2) + "\n")
