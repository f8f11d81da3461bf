"""The plan of a study of three methods that is compared with the paper."""

from limbeck.study.settings import StudyPlan

METHODS = ["teacher", "undistilled", "distilled"]


def plan(**changes) -> StudyPlan:
    """Return the plan, changed where the keywords say so."""
    values = {
        "budgets": [400],
        "folds": 2,
        "methods": METHODS,
        "layers": dict.fromkeys("ABCDE", METHODS),
        "embeddings": {"tsne": "tsne", "ivis": "ivis"},
        "published": "cifar100",
    }
    return StudyPlan(**{**values, **changes})


def accuracies(method, budget, *values):
    """Return the accuracies of one method over folds, as tables of metrics are read."""
    return {("accuracy", method, "", "", budget): list(values)}
