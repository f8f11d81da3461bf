"""The pages of results are in step with the numbers beside them."""

import csv
import importlib
import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs"
FOLDS = 5
UNDISTILLED = [0.1, 0.11, 0.12, 0.1, 0.11]
ROUNDED = [value + (1 + number % 2) * np.spacing(value) for number, value in enumerate(UNDISTILLED)]


@pytest.fixture(params=["write_cifar100", "write_distillation"])
def page(request, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module(request.param)


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("write_cifar100")


def rows(values, metric="accuracy", layer="", embedding=""):
    """Return tidy rows of two methods, a value for each fold."""
    place = {"metric": metric, "budget": "400", "layer": layer, "embedding": embedding}
    return [
        {**place, "method": method, "fold": str(fold), "value": str(value)}
        for method, folds in values.items()
        for fold, value in enumerate(folds)
    ]


def test_a_page_is_written_from_its_numbers(page):
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), f"python {page.__file__}"


def test_claims_follow_from_the_numbers(script):
    with (script.DATA / "claims.csv").open(encoding="utf-8") as file:
        verdicts = [row["verdict"] for row in csv.DictReader(file)]
    assert verdicts == [row[-1] for row in script.contrasts()]


def test_the_readme_has_the_numbers_of_the_page(script):
    study = script.Study.read(script.WHOLE / "metrics.csv", 1)
    whole = script.Named(study, 2500)
    words = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    means = re.search(r"Over five folds (.*?)\. The pictures", words, re.S)[1]
    grid = script.Study.read(script.DATA / "metrics.csv", FOLDS)
    expected = [(name, budget) for budget in (400, 2500, 20000) for name in script.STUDENTS]
    expected += [("hard_labels", 2500), ("labelled_only", 2500)]
    accuracies = [100 * grid.mean(name, script.Cell("accuracy", b)) for name, b in expected]
    assert re.findall(r"\d+\.\d\d", means) == [f"{accuracy:.2f}" for accuracy in accuracies]
    right = [whole[f"accuracy of {name}"] for name in ("teacher", "undistilled", "distilled")]
    found = re.search(r"teacher has ([\d.]+) %.*?student ([\d.]+) %.*?one ([\d.]+) %", words, re.S)
    assert list(found.groups()) == right
    areas = [whole[f"class_area_ratio of {name} at D by tsne"] for name in script.STUDENTS[::-1]]
    found = re.search(r"in layer D (\d+) % of .*? student, (\d+) % in the undistilled", words)
    assert list(found.groups()) == [f"{float(area):.0f}" for area in areas]
    alike = [whole[f"cka:teacher.E of {name} at E"] for name in script.STUDENTS[::-1]]
    assert "{} in E against {}".format(*alike) in words
    longer = script.Study.read(script.DATA / "longer.csv", FOLDS)
    passes = re.search(r"passes its teacher\]\(\S+\), ([\d.]+) against ([\d.]+) %", words)
    means = [longer.mean(name, script.Cell("accuracy", 2500)) for name in ("distilled", "teacher")]
    assert list(passes.groups()) == [f"{100 * mean:.2f}" for mean in means]


def test_the_summary_says_what_the_numbers_say(script):
    grid = script.Study.read(script.DATA / "metrics.csv", FOLDS)
    undistilled, distilled, teacher = (
        [grid.mean(name, script.Cell("accuracy", budget)) for budget in script.BUDGETS]
        for name in ("undistilled", "distilled", "teacher")
    )
    gaps = [high - low for high, low in zip(distilled, undistilled, strict=True)]
    assert gaps[1:] == sorted(gaps[1:], reverse=True) and gaps[1] > gaps[0] and gaps[-1] > 0
    assert all(own < other for own, other in zip(distilled, teacher, strict=True))
    few = {name: grid.mean(name, script.Cell("accuracy", 2500)) for name in script.CONTROLS}
    half = (distilled[1] + undistilled[1]) / 2
    assert few["labelled_only"] < half < few["hard_labels"]
    assert max(few["smoothed"], few["all_statistics"]) < undistilled[1] + 0.005


def test_the_words_on_longer_training_say_what_the_numbers_say(script):
    grid, longer = (
        script.Study.read(script.DATA / name, FOLDS) for name in ("metrics.csv", "longer.csv")
    )
    accuracy, error = script.Cell("accuracy", 2500), script.Cell("calibration_error", 2500)
    distilled, teacher = (longer.over_folds(name, accuracy) for name in ("distilled", "teacher"))
    assert len(distilled) == FOLDS and all(distilled[fold] > teacher[fold] for fold in distilled)
    for name in ("teacher", *script.STUDENTS):
        assert longer.mean(name, error) > grid.mean(name, error)
    gains = {
        name: longer.mean(name, accuracy) - grid.mean(name, accuracy)
        for name in ("teacher", *script.STUDENTS)
    }
    assert max(gains, key=gains.get) == "distilled"
    judged = {"held", "did not hold", "cannot be told", "not contradicted"}
    layers = [
        [script.judge(study, contrast)[-1] for study in (grid, longer)]
        for claim in script.LONGER_CLAIMS
        for contrast in claim.contrasts
        if contrast.cell.layer
    ]
    assert all(short == long for short, long in layers if {short, long} <= judged)
    assert sum({short, long} <= judged for short, long in layers) == 14
    for metric, embedding, sign in (("class_area_ratio", "tsne", -1), ("probe_accuracy", "", 1)):
        for layer in "DE":
            cell = script.Cell(metric, 2500, layer, embedding)
            apart, further = (
                sign * (study.mean("distilled", cell) - study.mean("undistilled", cell))
                for study in (grid, longer)
            )
            assert 0 < apart < further
            assert sign * (longer.mean("distilled", cell) - grid.mean("distilled", cell)) > 0


