"""What a finished study runs again after a change, read from the dry run's list of jobs."""

import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.checkout import REPOSITORY, Workflow
from helpers.tiny_jobs import (
    FIGURES,
    METHODS,
    OF_EMBEDDINGS,
    OF_METRICS,
    RUN,
    TABLES,
    embedding_jobs,
    figure_jobs,
    fold_job,
    job,
    layer_jobs,
    looks,
    noise_jobs,
    run_jobs,
    summary_jobs,
    training_jobs,
)

pytestmark = pytest.mark.slow


def test_a_second_run_has_nothing_to_do(finished_once):
    assert finished_once.planned() == Counter()
    assert "Nothing to be done" in finished_once.run("--cores", "1").stderr


def test_forcing_one_layers_extraction_reruns_that_layer_only(finished_once):
    path = RUN.format("distilled") + "/activations/E.zarr"
    expected = looks(["distilled"], "E") + summary_jobs(
        *("embeddings_tsne", "class_boundary"),  # The other shows layer C.
        methods=["distilled"],
    )
    assert finished_once.planned("--forcerun", path) == expected


def test_a_layers_target_brings_only_that_layer_up_to_date(finished):
    for method in METHODS:
        for layer in "CE":
            (finished.folder / RUN.format(method) / "metrics" / f"{layer}.csv").unlink()
    expected = Counter([job("layer_C")]) + layer_jobs(["score_layer"], layers="C")
    assert finished.planned("layer_C") == expected


def test_a_figures_config_redraws_that_figure(finished):
    finished.edit("tiny.yaml", "accuracy: {width: 89}", "accuracy: {width: 99}")
    # The record of the config is written again with it.
    assert finished.planned() == figure_jobs("accuracy")


def test_noise_is_lifted_again_for_its_own_settings(finished):
    finished.edit("tiny.yaml", "degree: 3}", "degree: 4}")
    expected = noise_jobs("lift_noise", "find_noise_neighbours") + figure_jobs()
    assert finished.planned() == expected


def test_another_map_of_noise_leaves_the_first_alone(finished):
    finished.edit("tiny.yaml", "maps: [linear]", "maps: [linear, network]")
    planned = finished.planned()
    assert planned[job("lift_noise", "map=network")] == 1
    assert planned[job("score_noise")] == 1
    assert not any("map=linear" in wildcards for _, wildcards in planned)


def test_without_maps_nothing_is_made_of_noise(fresh):
    fresh.edit("tiny.yaml", "maps: [linear]", "maps: []")
    fresh.edit("tiny.yaml", "representation, noise]", "representation]")
    assert not any("noise" in rule for rule, _ in fresh.planned())


def test_a_temperature_retrains_that_method(finished):
    finished.edit("tiny.yaml", "temperature: 4}", "temperature: 5}")
    assert finished.planned() == training_jobs(["distilled"])


def test_a_further_layer_is_looked_at_and_nothing_is_trained(finished):
    finished.edit("tiny.yaml", "E: auto}", "E: auto, F: group3.0.conv2}")
    # Networks show where it is; one figure shows layer C, another two methods.
    expected = looks(layers="F") + summary_jobs("embeddings_tsne", "class_boundary", "networks")
    expected += Counter(job("describe_network", f"method={method}") for method in METHODS)
    assert finished.planned() == expected


def test_another_order_of_layers_is_shown_everywhere(finished):
    finished.edit("tiny.yaml", "{C: auto, E: auto}", "{E: auto, C: auto}")
    planned = finished.planned()
    assert {rule for rule, _ in planned} == {
        "build_table",
        "draw_figure",
        "write_explorer",
        "write_provenance",
        "all",
    }
    drawn = {wildcards for rule, wildcards in planned if rule == "draw_figure"}
    by_layer = ("class_area_tsne", "cka", "representation", "embeddings_tsne", "class_boundary")
    assert {frozenset({f"figure={figure}"}) for figure in by_layer} <= drawn


def test_touching_sources_reruns_nothing(finished):
    for pattern in ("src/**/*.py", "workflow/**/*", "config/*", "Snakefile"):
        for path in finished.folder.glob(pattern):
            path.touch()
    assert finished.planned() == Counter()


def test_comments_registries_and_readers_rerun_nothing(finished):
    old = "    embedding = openTSNE"
    finished.edit("src/limbeck/embeddings/tsne.py", old, f"    # Why.\n{old}")
    for module in ("study/objectives", "study/settings", "runtime/storage", "runtime/stored"):
        path = finished.folder / f"src/limbeck/{module}.py"
        path.write_text(path.read_text() + "\nEDITED = True\n")
    assert finished.planned() == Counter()


