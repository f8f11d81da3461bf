"""The SLURM profile, read as Snakemake reads it, and what its jobs ask for."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from limbeck.operations.jobs import jobs_of
from limbeck.runtime.errors import InputError
from limbeck.study.stage_settings import embeddings_on_gpu

PROFILE = Path("profiles/slurm")
# What the checks read of the profile.
NEEDED = (
    *("jobs", "retries", "cores", "slurm-status-command"),
    *("default-resources", "set-resources", "groups", "group-components"),
)
# The rules that a study has only where it embeds on a GPU.
EMBED_ON_GPU = ("embed_on_gpu", "embed_noise_on_gpu")
# The rules that compute on the study's device. Tests compare them with the workflow's.
ON_DEVICE = (
    *("train", "predict", "teacher_logits", "extract_activations", "find_neighbours"),
    *("find_noise_neighbours", *EMBED_ON_GPU),
)


def read_profile() -> dict:
    """Read the SLURM profile as Snakemake does.

    Raises
    ------
    InputError
        If it is missing, not YAML, or has not all that is read of it.
    """
    import yte

    path = PROFILE / "config.yaml"
    try:
        with path.open() as file:
            profile = yte.process_yaml(file, require_use_yte=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; run this in the repository's root") from None
    except Exception as error:  # yte passes on whatever an expression raises
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None
    if missing := [key for key in NEEDED if key not in profile]:
        raise InputError(f"{path}: no {', '.join(missing)}; take them from the repository")
    return profile


def asks_for_gpu(resources: Mapping) -> bool:
    """Return whether a rule's resources ask for a GPU, in either way of SLURM."""
    return bool(resources.get("gpu") or "gpu" in str(resources.get("gres", "")))


def without_rules(profile: Mapping, rules: Sequence[str]) -> dict:
    """Return a profile without the resources and groups of some rules."""
    parts = {key: profile[key] for key in ("set-resources", "groups")}
    return dict(profile) | {
        key: {rule: value for rule, value in part.items() if rule not in rules}
        for key, part in parts.items()
    }


def jobs_by_rule(config: Mapping) -> Counter[str]:
    """Return a study's number of jobs by rule, those of `EMBED_ON_GPU` apart."""
    on_gpu = embeddings_on_gpu(config)
    return Counter(
        f"{job.rule}_on_gpu" if job.values.get("embedding") in on_gpu else job.rule
        for job in jobs_of(config)
    )


def last_attempts(
    profile: Mapping, jobs: Mapping[str, int]
) -> Iterator[tuple[str, Mapping, int, int]]:
    """Return the resources that the last attempts of rules and groups ask for.

    The rules of a group are taken for a chain. Where its chains are counted, as many of them as fit
    the group's width run at a time; where they are not, all jobs of the study share one SLURM job,
    rule by rule. The width is 1 where GPUs are asked for by ``gpu``, of which a group has one, and
    not by ``gres``, with which its jobs share the GPU.

    Parameters
    ----------
    profile : mapping
        As `read_profile` returns it.
    jobs : mapping of str to int
        As `jobs_by_rule` returns it.

    Yields
    ------
    name : str
        A rule or ``group <name>``.
    resources : mapping
        Of the rule, or of the group's first.
    minutes, memory : int
        Memory in MB.

    Raises
    ------
    InputError
        If a resource is neither a number nor an expression of ``attempt``.
    """
    of_rules, attempts = profile["set-resources"], profile["retries"] + 1

    def last(rule: str, key: str) -> int:
        value = of_rules.get(rule, {}).get(key, 0)
        try:
            return int(eval(str(value), {"attempt": attempts}))
        except Exception:
            raise InputError(
                f"set-resources.{rule}.{key} = {value} in {PROFILE}: must be a number or an "
                "expression of attempt"
            ) from None

    for rule, resources in of_rules.items():
        yield rule, resources, last(rule, "runtime"), last(rule, "mem_mb")
    chains = profile["group-components"]
    for group in dict.fromkeys(profile["groups"].values()):
        members = [rule for rule, name in profile["groups"].items() if name == group]
        resources = of_rules.get(members[0], {})
        width = 1 if resources.get("gpu") else profile["cores"]
        numbers = {rule: chains.get(group, jobs.get(rule, 0)) for rule in members}
        minutes = sum(math.ceil(n / width) * last(rule, "runtime") for rule, n in numbers.items())
        memory = max(min(n, width) * last(rule, "mem_mb") for rule, n in numbers.items())
        yield f"group {group}", resources, minutes, memory
