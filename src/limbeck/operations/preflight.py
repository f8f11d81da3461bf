"""All that can be known of a study before its first job, so that no mistake costs a training."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from limbeck.data.facts import Facts, quick_facts
from limbeck.operations.network_checks import network_mistakes
from limbeck.operations.states import is_trained
from limbeck.runtime.errors import InputError
from limbeck.runtime.paths import show
from limbeck.study.checks import missing_libraries
from limbeck.study.dataset_checks import dataset_contradictions, not_measured
from limbeck.study.objectives import OBJECTIVES
from limbeck.study.runs import needed_methods, teachers_of
from limbeck.study.settings import DatasetSettings

# What joins the flag and its value in one word.
JOINED = re.compile(r"(?<=^-U)(?=.)|(?<=^--until)=")


def check_before_jobs(
    config: Mapping, sources: str, listed: str | None = None, environment: bool = True
) -> list[str]:
    """Check a study against its dataset and what is installed, and build its networks.

    Parameters
    ----------
    config : mapping
        Checked and filled in.
    sources : str
        Where it came from, for the message.
    listed : str, optional
        What `limbeck.data.listing.listing` gave for the dataset, if it was called.
    environment : bool
        Whether jobs run in the environment of this process; if not, nothing that depends on it is
        checked.

    Returns
    -------
    list of str
        What is no mistake but worth knowing, a line each.

    Raises
    ------
    InputError
        If the dataset is missing or not readable; one line for each mistake.
    """
    facts = study_facts(config, listed)
    mistakes = [*facts_contradictions(config, facts)]
    mistakes += _precision_mistakes(config)
    if environment:
        mistakes += missing_libraries(config)
        mistakes = mistakes or list(network_mistakes(config, facts))
    if mistakes:
        raise InputError("\n".join(f"{sources}: {mistake}" for mistake in mistakes))
    return [*facts.notes, *not_measured(config, facts.class_names, facts.test_per_class)]


def facts_contradictions(config: Mapping, facts: Facts) -> Iterator[str]:
    """Check a config against the facts of its dataset.

    Parameters
    ----------
    config : mapping
        Checked and filled in.
    facts : Facts
        Of the study's dataset.

    Yields
    ------
    str
        What `limbeck.study.dataset_checks.dataset_contradictions` yields, and a line where numbers
        to compare with are of other classes.
    """
    sizes = facts.class_names, facts.train_per_class, facts.test_per_class
    side, superclasses = min(facts.image_shape[:2]), sorted(set(facts.superclasses.values()))
    yield from dataset_contradictions(config, *sizes, side, superclasses)
    published = config["published"]
    if published is None or config["dataset"]["name"] == published:
        return
    needed = quick_facts(DatasetSettings(name=published, download=True)).class_names
    lacking = sorted({*needed} - {*facts.class_names})
    others = sorted({*facts.class_names} - {*needed})
    if lacking or others:
        yield (
            f"published = {published}: those are numbers of its {len(needed)} classes; "
            f"{_has_not(lacking, others)}; leave it out"
        )


def _has_not(lacking: Sequence[str], others: Sequence[str]) -> str:
    """Say which class a dataset lacks, or else which one it has in addition."""
    names, what = (lacking, "lacks") if lacking else (others, "also has")
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"the dataset {what} '{show(names[0])}'{more}"


def _precision_mistakes(config: Mapping) -> Iterator[str]:
    """Yield a line for each method that is still to be trained in a precision of GPUs without one.

    What was trained on a GPU may be looked at elsewhere.
    """
    if config["device"] == "cuda":
        return
    for name in needed_methods(config):
        method = config["methods"][name]
        needs_gpu = method["precision"] == "tf32" and OBJECTIVES[method["objective"]].trains
        if needs_gpu and not is_trained(config, name):
            yield (
                f"methods.{name}.precision = tf32: device: {config['device']} has none; use "
                "float32 or auto, or device: cuda"
            )


def check_until(config: Mapping, words: Sequence[str]) -> None:
    """Raise InputError for ``--until`` of a rule whose jobs wait for others of the same rule.

    Snakemake 9.27 starts no job that waits for one of those that it runs until: a student for its
    teacher. It would end with "BUG: Out of jobs ready".

    Parameters
    ----------
    config : mapping
        Checked and filled in.
    words : sequence of str
        The command line of Snakemake.
    """
    words = [part for word in words for part in JOINED.split(word)]
    after = [*itertools.dropwhile(lambda word: word not in ("-U", "--until"), words)][1:]
    until = itertools.takewhile(lambda word: not word.startswith("-"), after)
    stuck = {"train", "teacher_logits"}.intersection(until)
    if stuck and any(teachers_of(config, method) for method in needed_methods(config)):
        raise InputError(
            f"--until {' '.join(sorted(stuck))}: Snakemake stops before the students, which wait "
            "for their teachers; the target `trained` makes all networks: snakemake trained"
        )


def study_facts(config: Mapping, listed: str | None = None) -> Facts:
    """Return the facts of a study's dataset, from its store where there is one."""
    settings = DatasetSettings(**config["dataset"])
    return quick_facts(settings, f"results/{config['study']}/dataset.zarr", listed)
