"""All that can be known of a study before its first job, so that no mistake costs a training."""

from collections.abc import Mapping

from limbeck.data.facts import Facts, quick_facts
from limbeck.operations.network_checks import network_mistakes
from limbeck.runtime.errors import InputError
from limbeck.study.checks import missing_libraries
from limbeck.study.dataset_checks import dataset_contradictions, not_measured
from limbeck.study.settings import DatasetSettings


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
    sizes = facts.class_names, facts.train_per_class, facts.test_per_class
    mistakes = list(dataset_contradictions(config, *sizes))
    if environment:
        mistakes += missing_libraries(config)
        mistakes = mistakes or list(network_mistakes(config, facts))
    if mistakes:
        raise InputError("\n".join(f"{sources}: {mistake}" for mistake in mistakes))
    return [*facts.notes, *not_measured(config, facts.class_names, facts.test_per_class)]


def study_facts(config: Mapping, listed: str | None = None) -> Facts:
    """Return the facts of a study's dataset, from its store where there is one."""
    settings = DatasetSettings(**config["dataset"])
    return quick_facts(settings, f"results/{config['study']}/dataset.zarr", listed)
