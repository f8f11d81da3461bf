"""The jobs of the tiny study, as `Workflow.planned` lists them: what hangs on what."""

from collections import Counter

METHODS = ("teacher", "undistilled", "distilled")
LAYERS = "CE"
RUN = "results/tiny/runs/{}/budget-20/fold-0"
TABLES = (
    *("accuracy", "fidelity", "superclass_correlation", "representation", "class_area"),
    *("embedding_quality", "runtime"),
)
# Figures by what they are drawn from; one of networks and one of noise besides.
OF_METRICS = ("accuracy", "superclass_correlation", "class_area_tsne", "cka", "representation")
OF_EMBEDDINGS = ("algorithms", "embeddings_tsne", "class_boundary")
OF_RUNS = (*OF_METRICS, *OF_EMBEDDINGS)
FIGURES = (*OF_RUNS, "networks", "noise")


def job(rule, *wildcards):
    return rule, frozenset(wildcards)


def run_job(rule, method, *wildcards):
    return job(rule, f"method={method}", "budget=20", "fold=0", *wildcards)


def fold_job(rule):
    return job(rule, "budget=20", "fold=0")


def run_jobs(rules, methods=METHODS):
    """Return jobs of runs."""
    return Counter(run_job(rule, method) for rule in rules for method in methods)


def layer_jobs(rules, methods=METHODS, layers=LAYERS):
    """Return jobs of layers."""
    return Counter(
        run_job(rule, method, f"layer={layer}")
        for rule in rules
        for method in methods
        for layer in layers
    )


def embedding_jobs(rules, methods=METHODS, layers=LAYERS, embeddings=("tsne", "pca")):
    """Return jobs of embeddings."""
    return Counter(
        run_job(rule, method, f"layer={layer}", f"embedding={name}")
        for rule in rules
        for method in methods
        for layer in layers
        for name in embeddings
    )


def figure_jobs(*figures):
    """Return the drawing of figures, and what always follows it."""
    drawn = [job("draw_figure", f"figure={figure}") for figure in figures]
    return Counter([*drawn, job("write_provenance"), job("all")])


def summary_jobs(*figures, methods=METHODS):
    """Return all that hangs on new metrics of runs, and figures besides those of metrics."""
    return (
        run_jobs(["score_run"], methods)
        + Counter([job("gather_study"), job("test_methods"), job("write_explorer")])
        + Counter(job("build_table", f"table={table}") for table in TABLES)
        + figure_jobs(*OF_METRICS, *figures)
    )


def noise_jobs(*rules, embeddings=("tsne", "pca")):
    """Return jobs of the map, of embeddings of its noise, and what hangs on those."""
    return Counter(
        [
            *(job(rule, "map=linear") for rule in rules),
            *(job("embed_noise", "map=linear", f"embedding={name}") for name in embeddings),
            job("score_noise"),
            job("draw_figure", "figure=noise"),
        ]
    )


def looks(methods=METHODS, layers=LAYERS):
    """Return what is done with new networks, from the extraction of layers to the scores."""
    return (
        layer_jobs(["extract_activations", "find_neighbours", "score_layer"], methods, layers)
        + embedding_jobs(["embed"], methods, layers)
        + Counter([fold_job("compare_layers")])
    )


def training_jobs(methods):
    """Return the training of methods, and all that hangs on their networks."""
    return (
        run_jobs(["train", "predict"], methods)
        + Counter(job("describe_network", f"method={method}") for method in methods)
        + looks(methods)
        + Counter([job("compare_accuracies")])
        + summary_jobs(*OF_EMBEDDINGS, "networks", methods=methods)
    )


def new_method_jobs(method):
    """Return the jobs of a method more; the other figures have a colour more."""
    return training_jobs([method]) + Counter([job("draw_figure", "figure=noise")])
