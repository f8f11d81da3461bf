"""The SLURM profile: what stands between Snakemake and `sacct`, and how the doctor reads limits."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from limbeck.operations import cluster_checks, slurm_profile
from limbeck.runtime.errors import InputError
from limbeck.study.config import read_config

REPOSITORY = Path(__file__).parents[2]
BIN = REPOSITORY / "profiles/slurm/bin"
QUESTION = ("-X", "--parsable2", "--noheader", "--format=JobIdRaw,State", "--name", "some-run")


@pytest.fixture
def ask(tmp_path):
    """Return a function that asks for states where SLURM gives the answers it is told to give."""

    def run(answers, listed="", command="sacct", question=QUESTION, status=0, refusal=0, said=""):
        for name, text, code in (("sacct", answers, status), ("squeue", listed, refusal)):
            script = tmp_path / name
            script.write_text(f"#!/bin/sh\nprintf '{text}'\necho '{said}' >&2\nexit {code}\n")
            script.chmod(0o755)
        path = f"{BIN}:{BIN}:{tmp_path}:{os.environ['PATH']}"
        command = [BIN / command, *question]
        environment = {"PATH": path}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run


def test_states_that_the_executor_knows_pass_unchanged(ask):
    states = "1|COMPLETED\n2|RUNNING\n3|OUT_OF_MEMORY\n4|FAILED\n"
    assert ask(states).stdout == states
    assert ask("").stdout == ""


def test_a_cancelled_job_is_cancelled_whoever_did_it(ask):
    assert ask("7|CANCELLED by 1000\n").stdout == "7|CANCELLED\n"


@pytest.mark.parametrize("state", ["PREEMPTED", "NODE_FAIL"])
def test_a_job_that_lost_its_node_has_ended_unless_it_is_queued_again(ask, state):
    states = f"7|{state}\n17|{state}\n8|RUNNING\n"
    ended = "7|CANCELLED\n17|CANCELLED\n8|RUNNING\n"
    assert ask(states).stdout == ended
    assert ask(states, said="a warning").stdout == ended
    assert ask(states, listed="17\n").stdout == f"7|CANCELLED\n17|{state}\n8|RUNNING\n"
    gone = "slurm_load_jobs error: Invalid job id specified"
    assert ask(states, said=gone, refusal=1).stdout == ended
    # A controller that does not answer is no news.
    away = "slurm_load_jobs error: Unable to contact slurm controller"
    assert ask(states, said=away, refusal=1).stdout == states


def test_a_query_that_fails_is_no_news_of_any_job_and_says_why(ask, tmp_path):
    result = ask("7|RUN", status=1, said="connection refused")
    assert (result.returncode, result.stdout) == (0, "")
    (line,) = (tmp_path / "logs/slurm/states.log").read_text().splitlines()
    assert "sacct: connection refused" in line


def test_other_questions_reach_the_real_command(ask):
    result = ask("Reason for 7\n", question=("-j", "7", "--format=Reason"), status=3)
    assert (result.returncode, result.stdout) == (3, "Reason for 7\n")


def test_squeue_is_asked_in_the_same_way(ask):
    question = ("--format=%i|%T", "--states=all", "--noheader", "--name", "some-run")
    result = ask("", listed="5|RUNNING\n6|COMPLETED\n", command="squeue", question=question)
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
        ("n/a", float("inf")),
    ],
)
def test_limits_of_time_are_read_as_slurm_prints_them(text, minutes):
    assert cluster_checks._minutes(text) == minutes


@pytest.fixture
def profile(monkeypatch):
    """Return the profile as Snakemake reads it; its change of the path is undone."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    return slurm_profile.read_profile()


def test_the_profile_names_rules_that_are_there(profile):
    rules = set(rules_of_the_workflow())
    assert set(profile["groups"]) <= rules
    assert set(profile["set-resources"]) <= rules
    assert set(profile["group-components"]) <= set(profile["groups"].values())


