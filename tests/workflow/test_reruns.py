"""What a finished study runs again after a change, read from the dry run's list of jobs."""

import json
import shutil
from collections import Counter
from importlib import metadata

import pytest

pytestmark = pytest.mark.slow

METHODS = ("teacher", "undistilled", "distilled")
RUN = "results/tiny/runs/{}/budget-20/fold-0"
SUMMARY = (
    *("accuracy", "ivis_loss", "class_area", "superclass_correlation", "representation"),
    "runtime",
)


def job(rule, *wildcards):
    return rule, frozenset(wildcards)


def run_job(rule, method, *wildcards):
    return job(rule, f"method={method}", "budget=20", "fold=0", *wildcards)


def summary_jobs(figures):
    """Everything that hangs on the table of metrics, and the figures given."""
    return Counter(
        [
            job("all"),
            job("gather_study"),
            job("test_methods"),
            job("write_provenance"),
            *(job("build_table", f"table={table}") for table in SUMMARY),
            *(job("draw_figure", f"figure={figure}") for figure in figures),
        ]
    )


def layer_jobs(method, layer, embeddings=("tsne", "pca"), rules=("embed", "score_embedding")):
    """Everything that hangs on one run's activations of one layer, up to its metrics."""
    return Counter(
        run_job(rule, method, f"layer={layer}", f"embedding={embedding}")
        for rule in rules
        for embedding in embeddings
    )


# Of those that hang on metrics or embeddings of the runs.
ALL_FIGURES = (
    *("accuracy", "algorithms", "embeddings_tsne", "superclass_correlation", "class_boundary"),
    *("class_area_tsne", "cka", "representation"),
)


def all_figures_but(name):
    return [figure for figure in ALL_FIGURES if figure != name]


def noise_jobs(*embeddings):
    """Everything that hangs on embeddings of the noise, up to its table and figure."""
    return Counter(
        [
            *(job("embed_noise", "map=linear", f"embedding={name}") for name in embeddings),
            job("score_noise"),
            job("draw_figure", "figure=noise"),
        ]
    )


def test_a_second_run_has_nothing_to_do(finished_once):
    assert finished_once.planned() == Counter()
    assert "Nothing to be done" in finished_once.run("--cores", "1").stderr


def test_forcing_one_layers_extraction_reruns_that_layer_only(finished_once):
    path = RUN.format("distilled") + "/activations/E.zarr"
    expected = (
        Counter(
            [
                run_job("extract_activations", "distilled", "layer=E"),
                run_job("find_neighbours", "distilled", "layer=E"),
                run_job("score_layer", "distilled", "layer=E"),
                run_job("gather_run", "distilled"),
                job("compare_layers", "budget=20", "fold=0"),
            ]
        )
        + layer_jobs("distilled", "E")
        + summary_jobs(all_figures_but("algorithms"))  # It shows layer C.
    )
    assert finished_once.planned("--forcerun", path) == expected


def test_a_layers_target_brings_only_that_layer_up_to_date(finished):
    for method in METHODS:
        for layer in "CE":
            folder = finished.folder / RUN.format(method) / "metrics" / layer
            (folder / "pca.csv").unlink()
    expected = Counter([job("layer_C")])
    for method in METHODS:
        expected += layer_jobs(method, "C", ("pca",), ("score_embedding",))
    assert finished.planned("layer_C") == expected


def test_a_figures_config_redraws_that_figure(finished):
    finished.edit("tiny.yaml", "accuracy: {width: 89}", "accuracy: {width: 99}")
    # The record of the config is written again with it.
    expected = [job("draw_figure", "figure=accuracy"), job("write_provenance"), job("all")]
    assert finished.planned() == Counter(expected)


def test_noise_is_lifted_again_for_its_own_settings(finished):
    finished.edit("tiny.yaml", "degree: 3}", "degree: 4}")
    planned = finished.planned()
    assert planned == noise_jobs("tsne", "pca") + Counter(
        [
            job("lift_noise", "map=linear"),
            job("find_noise_neighbours", "map=linear"),
            job("write_provenance"),
            job("all"),
        ]
    )


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
    planned = finished.planned()
    methods = {part for _, wildcards in planned for part in wildcards if part.startswith("method=")}
    assert methods == {"method=distilled"}
    assert planned[run_job("train", "distilled")] == 1
    rules = Counter(rule for rule, _ in planned.elements())
    assert rules["train"] == rules["predict"] == 1
    assert rules["extract_activations"] == 2
    assert rules["teacher_logits"] == rules["split_dataset"] == rules["prepare_dataset"] == 0


