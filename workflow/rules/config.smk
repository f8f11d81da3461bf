import functools
import gc
import os
import sys

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from limbeck.data.listing import listing
from limbeck.data.superclasses import superclass_digest
from limbeck.networks import user_code
from limbeck.runtime.errors import InputError
from limbeck.study.config import as_planned, check_config, check_files, hand_on
from limbeck.study.settings import DatasetSettings

# Cyclic garbage collection over thousands of live jobs costs 10 % of a dry run.
gc.set_threshold(50_000)

if "{" in str(workflow.current_basedir):
    raise WorkflowError(
        f"{workflow.current_basedir}: Snakemake takes what stands in braces for wildcards; move the "
        "repository to a folder without them"
    )

# Where the config came from, for messages.
SOURCES = " + ".join(
    [
        *(min(str(path), os.path.relpath(path), key=len) for path in workflow.configfiles),
        *["--config"] * bool(workflow.config_settings.config),
    ]
    or ["config that the module is given"]
)

# Jobs were planned with a config that was checked. What is only unlocked or reported needs none of
# the inputs that the config names: they may be gone by then.
WORDS = {word.partition("=")[0] for word in sys.argv}
PLANS = workflow.is_main_process and WORDS.isdisjoint(["--unlock", "--report"])

try:
    if workflow.is_main_process:
        check_files(workflow.configfiles)
        config.update(check_config(config, SOURCES, files=PLANS))
        hand_on(config)
    else:
        config.update(as_planned(config, SOURCES))
except InputError as error:
    raise WorkflowError(str(error)) from None


user_code.search_beside(workflow.configfiles)


def dataset_digest(digest):
    """A digest of files of the dataset; they may be gone where no jobs are planned."""
    try:
        return digest(DatasetSettings(**config["dataset"]))
    except InputError as error:
        if not PLANS:
            return "gone"
        raise WorkflowError(str(error)) from None


@functools.cache
def dataset_listing():
    return dataset_digest(listing)


@functools.cache
def superclass_file():
    return dataset_digest(superclass_digest)


if PLANS:
    from limbeck.operations.preflight import check_before_jobs, check_until

    deployed = bool(workflow.deployment_settings.deployment_method)
    try:
        check_until(config, sys.argv)
        for note in check_before_jobs(config, SOURCES, dataset_listing(), not deployed):
            logger.info(note)
    except InputError as error:
        raise WorkflowError(str(error)) from None


wildcard_constraints:
    study=config["study"],
    method="|".join(config["methods"]),
    budget="|".join(map(str, config["budgets"])),
    fold="|".join(map(str, range(config["folds"]))),
    layer="|".join(config["layers"]),
    embedding="|".join(config["embeddings"]),
    map="|".join(config["run"]["maps"]) or "(?!)",
    figure="|".join(config["figures"]),