def test_claims_of_longer_training_are_those_of_its_budget(script):
    places = {
        (term[2].budget, claim.table)
        for claim in script.LONGER_CLAIMS
        for contrast in claim.contrasts
        for term in contrast.terms
    }
    assert places == {(2500, "longer.csv")}
    sentences = [claim.sentence for claim in script.LONGER_CLAIMS]
    assert sentences == [c.sentence for c in script.CLAIMS if c.sentence in sentences]
    assert not [text for text in sentences if "400 labels" in text or "20,000 labels" in text]


def test_networks_of_two_machines_are_compared_in_points(script, monkeypatch):
    ours, again = rows({"undistilled": [0.1, 0.2, 0.3]}), rows({"undistilled": [0.11, 0.22, 0.33]})
    for both in (ours, again):
        both += [{**row, "budget": "2500"} for row in both]
    monkeypatch.setattr(script, "_rows", {"processor.csv": again}.get)
    differences = script.machines(script.Study(ours, FOLDS))
    assert differences.summary("undistilled", script.Cell("accuracy", 400)) == "2.00 ± 1.00 (3)"
    # 1, 2, 3, 1, 2, 3: mean 2, standard error 0.3651, t = 5.477 of 5 degrees, p = 0.0028.
    assert script.offset(differences, "undistilled") == ("2.00", "0.00")
    again[0]["value"] = "0.08"  # -2, 2, 3, 1, 2, 3: mean 1.5, error 0.7638, t = 1.964, p = 0.1067
    differences = script.machines(script.Study(ours, FOLDS))
    assert script.offset(differences, "undistilled") == ("1.50", "0.11")


@pytest.mark.parametrize(
    ("distilled", "verdict", "of_no_difference"),
    [
        ([0.21, 0.22, 0.23, 0.24, 0.26], "held", "did not hold"),
        ([0.01, 0.02, 0.03, 0.04, 0.02], "did not hold", "did not hold"),
        ([0.11, 0.09, 0.13, 0.06, 0.14], "cannot be told", "not contradicted"),
        # Above by one or two in the last digit.
        (ROUNDED, "cannot be told", "not contradicted"),
        ([0.21, 0.22, 0.23], "too few folds", "too few folds"),
        ([], "not run", "not run"),
    ],
)
def test_verdicts(script, distilled, verdict, of_no_difference):
    values = {"undistilled": UNDISTILLED, "distilled": distilled}
    study = script.Study(rows(values), FOLDS)
    cell = script.Cell("accuracy", 400)
    for sign, expected in ((1, verdict), (0, of_no_difference)):
        contrast = script.Contrast(cell, script._minus(cell), sign)
        assert script.judge(study, contrast)[-1] == expected


def test_a_gap_is_judged_against_that_of_other_labels(script):
    few = rows({"undistilled": [0.1] * 5, "distilled": [0.5, 0.52, 0.54, 0.56, 0.58]})
    many = rows({"undistilled": [0.6] * 5, "distilled": [0.7] * 5})
    study = script.Study([*few, *({**row, "budget": "2500"} for row in many)], FOLDS)
    (contrast,) = script._gaps("accuracy", -1, "", "", 400, [2500])
    *_, folds, mean, low, high, verdict = script.judge(study, contrast)
    # 0.1 - 0.4, ..., 0.1 - 0.48: mean -0.34, deviation 0.0316, t of 4 degrees 2.776.
    assert (folds, verdict) == (5, "held")
    np.testing.assert_allclose([mean, low, high], [-0.34, -0.37926, -0.30074], atol=1e-5)


@pytest.mark.parametrize(
    ("others", "mark", "verdict"),
    [
        ({"collapsed": 0, "class_area_ratio_null": 1.9}, "", "held"),
        ({"collapsed": 0, "class_area_ratio_null": 2.1}, " §", "a curve"),
        ({"collapsed": 1, "class_area_ratio_null": 2.1}, " †", "collapsed"),
    ],
)
def test_areas_that_say_nothing_are_marked_and_not_judged(script, others, mark, verdict):
    place = {"layer": "D", "embedding": "ivis"}
    values = {"undistilled": [0.9, 0.8, 0.9, 0.8, 0.9], "distilled": [0.4, 0.5, 0.6, 0.5, 0.4]}
    table = rows(values, "class_area_ratio", **place)
    for metric, value in others.items():
        table += rows({"distilled": [0, 0, value, 0, 0]}, metric, **place)
    study, cell = script.Study(table, FOLDS), script.Cell("class_area_ratio", 400, "D", "ivis")
    assert study.summary("distilled", cell) == f"48.00 ± 8.37{mark}"
    assert script.judge(study, script.Contrast(cell, script._minus(cell), -1))[-1] == verdict


def test_a_controls_share_is_that_of_the_whole_difference(script):
    values = {"undistilled": [0.1, 0.2], "distilled": [0.4, 0.5], "hard_labels": [0.3, 0.4]}
    study = script.Study(rows(values), FOLDS)
    # (0.35 - 0.15) / (0.45 - 0.15)
    assert script._share(study, "hard_labels", script.Cell("accuracy", 400)) == "67 %"
