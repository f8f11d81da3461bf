"""Which of a study's runs the explorer shows, whose they are, and what is refused."""

import json
import shutil

import numpy as np
import pytest

from helpers.made_up import shown, write_study
from limbeck.explorer import gather
from limbeck.runtime.errors import InputError
from limbeck.runtime.storage import open_store, write_store
from limbeck.stages.write_explorer import write_explorer

PLAN = {("teacher", 200, 0), ("distilled", 200, 0)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the folder of a study of 8 images: two methods by two budgets, one layer."""
    images = np.zeros((8, 2, 2, 1), np.uint8)
    folder = tmp_path_factory.mktemp("study") / "made"
    methods, budgets = ("teacher", "distilled"), (50, 200)
    return write_study(
        folder, images, np.arange(8) % 2, "ab", methods=methods, budgets=budgets, layers=("A",)
    )


def run_of(folder, method="teacher", budget=200):
    return folder / "runs" / method / f"budget-{budget}" / "fold-0"


def rewrite(path, rows=slice(None), **attributes):
    """Write a store again, some of its rows, with other attributes."""
    store = open_store(path)
    arrays = {name: store[name][rows] for name in store}
    shutil.rmtree(path)
    write_store(path, arrays, {**store.attrs, **attributes})


def record(folder, **config):
    (folder / "provenance.json").write_text(json.dumps({"config": config}))


def test_runs_that_the_plan_no_longer_has_are_not_shown(folder):
    """They decide neither what it opens on nor which images there are."""
    rewrite(run_of(folder, budget=50) / "embeddings" / "A" / "tsne.zarr", rows=slice(3))
    content = shown(folder, runs=PLAN)
    assert [view.budget for view in content.views] == [200]
    assert set(content.runs) == {(200, 0)}
    assert len(content.sample_ids) == 8
    assert content.left_out == []


def test_a_method_is_shown_at_its_own_budgets(folder):
    content = shown(folder, runs=PLAN - {("distilled", 200, 0)} | {("distilled", 50, 0)})
    assert [set(view.panels) for view in content.views] == [
        {("distilled", "A")},
        {("teacher", "A")},
    ]
    assert [set(content.runs[budget, 0].predictions) for budget in (50, 200)] == [
        {"distilled"},
        {"teacher"},
    ]
    assert set(content.runs[200, 0].neighbours) == {("teacher", "A")}


def test_a_plan_that_does_not_fit_is_cut(folder, monkeypatch):
    monkeypatch.setattr(gather, "BYTES", 1)
    everything = PLAN | {("teacher", 50, 0), ("distilled", 50, 0), ("teacher", 400, 0)}
    content = shown(folder, runs=everything)
    assert set(content.runs) == {(50, 0)}
    assert content.left_out == ["Not in this file, to keep it small: 200 labels fold 0."]


def test_a_copy_is_shown_as_its_recorded_config_plans(folder):
    record(folder, budgets=[200], folds=1, run={"methods": ["teacher"]})
    content = shown(folder)
    assert ([view.budget for view in content.views], content.methods) == ([200], ["teacher"])
    expected = "Not in the config that the study recorded: methods distilled, budgets 50."
    assert content.left_out == [expected]
    assert set(shown(folder, budgets=[50]).runs) == {(50, 0)}


def test_nothing_of_the_plan_is_made(folder):
    with pytest.raises(InputError, match="no embedding in the study yet of what was asked for$"):
        shown(folder, runs={("teacher", 400, 0)})


@pytest.mark.parametrize("teacher", ["distilled", ["gone", "distilled"]])
def test_teacher_and_students_are_those_of_the_config_at_hand(folder, teacher):
    """Not those of the config that an earlier run recorded."""
    methods = {"teacher": {"distillation": {"teacher": teacher}}}
    record(folder, methods=methods, statistics={"methods": ["teacher", "distilled"]})
    recorded, given = shown(folder), shown(folder, teacher="teacher")
    assert (recorded.teacher, recorded.students) == ("distilled", ("teacher", "distilled"))
    assert (given.teacher, given.students) == ("teacher", ("distilled", "distilled"))
    pair = shown(folder, teacher="teacher", students=["distilled", "teacher"])
    assert pair.students == ("distilled", "teacher")


def test_a_study_of_one_method_that_recorded_its_config(folder):
    shutil.rmtree(folder / "runs" / "distilled")
    record(folder, statistics={"methods": None}, methods={"teacher": {"objective": "none"}})
    content = shown(folder)
    assert (content.teacher, content.students) == (None, ("teacher", "teacher"))
    content = shown(folder, teacher="teacher")
    assert (content.teacher, content.students) == (None, ("teacher", "teacher"))


def test_stores_of_another_network_are_left_out_and_named(folder):
    """The run was trained anew: only its predictions and one more are of the new network."""
    rewrite(run_of(folder) / "predictions.zarr", model_hash="new")
    content = shown(folder)
    assert [set(view.panels) for view in content.views] == [
        {("teacher", "A"), ("distilled", "A")},
        {("distilled", "A")},
    ]
    assert set(content.runs[200, 0].predictions) == {"teacher", "distilled"}
    assert set(content.runs[200, 0].neighbours) == {("distilled", "A")}
    named = "layer A of teacher, 200 labels fold 0"
    expected = f"Of another network than the rest of its run, and left out: {named}."
    assert content.left_out == [expected]
    rewrite(run_of(folder) / "embeddings" / "A" / "tsne.zarr", model_hash="new")
    content = shown(folder)
    assert ("teacher", "A") in content.views[1].panels
    assert ("teacher", "A") not in content.runs[200, 0].neighbours
    assert content.left_out == [expected]


def test_neighbours_are_compared_where_there_are_no_predictions(folder):
    shutil.rmtree(run_of(folder) / "predictions.zarr")
    rewrite(run_of(folder) / "neighbours" / "A.zarr", model_hash="old")
    assert set(shown(folder).runs[200, 0].neighbours) == {("distilled", "A")}


def test_a_method_without_embeddings_is_not_shown(folder):
    for path in (folder / "runs" / "distilled").glob("*/*/embeddings"):
        shutil.rmtree(path)
    content = shown(folder, runs=PLAN)
    assert content.methods == ["teacher"] == list(content.runs[200, 0].predictions)
    assert set(content.runs[200, 0].neighbours) == {("teacher", "A")}


def test_a_label_that_is_not_known_has_no_confidence(folder):
    rewrite(run_of(folder) / "predictions.zarr", rows=slice(1, None))
    runs = shown(folder).runs[200, 0]
    labels, confidences = runs.predictions["teacher"], runs.confidences["teacher"]
    assert (labels[0], confidences[0]) == (-1, 0)
    assert (labels[1:] >= 0).all() and (confidences[1:] >= 0.5).all()


def test_no_embedding_is_of_its_runs_network(folder):
    for method in ("teacher", "distilled"):
        rewrite(run_of(folder, method) / "predictions.zarr", model_hash="new")
    with pytest.raises(InputError, match="asked for of the network that its run has by now"):
        shown(folder, runs=PLAN)


@pytest.mark.parametrize("store", ["predictions.zarr/logits", "neighbours/A.zarr/indices"])
def test_damaged_stores_are_refused(folder, store):
    """Only one that is not there is left out."""
    shutil.rmtree(run_of(folder) / store / "c")
    with pytest.raises(InputError, match="is missing or empty"):
        shown(folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"teacher": "teach"}, "teacher = 'teach': not in the study; did you mean 'teacher'"),
        ({"students": ["teacher", "x"]}, "students = 'x': not in the study"),
        ({"images": 0}, "images = 0: nothing would be shown; allowed: a whole number >= 1"),
        ({"runs": ["teacher/50/0"]}, "--runs teacher/50/0: must be as teacher/budget-50/fold-0"),
    ],
)
def test_what_no_study_has(folder, tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        write_explorer(str(folder), tmp_path / "page.html", **settings)
