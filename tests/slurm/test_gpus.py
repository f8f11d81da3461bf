"""Embeddings on GPUs: which jobs ask for one, what they get, and what stays on processors."""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from helpers.site import RUN, STEPS, finish

pytestmark = [pytest.mark.slow, pytest.mark.slurm]
LAYERS = "CE"
# The nodes have a GPU's device but no GPU: the command notes where it is, and computes without.
COMMAND = """#!{python}
import json, os, sys
words = [word.replace("cuda", "cpu") for word in sys.argv[1:]]
names = ("SLURM_JOB_ID", "SLURM_JOB_PARTITION", "CUDA_VISIBLE_DEVICES")
note = {{name: os.environ.get(name, "") for name in names}}
with open("{notes}", "a") as file:
    file.write(json.dumps({{**note, "words": sys.argv[1:]}}) + "\\n")
os.execv("{limbeck}", ["limbeck", *words])
"""


def note_where_jobs_run(folder):
    """Put a command into the checkout that notes its node's devices; return where."""
    notes, command = folder / "notes", folder / "bin/limbeck"
    command.parent.mkdir()
    limbeck = Path(sys.executable).with_name("limbeck")
    command.write_text(COMMAND.format(python=sys.executable, notes=notes, limbeck=limbeck))
    command.chmod(0o755)
    return notes


def places(notes):
    """Return, by command and name of embedding, the notes of its jobs."""
    found = defaultdict(list)
    for line in notes.read_text().splitlines():
        note = json.loads(line)
        words = note["words"]
        name = words[words.index("--name") + 1] if "--name" in words else ""
        found[words[0], name].append(note)
    return found


@pytest.mark.parametrize(
    ("request_", "memory"),
    [("{gpu: 1}", "8000M"), ('{gpu: 0, gres: "gpu:1"}', "16000M")],
    ids=["gpus", "gres"],
)
def test_embeddings_share_a_gpu_and_scores_stay_on_processors(site, request_, memory):
    site.edit("tiny.yaml", f"steps: {STEPS}", "steps: 4")
    site.edit("tiny.yaml", "embeddings: [tsne, pca]", "embeddings: [tsne, mine]")
    site.edit("tiny.yaml", "embedding: pca", "embedding: tsne")
    mine = "  mine: {algorithm: ivis_torch, k: 5, batch_size: 16, epochs: 2}\n"
    site.edit("tiny.yaml", "embeddings:\n", f"embeddings:\n{mine}")
    result = site.run("--cores", "2", *(f"{RUN}/neighbours/{layer}.zarr" for layer in LAYERS))
    assert result.returncode == 0, result.stderr
    site.set("gpu_partition", "accel")
    site.set("gpu_request", request_)
    # Networks and layers that a processor has made stay as they are.
    site.edit("tiny.yaml", "study: tiny", "study: tiny\ndevice: cuda")
    notes = note_where_jobs_run(site.folder)
    process = site.start(*(f"{RUN}/metrics/{layer}.csv" for layer in LAYERS))
    assert finish(process, 900) == 0, site.said
    found = places(notes)
    embedded = found["embed", "mine"]
    (job,) = {note["SLURM_JOB_ID"] for note in embedded}  # One allocation for all layers.
    for note in embedded:
        assert note["SLURM_JOB_PARTITION"] == "accel"
        assert note["CUDA_VISIBLE_DEVICES"] == "0"
        assert "cuda" in note["words"]
    for note in [*found["embed", "tsne"], *found["score_layer", ""]]:
        assert note["SLURM_JOB_PARTITION"] == "batch"
        assert note["CUDA_VISIBLE_DEVICES"] == ""
    assert {name: len(jobs) for name, jobs in found.items()} == {
        **{("embed", "mine"): 2, ("embed", "tsne"): 2, ("score_layer", ""): 2}
    }
    shown = site.cluster.check("scontrol", "show", "job", job)
    assert re.search("gres[:/]gpu:1", shown)
    assert f"MinMemoryNode={memory}" in shown  # By gres both layers are embedded at a time.


def test_the_doctor_says_what_is_embedded_on_gpus(site):
    site.set("gpu_partition", "accel")
    site.edit("tiny.yaml", "study: tiny", "study: tiny\ndevice: cuda")
    site.edit("tiny.yaml", "embeddings:\n", "embeddings:\n  mine: {algorithm: ivis_torch}\n")
    lines = site.limbeck("doctor", "--configfile", "tiny.yaml").stdout.splitlines()
    assert "ok    device: cuda, embeddings on GPUs: mine" in lines
    profile = "profiles/slurm/config.yaml"
    part = "    mem_mb: 8000 * attempt\n    runtime: 20 * attempt\n"
    head = f"  embed_on_gpu:\n{part}"
    lines_on_gpu = "    ?for resource, value in on_gpu.items():\n      ?resource: ?value\n"
    site.edit(profile, head + lines_on_gpu, head)
    (line,) = (
        line
        for line in site.limbeck("doctor", "--configfile", "tiny.yaml").stdout.splitlines()
        if "device" in line
    )
    assert line.startswith("FAIL  device: embed_on_gpu would wait for a GPU in a partition of pro")
