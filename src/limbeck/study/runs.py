"""What a complete config runs: methods and their teachers, layers, budgets and folds, weights."""

from collections.abc import Mapping, Sequence

from limbeck.study.networks import is_file


def options_of(config: Mapping, method: str) -> Mapping:
    """Return the keys of the block of a method's objective."""
    settings = config["methods"][method]
    return settings[settings["objective"]]


def teachers_of(config: Mapping, method: str) -> list[str]:
    """Return the methods that a method learns from."""
    teacher = options_of(config, method).get("teacher", [])
    return [teacher] if isinstance(teacher, str) else list(teacher)


def reference_teacher(config: Mapping, method: str, budget: int, fold: int) -> str | None:
    """Return the teacher that a run's predictions are compared with, None without one.

    All are compared with the same one, where that is run: the first in the study that has no
    teacher itself.
    """
    taught = [teacher for name in config["run"]["methods"] for teacher in teachers_of(config, name)]
    teacher = next((name for name in taught if not teachers_of(config, name)), method)
    if teacher == method:
        return None
    heard = teacher in teachers_of(config, method)
    return teacher if heard or (budget, fold) in runs_of(config, teacher) else None


def teacher_and_students(
    config: Mapping, methods: Sequence[str]
) -> tuple[str | None, list[str] | None]:
    """Return of some methods the first that teaches, or the first; and the first two compared.

    None stands for what is not among them.
    """
    teachers = [teacher for name in methods for teacher in teachers_of(config, name)]
    teacher = next((name for name in [*teachers, *methods] if name in methods), None)
    pair = (config["statistics"]["methods"] or [])[:2]
    return teacher, list(pair) if pair and set(pair) <= set(methods) else None


def needed_methods(config: Mapping) -> list[str]:
    """Return the methods that are run, then those that only teach them."""
    needed = list(config["run"]["methods"])
    for method in needed:
        needed += [teacher for teacher in teachers_of(config, method) if teacher not in needed]
    return needed


def layers_of(config: Mapping, method: str) -> dict[str, str]:
    """Return the layers that a method has: name to ``auto`` or the path of a module."""
    found = {}
    for name, place in config["layers"].items():
        module = place if isinstance(place, str) else place.get(method)
        if module is not None:
            found[name] = module
    return found


def methods_with(config: Mapping, layer: str) -> list[str]:
    """Return the methods of ``run.methods`` that have a layer."""
    return [method for method in config["run"]["methods"] if layer in layers_of(config, method)]


def runs_of(config: Mapping, method: str) -> list[tuple[int, int]]:
    """Return the budgets and folds at which a method is run.

    A method that only teaches others is run wherever one of them is.
    """
    if method not in config["run"]["methods"]:
        pupils = [name for name in needed_methods(config) if method in teachers_of(config, name)]
        taught = {run for name in pupils for run in runs_of(config, name)}
        return sorted(taught, key=lambda run: (config["budgets"].index(run[0]), run[1]))
    settings = config["methods"][method]
    budgets, folds = settings["budgets"], settings["folds"]
    return [
        (budget, fold)
        for budget in config["budgets"]
        if budgets is None or budget in budgets
        for fold in range(min(folds or config["folds"], config["folds"]))
    ]


def weights_file_of(config: Mapping, method: str, budget: object, fold: object) -> str | None:
    """Return the file that a run's weights come from, as the config names it; None without one."""
    settings = config["methods"][method]
    weights = options_of(config, method).get("weights", settings["weights"])
    return weights_of_run(weights, budget, fold) if is_file(weights) else None


def weights_of_run(weights: str, budget: object, fold: object) -> str:
    """Return a pattern of weights with ``{budget}`` and ``{fold}`` replaced."""
    return weights.replace("{budget}", str(budget)).replace("{fold}", str(fold))


def algorithms_of(config: Mapping) -> set[str]:
    """Return the algorithms of those of the study's embeddings that are defined."""
    defined = config["embeddings"]
    return {defined[name]["algorithm"] for name in config["run"]["embeddings"] if name in defined}
