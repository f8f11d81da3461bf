"""The command `limbeck compare`: how far a study, finished or not, is from what was published."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from limbeck.published.comparison import READABLE, Comparison, compare, readable, write_comparisons
from limbeck.published.numbers import names
from limbeck.runtime import storage
from limbeck.runtime.errors import InputError
from limbeck.statistics.fold_summaries import values_over_folds
from limbeck.study.config import study_plan
from limbeck.study.settings import StudyPlan
from limbeck.tables.files import to_markdown


def compare_study(config: Mapping) -> str:
    """Compare whatever a study has measured so far with what was published.

    Writes ``compare.csv``, ``compare.pdf`` and ``compare.png`` into ``results/{study}``, which is
    looked for in the working directory, as Snakemake does.

    Parameters
    ----------
    config : mapping
        The study's config, checked.

    Returns
    -------
    str
        For a terminal: how many of the planned runs are there, a Markdown table, what was written.

    Raises
    ------
    InputError
        If the study names no published numbers or none of what it runs, or if nothing of it was
        measured yet.
    """
    plan = StudyPlan(**study_plan(config))
    if plan.published is None:
        raise InputError(
            f"published = null in the config of study {config['study']}: nothing to compare with; "
            f"allowed: {', '.join(names())}"
        )
    if not compare({}, plan):
        raise InputError(
            f"published = {plan.published}: has no numbers of any method of study "
            f"{config['study']} at its budgets, {', '.join(map(str, plan.budgets))}"
        )
    results = Path("results", config["study"])
    planned = _metric_files(results, plan)
    found = [[path for path in files if path.is_file()] for files in planned]
    there = sum(map(bool, found))
    if not there:
        raise InputError(f"{results}/runs: no metrics of any of the {len(planned)} planned runs")
    complete = sum(files == all_files for files, all_files in zip(found, planned, strict=True))
    rows = storage.read_metrics([path for files in found for path in files], config["study"])
    comparisons = compare(values_over_folds(rows), plan)
    outputs = [results / f"compare.{suffix}" for suffix in ("csv", "pdf", "png")]
    write_comparisons(comparisons, outputs[:1])
    _draw(comparisons, plan, config, outputs[1:])
    return "\n".join(
        [
            f"{config['study']}: metrics of {there} of {len(planned)} planned runs, "
            f"{complete} of them complete",
            "",
            to_markdown(READABLE, readable(comparisons)),
            "",
            "z: the difference over its standard error; with few folds it tells how large a "
            "difference is, not how probable.",
            f"Written: {', '.join(map(str, outputs))}",
        ]
    )


def _metric_files(results: Path, plan: StudyPlan) -> list[list[Path]]:
    """Return where the metrics of each planned run are, or will be."""
    layers = [f"{layer}.csv" for layer in plan.layers]
    embeddings = [f"{layer}/{name}.csv" for layer in plan.layers for name in plan.embeddings]
    return [
        [
            results / f"runs/{method}/budget-{budget}/fold-{fold}/metrics" / file
            for file in ["predictions.csv", *layers, *embeddings]
        ]
        for method, budget, fold in itertools.product(plan.methods, plan.budgets, range(plan.folds))
    ]


def _draw(comparisons: Sequence[Comparison], plan: StudyPlan, config: Mapping, outputs) -> None:
    from limbeck.figures import save
    from limbeck.figures.published import draw_comparisons
    from limbeck.figures.shared import style

    (width, *_) = [
        figure["width"] for figure in config["figures"].values() if figure["kind"] == "published"
    ]
    with style.applied():
        save(draw_comparisons(comparisons, plan.methods, width), outputs)
