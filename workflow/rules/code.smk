import hashlib

from limbeck.networks import user_code
from limbeck.runtime.fingerprint import fingerprint
from limbeck.study.figures import FIGURES, METRICS_TABLE
from limbeck.study.metrics import metric_functions
from limbeck.study.registry import training_modules
from limbeck.study.stage_settings import shown_json


def scoring_code(stage, *kinds):
    """Hash of a stage that scores and the functions of the metrics that the config chooses."""
    chosen = config["run"]["metrics"]
    functions = [name for kind in kinds for name in metric_functions(kind, chosen[kind])]
    modules = {f"metrics.{name.partition(':')[0]}" for name in functions}
    return " ".join([fingerprint(stage, *sorted(modules)), *functions])


def showing_code(stage, *chosen, table=None):
    """Hash of a stage that shows metrics, and of what is declared of them."""
    code = fingerprint(stage, "study.titles", *chosen)
    return f"{code} {hashlib.sha256(shown_json(config, table).encode()).hexdigest()[:16]}"


def figure_code(stage, kind):
    """Hash of what draws a kind of figure, and of what is declared of metrics if it shows any."""
    if METRICS_TABLE in FIGURES[kind].reads:
        return showing_code(stage, f"figures.{kind}")
    return fingerprint(stage, "study.titles", f"figures.{kind}")


def training_code(wildcards):
    """Hash of the training loop and of the method's own objective and network, not of others."""
    settings = method_settings(wildcards)
    model = settings["model"]
    code = fingerprint("train", *training_modules(settings["objective"], model))
    return code + user_code.source_digest(model)
