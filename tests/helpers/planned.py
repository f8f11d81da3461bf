"""The plan of a study of three methods that is compared with the paper."""

from limbeck.study.settings import StudyPlan

METHODS = ["teacher", "undistilled", "distilled"]
METRICS = {
    "predictions": ["accuracy", "training_seconds", "superclass_correlation"],
    "layers": ["probe_accuracy"],
    "embeddings": ["ivis_loss", "trustworthiness", "class_area_ratio"],
    "pairs": [],
}


def plan(methods=METHODS, budgets=(400,), folds=2, layers="ABCDE", **changes) -> StudyPlan:
    """Return the plan of methods that all have the same layers, budgets and folds."""
    values = {
        "embeddings": {"tsne": "tsne", "ivis": "ivis"},
        "metrics": METRICS,
        "published": "cifar100",
    }
    return StudyPlan(
        budgets=list(budgets),
        methods=dict.fromkeys(methods, {str(budget): folds for budget in budgets}),
        layers=dict.fromkeys(layers, methods),
        **{**values, **changes},
    )


def accuracies(method, budget, *values):
    """Return the accuracies of one method over folds, as tables of metrics are read."""
    return {("accuracy", method, "", "", budget): list(values)}