# What each stage's jobs are, with all that hangs on them.
LEARNT = training_jobs(["distilled"])
TRAINED = training_jobs(METHODS) + run_jobs(["teacher_logits"], ["teacher"])
SPLIT = TRAINED + Counter([fold_job("split_dataset")])
NAMED = Counter([job("prepare_superclasses")])
DATASET = SPLIT + NAMED + Counter([job("prepare_dataset"), job("draw_figure", "figure=noise")])
SCORED = layer_jobs(["score_layer"]) + summary_jobs()
EMBEDDED = embedding_jobs(["embed"]) + layer_jobs(["score_layer"]) + summary_jobs(*OF_EMBEDDINGS)
NEIGHBOURS = layer_jobs(["find_neighbours"]) + Counter([fold_job("compare_layers")])
TABLE_JOBS = Counter(job("build_table", f"table={name}") for name in TABLES)
NETWORKS = Counter(job("describe_network", f"method={method}") for method in METHODS)
EDITS = {
    "stages/prepare_dataset": DATASET,
    "stages/prepare_superclasses": NAMED + summary_jobs(*OF_EMBEDDINGS, "networks", "noise"),
    "stages/split_dataset": SPLIT,
    "stages/train": TRAINED,
    "training/objectives/distillation": LEARNT,
    "stages/teacher_logits": LEARNT + run_jobs(["teacher_logits"], ["teacher"]),
    "stages/predict": run_jobs(["predict"]) + Counter([job("compare_accuracies")]) + summary_jobs(),
    "stages/extract_activations": looks() + summary_jobs(*OF_EMBEDDINGS),
    "stages/find_neighbours": NEIGHBOURS + EMBEDDED + noise_jobs("find_noise_neighbours"),
    "stages/embed": EMBEDDED + noise_jobs(),
    "embeddings/tsne": embedding_jobs(["embed"], embeddings=["tsne"])
    + layer_jobs(["score_layer"])
    + noise_jobs(embeddings=["tsne"])
    + summary_jobs("algorithms", "embeddings_tsne"),
    "stages/score_layer": SCORED,
    "metrics/dimension": SCORED,
    "metrics/class_areas": SCORED,
    "stages/score_run": summary_jobs(),
    "metrics/calibration": summary_jobs(),
    "stages/compare_layers": Counter([fold_job("compare_layers")]) + summary_jobs(methods=[]),
    "stages/gather_metrics": summary_jobs(methods=[]),
    "stages/build_table": TABLE_JOBS + figure_jobs(),
    "stages/test_methods": Counter([job("test_methods")]) + figure_jobs(*OF_METRICS),
    "stages/compare_accuracies": Counter([job("compare_accuracies")]) + figure_jobs(),
    "stages/describe_network": NETWORKS + figure_jobs("networks"),
    "stages/draw_figure": figure_jobs(*FIGURES),
    "figures/cka": figure_jobs("cka"),
    "stages/lift_noise": noise_jobs("lift_noise", "find_noise_neighbours") + figure_jobs(),
    "stages/score_noise": Counter([job("score_noise")]) + figure_jobs("noise"),
    "stages/write_explorer": Counter([job("write_explorer"), job("all")]),
    "stages/write_provenance": figure_jobs(),
}


@pytest.fixture(scope="module")
def planned_after(finished_once, tmp_path_factory):
    """Return the plan after a real line more in each of `EDITS`, by the module."""

    def plan(module):
        folder = tmp_path_factory.mktemp("edited") / "copy"
        shutil.copytree(finished_once.folder, folder, symlinks=True)
        path = folder / f"src/limbeck/{module}.py"
        path.write_text(path.read_text() + "\nEDITED = True\n")
        planned = Workflow(folder).planned()
        shutil.rmtree(folder)
        return planned

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(EDITS, pool.map(plan, EDITS), strict=True))


@pytest.mark.parametrize("module", EDITS)
def test_a_real_line_reruns_its_stage_and_what_hangs_on_it(planned_after, module):
    assert planned_after[module] == EDITS[module]


def test_every_stage_of_the_workflow_is_edited():
    stages = {path.stem for path in (REPOSITORY / "src/limbeck/stages").glob("[a-z]*.py")}
    edited = {module.removeprefix("stages/") for module in EDITS if module.startswith("stages/")}
    assert stages - edited == {"doctor", "explore", "init", "status"}  # Commands without a rule.