def test_touching_sources_reruns_nothing(finished):
    for pattern in ("src/**/*.py", "workflow/**/*", "config/*", "Snakefile"):
        for path in finished.folder.glob(pattern):
            path.touch()
    assert finished.planned() == Counter()


def test_a_comment_reruns_nothing(finished):
    finished.edit("src/limbeck/embedding/tsne.py", "    k = ", "    # Why.\n    k = ")
    assert finished.planned() == Counter()


def test_a_real_edit_reruns_its_stage(finished):
    finished.edit("src/limbeck/embedding/tsne.py", "math.floor(3 *", "math.ceil(3 *")
    expected = summary_jobs(all_figures_but("class_boundary")) + noise_jobs("tsne")
    for method in METHODS:
        expected += Counter([run_job("gather_run", method)])
        for layer in "CE":
            expected += layer_jobs(method, layer, ("tsne",))
    assert finished.planned() == expected


def test_a_partial_study_marks_its_gaps(finished):
    study = finished.folder / "results/tiny"
    shutil.rmtree(study / "runs/distilled")
    result = finished.run("--config", "partial=True", "--cores", "1")
    assert result.returncode == 0, result.stderr
    assert "2 of 3 runs are finished" in result.stderr
    assert not (study / "runs/distilled").exists()
    *_, row = (study / "tables/accuracy.csv").read_text().splitlines()
    assert row.startswith("top-5 accuracy (%),distilled,") and row.endswith(",not measured")


def test_a_partial_study_without_any_run_says_so(fresh):
    result = fresh.run("--config", "partial=True", "--dry-run")
    assert result.returncode == 1
    message = "none of the 3 runs of the study is finished"
    assert message in result.stdout + result.stderr


def test_provenance_names_versions_config_and_hardware(finished_once):
    record = json.loads((finished_once.folder / "results/tiny/provenance.json").read_text())
    assert record["config"]["methods"]["distilled"]["temperature"] == 4
    assert record["config"]["study"] == "tiny"
    assert record["versions"]["torch"] == metadata.version("torch")
    assert record["versions"]["openTSNE"] == metadata.version("openTSNE")
    assert record["hardware"]["cores"] >= 1
    assert record["hardware"]["memory_bytes"] > 2**28


def test_every_output_is_there_and_nothing_else(finished_once):
    results = finished_once.folder / "results/tiny"
    tables = {path.name for path in (results / "tables").iterdir()}
    names = ("noise", "statistics", *SUMMARY)
    formats = ("csv", "md", "html")
    assert tables == {"metrics.csv", *(f"{name}.{kind}" for name in names for kind in formats)}
    figures = {path.name for path in (results / "figures").iterdir()}
    names = (*ALL_FIGURES, "networks", "noise")
    assert figures == {f"{name}.{kind}" for name in names for kind in ("pdf", "png")}
    assert not list(results.glob("checkpoints/**/*.pt"))
    hidden = {path.name for path in results.glob("**/.*")}
    assert hidden == {".snakemake_timestamp"}
    for method in METHODS:
        run = finished_once.folder / RUN.format(method)
        assert (run / "teacher_logits.zarr").exists() == (method == "teacher")
        for store in run.glob("activations/*.zarr"):
            assert sum(path.is_file() for path in store.rglob("*")) <= 6


def test_every_rule_has_log_and_benchmark(finished_once):
    def rules(folder, suffix):
        root = finished_once.folder / folder
        names = {path.relative_to(root).parts[0] for path in root.rglob(f"*{suffix}")}
        return {name.removesuffix(suffix) for name in names}

    names = rules("logs/tiny", ".log")
    assert names == rules("benchmarks/results/tiny", ".tsv")
    assert {"train", "embed", "prepare_dataset", "write_provenance"} <= names
