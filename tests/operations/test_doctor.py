"""The doctor says what a study needs of the machine, and that there is no SLURM."""

import os
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from limbeck import cli
from limbeck.data.facts import Facts
from limbeck.operations import cluster_checks, machine_checks
from limbeck.operations.doctor import diagnose
from limbeck.operations.jobs import jobs_of
from limbeck.runtime.errors import InputError
from limbeck.study.config import check_config

Usage = namedtuple("Usage", "total used free")
NOTES = {
    "study": "five",
    "dataset": {"name": "digits", "test_fraction": 0.2},
    "methods": {
        "before": {"objective": "untrained", "model": "wrn_10_1"},
        "after": {"objective": "untrained", "model": "wrn_10_2"},
    },
    "layers": {"D": "auto", "F": {"after": "group3"}},
    "run": {"embeddings": ["pca"]},
    "metrics": {"neighbours": 10},
}


@pytest.fixture
def without_slurm(tmp_path, monkeypatch):
    """Work in an empty folder where the only command is Python."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_one_machine_without_slurm(without_slurm):
    lines = [line for ok, line in diagnose(check_config(NOTES)) if ok]
    assert [line.split(":")[0].removeprefix("ok    ") for line in lines] == [
        *("device", "processors", "libraries", "dataset", "networks", "disk", "memory", "SLURM")
    ]
    assert lines[3] == (
        "ok    dataset: digits, 10 classes, 1437 training and 360 test images of 8 x 8 x 1"
    )
    assert lines[4] == "ok    networks: those of before, after can be built and take the images"
    assert lines[7] == "ok    SLURM: not on this machine (no sbatch), so jobs run here"
    assert not (without_slurm / ".snakemake").exists()


def test_a_dataset_that_is_too_small_or_not_there_ends_the_checks(without_slurm, capsys):
    config = check_config({**NOTES, "activations": {"images_per_class": 36}})
    *_, (ok, line), last = diagnose(config)
    assert not ok and last[0]
    assert line.startswith(
        "FAIL  dataset: activations.images_per_class = 36: class '2' has only 35 test images"
    )
    (without_slurm / "own.yaml").write_text(
        "study: own\n"
        "dataset: {name: image_folder, path: nowhere}\n"
        "methods: {it: {objective: untrained, model: wrn_10_1}}\n"
    )
    assert cli.main(["doctor", "--configfile", "own.yaml"]) == 1
    assert "\nFAIL  dataset: dataset.path = nowhere: no such file" in capsys.readouterr().out


def test_networks_that_do_not_take_the_images(without_slurm):
    methods = {"it": {"objective": "untrained", "model": "vgg11"}}
    config = check_config({**NOTES, "methods": methods, "layers": {"D": "auto"}})
    *_, (ok, line), _ = diagnose(config)
    assert not ok
    assert line.startswith("FAIL  networks: methods.it: model = vgg11: takes no images of 8")


VALUES = {"before": {"D": 1000}, "after": {"D": 2000, "F": 3000}}


@pytest.mark.parametrize(
    ("dtype", "temporary", "needed"),
    [
        # 0.57 of 8 bytes for each of 3 layers' 10 neighbours of 1,000,000 images, and 0.88 of 4
        # bytes for each of their 6,000 values; in half precision 0.93 of 2.
        ("float32", False, 0.1368 + 21.12),
        ("float16", False, 0.1368 + 11.16),
        ("float32", True, 0.1368 + 21.12),  # of one budget and fold
    ],
)
def test_space_on_the_disk(without_slurm, monkeypatch, dtype, temporary, needed):
    activations = {"dtype": dtype, "temporary": temporary}
    config = check_config({**NOTES, "activations": activations})
    for free, enough in ((needed + 0.01, True), (needed - 0.01, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(0, 0, free * 1e9))
        if enough:
            said = machine_checks._check_disk(config, 10**6, VALUES)
            assert said.startswith(f"about {needed:.1f} GB to be written, {free:.1f} GB are free")
        else:
            with pytest.raises(InputError, match=f"about {needed:.1f} GB are to be written"):
                machine_checks._check_disk(config, 10**6, VALUES)


def test_stores_that_are_there_need_no_more_space(without_slurm):
    config = check_config(NOTES)
    for job in jobs_of(config):
        if job.rule in ("extract_activations", "find_neighbours"):
            Path(job.outputs[0]).mkdir(parents=True)
    said = machine_checks._check_disk(config, 10**6, VALUES)
    assert said.startswith("about 0.0 GB to be written")


def test_memory_of_the_largest_job(monkeypatch):
    facts = Facts(["a", "b"], [10**6, 10**6], [10, 10], (10, 10, 3), {})
    values = {"it": {"A": 10**5, "E": 10}}
    there = {"SC_PAGE_SIZE": 10**3, "SC_PHYS_PAGES": 10**7}
    monkeypatch.setattr(os, "sysconf", there.get)
    # 0.6 GB and the training images; 9.6 bytes for each value of a layer; 16 for each pair.
    for images, needed in ((10, 1.2), (1000, 1.56), (20_000, 7.0)):
        said = machine_checks._check_memory(
            facts, images, {"it": {"E": 10}} if images > 1000 else values
        )
        assert said == f"about {needed:.1f} GB for the largest job, 10.0 GB in this machine"
    with pytest.raises(InputError, match="about 19.8 GB .*use a smaller"):
        machine_checks._check_memory(facts, 20_000, values)


@pytest.mark.parametrize(
    ("said", "name", "known"),
    [("normal\nnormal,high\n", "high", None), ("normal\n\n", "hihg", "allowed: normal")],
)
def test_qos_and_accounts_are_those_of_accounting(monkeypatch, said, name, known):
    monkeypatch.setattr(cluster_checks, "_answer", lambda *command: said)
    assert cluster_checks._check_association("qos", None) == "yours by default"
    if known is None:
        assert cluster_checks._check_association("qos", name) == name
    else:
        with pytest.raises(InputError, match=f"'{name}' is none of yours; {known}"):
            cluster_checks._check_association("qos", name)


@pytest.mark.parametrize(
    ("mine", "of_qos", "account", "qos", "line"),
    [
        ("vision||\n", "normal|\n", None, None, None),
        ("vision||20\n", "normal|\n", None, None, "account vision allows 20 (MaxSubmitJobs)"),
        ("vision||100\n", "normal|\n", None, None, None),
        ("vision||20\nother||\n", "normal|\n", "other", None, None),
        ("vision||\nother||20\n", "normal|\n", None, None, None),
        # A QOS's limit takes the place of the account's.
        ("vision||20\n", "normal|500\n", None, None, None),
        ("vision||\n", "normal|\nlow|50\n", None, "low", "QOS low allows 50 (MaxSubmitJobs)"),
        ("vision|low|\n", "normal|\nlow|50\n", None, None, "QOS low allows 50 (MaxSubmitJobs)"),
        ("vision|low|\n", "normal|\nlow|50\n", None, "normal", None),
    ],
)
def test_jobs_in_the_queue_are_as_many_as_may_be_submitted(
    monkeypatch, mine, of_qos, account, qos, line
):
    said = {"associations": mine, "user": "vision\n", "qos": of_qos}
    monkeypatch.setattr(cluster_checks, "_answer", lambda *command: said[command[4]])
    if line is None:
        assert cluster_checks._check_submissions(100, account, qos).startswith("100 in the queue, ")
    else:
        with pytest.raises(InputError) as caught:
            cluster_checks._check_submissions(100, account, qos)
        limit = line.split()[3]
        assert str(caught.value) == (
            f"the profile has up to 100 in the queue, {line}, and those beyond fail; "
            f"set jobs: {limit} in profiles/slurm"
        )


def test_without_accounting_no_limit_of_jobs_is_known(without_slurm):
    said = cluster_checks._check_submissions(100, None, None)
    assert said == "limits are not known, sacctmgr gives no answer"