def rules_of_the_workflow():
    """Return the text of each rule, and the name of the one that it repeats, or its own."""
    text = "\n".join(path.read_text() for path in (REPOSITORY / "workflow/rules").glob("*.smk"))
    parts = re.split(r"^(?:use )?rule (\w+)(?: as (\w+) with)?:", text, flags=re.M)[1:]
    return {
        other or name: (name, body)
        for name, other, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }


def rules_on_a_gpu():
    """Return the rules that ask for a GPU, those that repeat another rule among them."""
    asking = set()
    for rule, (repeated, body) in rules_of_the_workflow().items():
        if "gpu=GPU" in body or repeated in asking:
            asking.add(rule)
    return asking


def test_rules_that_need_a_gpu_are_those_of_the_profile(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.environ["PATH"])
    text = (REPOSITORY / "profiles/slurm/config.yaml").read_text()
    copy = tmp_path / "config.yaml"
    copy.write_text(text.replace("gpu_partition: null", "gpu_partition: accel"))
    monkeypatch.setattr(slurm_profile, "PROFILE", tmp_path)
    resources = slurm_profile.read_profile()["set-resources"]
    placed = {rule for rule, values in resources.items() if "slurm_partition" in values}
    assert placed == rules_on_a_gpu() == set(slurm_profile.ON_DEVICE)


@pytest.fixture
def other_profile(tmp_path, monkeypatch):
    """Return a function that gives the profile with text replaced in it."""
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "snakemake").mkdir()
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr(slurm_profile, "PROFILE", tmp_path / "snakemake/slurm")
    monkeypatch.setattr(cluster_checks, "PROFILE", tmp_path / "snakemake/slurm")
    slurm_profile.PROFILE.mkdir()

    def change(old, new):
        text = (REPOSITORY / "profiles/slurm/config.yaml").read_text()
        assert text.count(old) == 1
        (slurm_profile.PROFILE / "config.yaml").write_text(text.replace(old, new))
        return slurm_profile.read_profile()

    return change


def test_a_qos_is_that_of_every_rule(other_profile):
    profile = other_profile("\n  qos: null ", "\n  qos: long ")
    assert profile["default-resources"]["qos"] == "long"
    for rule, resources in profile["set-resources"].items():
        assert "qos" not in resources, rule
    assert cluster_checks._check_profile().endswith("slurm, 100 jobs at a time")


def test_a_profile_that_snakemake_does_not_read_by_name_is_said(
    other_profile, tmp_path, monkeypatch
):
    other_profile("\n  qos: null ", "\n  qos: long ")
    assert "--profile" not in cluster_checks._check_profile()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home/snakemake"
    with pytest.raises(InputError, match=f"does not find it by name; mkdir -p {folder} && ln -s"):
        cluster_checks._check_profile()
    theirs = folder / "slurm/config.yaml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("jobs: 5\n")
    said = cluster_checks._check_profile()
    assert said.endswith(
        f"; type --profile {slurm_profile.PROFILE}, as --profile slurm reads {theirs}"
    )
    shutil.rmtree(theirs.parent)
    theirs.parent.symlink_to(slurm_profile.PROFILE)
    assert "--profile" not in cluster_checks._check_profile()


def test_flags_that_a_training_would_lose_are_refused(other_profile):
    other_profile("\ndefault-resources:\n", "\ndefault-resources:\n  slurm_extra: \"'--qos=a'\"\n")
    with pytest.raises(InputError, match="that of train replaces it there, so that its flags are"):
        cluster_checks._check_profile()


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


