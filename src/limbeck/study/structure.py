"""All keys of a study's config."""

from limbeck.study.keys import (
    Key,
    boolean,
    choice,
    either,
    integer,
    keys_of,
    listed,
    mapping,
    section,
    text,
)
from limbeck.study.method_settings import MethodSettings
from limbeck.study.registry import (
    EMBEDDINGS,
    FIGURES,
    MAPS,
    OBJECTIVES,
    metrics_of,
)
from limbeck.study.settings import (
    EMBEDDING,
    FIGURE,
    PUBLISHED,
    ActivationSettings,
    DatasetSettings,
    MetricSettings,
    NoiseSettings,
    StatisticsSettings,
    block_of,
)

AUTO_LAYERS = ("A", "B", "C", "D", "E")

# What embeddings and figures are defined without a word in the config: each under its own name.
DEFAULT_EMBEDDINGS = {
    "tsne": {"algorithm": "tsne"},
    "ivis": {"algorithm": "ivis_torch"},
    **{name: {"algorithm": name} for name in EMBEDDINGS if name not in ("tsne", "ivis")},
}
# Default figures, as far as the study has their inputs.
COMMON_FIGURES = (
    *("accuracy", "embeddings", "superclass_correlation", "class_correlation", "networks"),
    *("class_area", "cka", "layers"),
)
DEFAULT_FIGURES = {name: {"kind": name} for name in FIGURES}


def _chosen(kind: str, *names: str) -> Key:
    return listed(f"of {kind}", choice("", metrics_of(kind)), list(names))


MODULE = text("the path of a module", pattern=r"\S+", words="the path of a module, or auto")
METHOD = section(
    "",
    {
        **keys_of(MethodSettings),
        "budgets": listed(
            "those of budgets at which the method is run; null: all",
            integer("", least=0, names="budgets"),
            None,
            null=True,
            least=1,
        ),
        "folds": integer(
            "in how many of the folds it is run, the first ones; null: in all",
            None,
            null=True,
            least=1,
            most=1000,
        ),
        **{name: block_of(name, partial=True) for name in OBJECTIVES},
    },
)
CONFIG = section(
    "",
    {
        "study": text(
            "name of the output tree, results/{study}",
            pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}",
            words="letters, digits, _ and -, 100 at most, the first a letter or digit",
        ),
        "seed": integer(
            "every other seed follows from it and from what a job is for; methods share the seeds "
            "of a budget and fold, so that students start from the same weights",
            0,
            least=0,
            most=2**32 - 1,
        ),
        "device": choice(
            "cuda asked for and absent is an error; another value reruns nothing",
            ("cpu", "cuda"),
            "cpu",
        ),
        "dataset": section("the images", keys_of(DatasetSettings)),
        "budgets": listed(
            "numbers of labelled training images; the classes must divide them. The smaller are "
            "subsets of the larger in the same fold. null: [0], where nothing is trained",
            integer("", least=0, most=10**8),
            None,
            null=True,
            least=1,
        ),
        "folds": integer("number of random repetitions", 1, least=1, most=1000),
        "methods": mapping("ways to come by a network", METHOD, least=1),
        "layers": mapping(
            "the layers that are looked at: auto (A to E, see below), the path of a module, a "
            "mapping of methods to either, whose other methods are without the layer, or null, no "
            "such layer",
            either(
                "",
                MODULE,
                mapping("", MODULE, least=1, names="methods"),
                null=True,
            ),
            dict.fromkeys(AUTO_LAYERS, "auto"),
            least=1,
        ),
        "activations": section(
            "what is kept of a layer",
            {
                **keys_of(ActivationSettings),
                "temporary": boolean(
                    "whether a layer's store is deleted when all that reads it is done; changes no "
                    "value and reruns nothing",
                    False,
                ),
            },
        ),
        "embeddings": mapping("embeddings in two dimensions", EMBEDDING, {}),
        "metrics": section("how layers and embeddings are scored", keys_of(MetricSettings)),
        "statistics": section("paired tests of methods", keys_of(StatisticsSettings)),
        "published": choice("published numbers to show beside the measured ones", PUBLISHED, None),
        "noise": section("noise of the plane, for run.maps", keys_of(NoiseSettings)),
        "figures": mapping("figures", FIGURE, {}),
        "run": section(
            "what is made; whatever it needs is made too",
            {
                "methods": listed("null: all", text("", names="methods"), None, null=True, least=1),
                "embeddings": listed(
                    "those that every layer gets, by name",
                    text("", names="embeddings"),
                    ["tsne", "ivis"],
                    least=1,
                ),
                "metrics": section(
                    "by what is scored; one more metric reruns the scores of its kind",
                    {
                        "predictions": _chosen(
                            *("predictions", "accuracy", "top_5_accuracy"),
                            *("superclass_correlation", "superclass_contrast", "teacher_agreement"),
                            *("teacher_divergence", "calibration_error"),
                            *("negative_log_likelihood", "training_seconds"),
                        ),
                        "layers": _chosen(
                            *("layers", "knn_accuracy", "silhouette", "probe_accuracy"),
                            *("intrinsic_dimension", "variance_ratio"),
                            *("extraction_seconds", "neighbour_seconds"),
                        ),
                        "embeddings": _chosen(
                            *("embeddings", "trustworthiness", "continuity", "knn_accuracy"),
                            *("silhouette", "class_area_ratio", "class_area_ratio_to_null"),
                            *("class_area_spread", "axis_ratio", "collapsed", "ivis_loss"),
                            *("ivis_epochs", "ivis_converged", "kl_divergence"),
                            *("explained_variance", "embedding_seconds"),
                        ),
                        "pairs": _chosen("pairs", "cka", "cka_debiased", "neighbour_overlap"),
                    },
                ),
                "maps": listed("of noise", choice("", MAPS), []),
                "figures": listed(
                    "null: all that figures names, and of those that any study has the kinds that "
                    "it does not name: " + ", ".join(COMMON_FIGURES),
                    text("", names="figures"),
                    None,
                    null=True,
                ),
            },
        ),
        "partial": boolean(
            "whether no missing run is started, and tables and figures are made of those that are "
            "finished, with gaps; finished ones that are outdated run again",
            False,
        ),
    },
)
