"""The SLURM profile: what stands between Snakemake and `sacct`, and how the doctor reads limits."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from limbeck import doctor
from limbeck.progress import RULES

REPOSITORY = Path(__file__).parents[2]
BIN = REPOSITORY / "profiles/slurm/bin"
QUESTION = ("-X", "--parsable2", "--noheader", "--format=JobIdRaw,State", "--name", "some-run")


@pytest.fixture
def ask(tmp_path):
    """Return a function that asks for states where SLURM gives the answers it is told to give."""

    def run(answers, listed="", command="sacct", question=QUESTION, status=0, refusal=0):
        for name, text, code in (("sacct", answers, status), ("squeue", listed, refusal)):
            script = tmp_path / name
            script.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n")
            script.chmod(0o755)
        path = f"{BIN}:{BIN}:{tmp_path}:{os.environ['PATH']}"
        return subprocess.run(
            [BIN / command, *question], env={"PATH": path}, capture_output=True, text=True
        )

    return run


def test_states_that_the_executor_knows_pass_unchanged(ask):
    states = "1|COMPLETED\n2|RUNNING\n3|OUT_OF_MEMORY\n4|FAILED"
    assert ask(states).stdout == f"{states}\n"


def test_a_cancelled_job_is_cancelled_whoever_did_it(ask):
    assert ask("7|CANCELLED by 1000").stdout == "7|CANCELLED\n"


@pytest.mark.parametrize("state", ["PREEMPTED", "NODE_FAIL"])
def test_a_job_that_lost_its_node_has_ended_unless_it_is_queued_again(ask, state):
    assert ask(f"7|{state}", listed="").stdout == "7|CANCELLED\n"
    assert ask(f"7|{state}", listed="7").stdout == f"7|{state}\n"
    gone = "slurm_load_jobs error: Invalid job id specified"
    assert ask(f"7|{state}", listed=gone, refusal=1).stdout == "7|CANCELLED\n"
    # A controller that does not answer is no news.
    away = "slurm_load_jobs error: Unable to contact slurm controller"
    assert ask(f"7|{state}", listed=away, refusal=1).stdout == f"7|{state}\n"


def test_a_query_that_fails_is_no_news_of_any_job(ask):
    result = ask("connection refused", status=1)
    assert (result.returncode, result.stdout.strip()) == (0, "")


def test_other_questions_reach_the_real_command(ask):
    result = ask("Reason for 7", question=("-j", "7", "--format=Reason"), status=3)
    assert (result.returncode, result.stdout) == (3, "Reason for 7\n")


def test_squeue_is_asked_in_the_same_way(ask):
    question = ("--format=%i|%T", "--states=all", "--noheader", "--name", "some-run")
    result = ask("", listed="5|RUNNING\n6|COMPLETED", command="squeue", question=question)
    assert result.stdout == "5|RUNNING\n6|COMPLETED\n"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1:00:00", 60),
        ("30:00", 30),
        ("45", 0.75),
        ("2-00:00:00", 2880),
        ("1-12:30:00", 2190),
        ("infinite", float("inf")),
    ],
)
def test_limits_of_time_are_read_as_slurm_prints_them(text, minutes):
    assert doctor._minutes(text) == minutes


@pytest.fixture
def profile(monkeypatch):
    """Return the profile as Snakemake reads it; its change of the path is undone."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    return doctor.read_profile()


def test_the_profile_names_rules_that_are_there(profile):
    assert set(profile["groups"]) <= set(RULES)
    assert set(profile["set-resources"]) <= set(RULES)
    assert set(profile["group-components"]) <= set(profile["groups"].values())


def rules_on_a_gpu():
    """Return the rules that ask for a GPU, those that repeat another rule among them."""
    text = "\n".join(path.read_text() for path in (REPOSITORY / "workflow/rules").glob("*.smk"))
    parts = re.split(r"^(?:use )?rule (\w+)(?: as (\w+) with)?:", text, flags=re.M)[1:]
    asking = set()
    for name, other, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if "gpu=GPU" in body or (other and name in asking):
            asking.add(other or name)
    return asking


def test_rules_that_need_a_gpu_are_those_of_the_profile(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.environ["PATH"])
    text = (REPOSITORY / "profiles/slurm/config.yaml").read_text()
    copy = tmp_path / "config.yaml"
    copy.write_text(text.replace("gpu_partition: null", "gpu_partition: accel"))
    monkeypatch.setattr(doctor, "PROFILE", tmp_path)
    resources = doctor.read_profile()["set-resources"]
    placed = {rule for rule, values in resources.items() if "slurm_partition" in values}
    assert placed == rules_on_a_gpu()


def test_jobs_of_a_group_are_all_for_a_gpu_or_none(profile):
    """Snakemake refuses a group in which only some jobs have a resource that is text: device."""
    asking = rules_on_a_gpu()
    for group in set(profile["groups"].values()):
        members = {rule for rule, name in profile["groups"].items() if name == group}
        assert members <= asking or not members & asking, group


def test_every_rule_has_memory_and_time_that_grow(profile):
    for rule, resources in profile["set-resources"].items():
        for key in ("mem_mb", "runtime"):
            assert "attempt" in str(resources[key]), (rule, key)
