"""What networks were trained with, in the record of a study."""

import json
import logging

from limbeck.runtime import storage
from limbeck.stages.write_provenance import write_provenance

OLD = {"precision": "float32", "torch": "2.11.0", "hardware": "NVIDIA H200"}
NEW = {"precision": "bfloat16", "torch": "2.15.0", "hardware": "AMD EPYC"}


def test_runs_are_counted_by_what_they_were_trained_with(tmp_path, caplog):
    paths = [tmp_path / f"{number}.zarr" for number in range(4)]
    for path, made in zip(paths, (NEW, OLD, {}, NEW), strict=True):
        storage.write_store(path, {}, {"trained_with": made})
    output = tmp_path / "provenance.json"
    with caplog.at_level(logging.WARNING):
        write_provenance(paths, {"study": "mine"}, output)
    record = json.loads(output.read_text())
    assert record["trained"] == [{**NEW, "runs": 2}, {**OLD, "runs": 1}]
    assert record["config"] == {"study": "mine"}
    assert "networks were trained in several precisions" in caplog.text
    caplog.clear()
    write_provenance(paths[2:], {"study": "mine"}, output)
    assert not caplog.text