def test_groups_ask_for_what_their_chains_need_side_by_side_and_in_turn():
    profile = {
        "retries": 1,
        "cores": 4,
        "groups": {
            **{"embed": "layers", "score": "layers", "extract": "gpu", "draw": "rest"},
            **{"gather": "rest", "search": "shared"},
        },
        "group-components": {"layers": 10, "gpu": 6, "shared": 6},
        "set-resources": {
            "embed": {"mem_mb": "100 * attempt", "runtime": "10 * attempt"},
            "score": {"mem_mb": 50, "runtime": 5},
            "extract": {"mem_mb": 30, "runtime": 7, "gpu": 1},
            "search": {"mem_mb": 30, "runtime": 7, "gpu": 0, "gres": "gpu:1"},
            "draw": {"mem_mb": 40, "runtime": 6},
            "gather": {"mem_mb": 10, "runtime": 2},
        },
    }
    jobs = {"embed": 99, "draw": 9, "gather": 1}
    asked = {
        name: (minutes, memory)
        for name, _, minutes, memory in slurm_profile.last_attempts(profile, jobs)
    }
    # Of 10 chains 4 at a time: 3 turns of 20 + 5 minutes; on a GPU one chain at a time, unless
    # it is asked for by gres: then 4 share it. Of the group that is not counted all jobs: 9 of 6
    # minutes in 3 turns, then one of 2.
    assert asked == {
        "embed": (20, 200),
        "score": (5, 50),
        "extract": (7, 30),
        "search": (7, 30),
        "group layers": (75, 800),
        "group gpu": (42, 30),
        "draw": (6, 40),
        "gather": (2, 10),
        "group rest": (20, 160),
        "group shared": (14, 120),
    }


def test_jobs_of_the_default_study_are_counted_by_rule():
    config = read_config([REPOSITORY / "config/config.yaml"])
    # 4 maps of noise, 2 embeddings; 3 folds of 3 methods of 5 layers.
    jobs = slurm_profile.jobs_by_rule(config)
    assert (jobs["embed_noise"], jobs["embed"], jobs["score_run"]) == (8, 90, 9)
    assert (jobs["embed_noise_on_gpu"], jobs["embed_on_gpu"]) == (0, 0)
    # One of the two, ivis_torch, runs on GPUs.
    jobs = slurm_profile.jobs_by_rule({**config, "device": "cuda"})
    assert (jobs["embed_noise"], jobs["embed"]) == (4, 45)
    assert (jobs["embed_noise_on_gpu"], jobs["embed_on_gpu"]) == (4, 45)


def test_a_resource_that_is_no_number_is_named():
    profile = {"retries": 2, "set-resources": {"embed": {"mem_mb": 1, "runtime": "2h"}}}
    with pytest.raises(InputError) as caught:
        list(slurm_profile.last_attempts(profile, {}))
    assert str(caught.value).startswith("set-resources.embed.runtime = 2h in profiles/slurm: must")


def placed(**changes):
    """Return the resources of rules where all that can compute on a GPU asks for one."""
    on_gpu = {"slurm_partition": "accel", "gpu": 0, "gres": "gpu:1"}
    return {**dict.fromkeys(slurm_profile.ON_DEVICE, on_gpu), **changes}


STUDY = {
    "device": "cuda",
    "embeddings": {
        "a": {"algorithm": "tsne"},
        "b": {"algorithm": "ivis_torch"},
        "c": {"algorithm": "tsne_gpu"},
    },
}


def test_the_doctor_names_embeddings_on_gpus():
    assert cluster_checks._check_device(STUDY, placed()) == "cuda, embeddings on GPUs: b, c"
    without = {"device": "cuda", "embeddings": {}}
    assert cluster_checks._check_device(without, placed()) == "cuda, embeddings on GPUs: none"


def test_the_doctor_names_rules_that_would_wait_for_a_gpu_in_vain():
    with pytest.raises(InputError, match="^predict, embed_on_gpu would wait for a GPU in a parti"):
        cluster_checks._check_device(STUDY, placed(predict={"mem_mb": 1}, embed_on_gpu={}))
    # A site may keep a rule on processors.
    cluster_checks._check_device(STUDY, placed(predict={"gpu": 0, "device": "'cpu'"}))


def test_a_study_without_embeddings_on_gpus_asks_for_none_of_their_jobs():
    profile = slurm_profile.read_profile()
    planned = slurm_profile.without_rules(profile, slurm_profile.EMBED_ON_GPU)
    names = [name for name, *_ in slurm_profile.last_attempts(planned, {})]
    assert set(names) & {"embed_on_gpu", "group gpu_embedding", "group gpu_noise"} == set()
    assert {"train", "embed", "group embedding", "group noise"} <= set(names)
