"""The jobs of a study are those that the workflow's rules make."""

import re
from collections import Counter
from pathlib import Path

from helpers.traces import small_jobs
from limbeck.operations import advice, status
from limbeck.operations.jobs import READS, RULES, Job, jobs_of
from limbeck.study.config import check_config, read_config
from limbeck.study.runs import reference_teacher

REPOSITORY = Path(__file__).parents[2]


def bodies():
    """Return the text of each rule."""
    text = "".join(
        path.read_text() for path in sorted((REPOSITORY / "workflow/rules").glob("*.smk"))
    )
    rules = re.split(r"^(?:rule|use rule \w+ as) (\w+)(?: with)?:\n", text, flags=re.M)
    found = dict(zip(rules[1::2], rules[2::2], strict=True))
    return {rule: body for rule, body in found.items() if "\n    output:\n" in f"\n{body}"}


def test_rules_write_and_log_what_is_looked_for():
    found = bodies()
    assert found.keys() == RULES.keys()
    wildcards = {name: f"{{{name}}}" for name in re.findall(r"{(\w+)}", str(RULES))}
    for rule, body in found.items():
        parts = dict(re.findall(r"^    (\w+):\n((?:     .*\n)+)", body, re.M))
        job = Job(rule, wildcards)
        assert sorted(re.findall(r'"(results/[^"]*)"', parts["output"])) == sorted(job.outputs)
        assert re.findall(r'"(.*)"', parts["log"]) == [job.log]
        assert re.findall(r'"(.*)"', parts["benchmark"]) == [job.benchmark]


def test_rules_have_their_place_in_picture_and_advice():
    for rule, (place, _) in RULES.items():
        of_layer, of_run = "{layer}" in place, "{method}/budget" in place
        assert (rule in status.COLUMNS) == (of_run and not of_layer)
        assert (rule in status.PARTS) == (not of_run)
    asked_for = ("results/{study}/tables", "results/{study}/figures", "results/{study}/explorer")
    targets = [
        rule
        for rule, (_, outputs) in RULES.items()
        if outputs[0].startswith((*asked_for, "results/{study}/provenance"))
    ]
    assert sorted(targets) == sorted(advice.TARGETS)
    order = list(RULES)
    for rule, read in READS.items():
        assert all(order.index(other) < order.index(rule) for other in read)


def test_jobs_of_a_study(study):
    counts = Counter(job.rule for job in small_jobs())
    assert counts == {
        **{"prepare_dataset": 1, "prepare_superclasses": 1, "split_dataset": 1},
        "teacher_logits": 1,
        **dict.fromkeys(["train", "predict"], 3),  # the teacher's predictions are compared with
        "score_run": 2,
        **dict.fromkeys(["extract_activations", "find_neighbours", "embed"], 4),
        "score_layer": 4,
        **{"gather_study": 1, "build_table": 7, "draw_figure": 1, "write_provenance": 1},
        **{"write_explorer": 1},
        **{"compare_layers": 1, "test_methods": 1, "compare_accuracies": 1},
    }


def methods_of(jobs, rule):
    return [(job.values["method"], job.values["budget"]) for job in jobs if job.rule == rule]


def test_teachers_are_run_wherever_they_are_heard(study):
    config = read_config(["small.yaml"])
    methods = config["methods"]
    methods["second"] = {**methods["distilled"], "budgets": [10]}
    methods["second"]["distillation"] = {
        **methods["second"]["distillation"],
        "teacher": "distilled",
    }
    methods["distilled"] = {**methods["distilled"], "budgets": [50]}
    config |= {"budgets": [10, 50], "methods": methods}
    config["run"]["methods"] = ["second", "distilled"]
    jobs = list(jobs_of(config))
    assert methods_of(jobs, "train") == [
        ("second", 10),
        ("distilled", 50),
        ("teacher", 50),
        ("distilled", 10),
        ("teacher", 10),
    ]
    assert methods_of(jobs, "teacher_logits") == [
        ("distilled", 10),
        ("teacher", 50),
        ("teacher", 10),
    ]
    assert methods_of(jobs, "score_layer")[::2] == [("second", 10), ("distilled", 50)]
    assert [job.values["budget"] for job in jobs if job.rule == "compare_layers"] == [10, 50]


def test_no_teacher_is_run_only_to_be_compared_with(study):
    config = read_config(["small.yaml"])
    methods = dict(config["methods"])
    methods["undistilled"] = {**methods["teacher"], "budgets": None}
    methods["teacher"] = {**methods["teacher"], "budgets": [50]}
    methods["distilled"] = {**methods["distilled"], "budgets": [50]}
    config |= {"budgets": [10, 50], "methods": methods}
    config["run"]["methods"] = ["teacher", "undistilled", "distilled"]
    jobs = list(jobs_of(config))
    for rule in ("train", "predict"):
        assert sorted(methods_of(jobs, rule)) == [
            ("distilled", 50),
            ("teacher", 50),
            ("undistilled", 10),
            ("undistilled", 50),
        ]
    assert reference_teacher(config, "undistilled", 50, 0) == "teacher"
    assert reference_teacher(config, "undistilled", 10, 0) is None
    assert reference_teacher(config, "distilled", 10, 0) == "teacher"


def test_all_are_compared_with_the_first_teacher_that_has_none(study):
    config = read_config(["small.yaml"])
    methods = dict(config["methods"])

    def heard(name, teacher):
        block = {**methods["distilled"]["distillation"], "teacher": teacher}
        methods[name] = {**methods["distilled"], "distillation": block}

    heard("distilled", "assistant")
    heard("assistant", "teacher")
    methods["other"] = methods["teacher"]
    heard("pupil", "other")
    config |= {"methods": methods}
    names = ["other", "undistilled", "distilled", "assistant", "pupil", "teacher"]
    config["run"]["methods"] = names
    found = {name: reference_teacher(config, name, 10, 0) for name in names}
    assert found == {**dict.fromkeys(names, "teacher"), "teacher": None}


def test_what_is_not_trained_needs_no_split_and_no_logits():
    config = check_config(
        {
            "study": "five",
            "dataset": {"name": "digits", "test_fraction": 0.2},
            "methods": {
                "before": {"objective": "untrained", "model": "wrn_10_1"},
                "after": {"objective": "untrained", "model": "wrn_10_2"},
            },
            "layers": {"E": "auto", "F": {"after": "group3"}},
        }
    )
    jobs = list(jobs_of(config))
    rules = {job.rule for job in jobs}
    assert rules.isdisjoint(["split_dataset", "teacher_logits"])
    places = [
        (job.values["method"], job.values["layer"]) for job in jobs if job.rule == "score_layer"
    ]
    assert places == [("before", "E"), ("after", "E"), ("after", "F")]
