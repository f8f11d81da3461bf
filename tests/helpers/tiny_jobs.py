"""The jobs of the tiny study, as `checkout.Workflow.planned` lists them."""

from collections import Counter

METHODS = ("teacher", "undistilled", "distilled")
RUN = "results/tiny/runs/{}/budget-20/fold-0"
TABLES = (
    *("accuracy", "ivis_loss", "class_area", "superclass_correlation", "representation"),
    "runtime",
)
# Figures by what they are drawn from; one of networks and one of noise besides.
OF_METRICS = ("accuracy", "superclass_correlation", "class_area_tsne", "cka", "representation")
OF_EMBEDDINGS = ("algorithms", "embeddings_tsne", "class_boundary")


def job(rule, *wildcards):
    return rule, frozenset(wildcards)


def run_job(rule, method, *wildcards):
    return job(rule, f"method={method}", "budget=20", "fold=0", *wildcards)


def summary_jobs(figures=(), tables=TABLES):
    """Everything that hangs on the table of metrics, and figures besides those of metrics."""
    return Counter(
        [
            job("gather_study"),
            job("test_methods"),
            *(job("build_table", f"table={table}") for table in tables),
        ]
    ) + figure_jobs(*OF_METRICS, *figures)


def figure_jobs(*figures):
    """Return figures, and what always follows."""
    drawn = [job("draw_figure", f"figure={figure}") for figure in figures]
    return Counter([*drawn, job("write_provenance"), job("all")])


def layer_jobs(method, layer, embeddings=("tsne", "pca"), rules=("embed", "score_embedding")):
    """Everything that hangs on one run's activations of one layer, up to its metrics."""
    return Counter(
        run_job(rule, method, f"layer={layer}", f"embedding={embedding}")
        for rule in rules
        for embedding in embeddings
    )


def extracted_jobs(method, layer):
    """Return the jobs of one layer of one run, from its extraction to its metrics."""
    rules = ("extract_activations", "find_neighbours", "score_layer")
    return layer_jobs(method, layer) + Counter(
        run_job(rule, method, f"layer={layer}") for rule in rules
    )


def scored_again(rule, methods=METHODS):
    """Return a rule's jobs of all layers, and the runs that they are gathered into."""
    if rule == "score_layer":
        scores = [run_job(rule, method, f"layer={layer}") for method in methods for layer in "CE"]
    else:
        scores = [
            found
            for method in methods
            for layer in "CE"
            for found in layer_jobs(method, layer, rules=(rule,))
        ]
    return Counter([*scores, *(run_job("gather_run", method) for method in methods)])


def noise_jobs(*embeddings):
    """Everything that hangs on embeddings of the noise, up to its table and figure."""
    return Counter(
        [
            *(job("embed_noise", "map=linear", f"embedding={name}") for name in embeddings),
            job("score_noise"),
            job("draw_figure", "figure=noise"),
        ]
    )


def method_jobs(method):
    """Return the jobs of a run of a new method, and all that then shows one method more."""
    rules = ("train", "predict", "score_predictions", "gather_run")
    own = Counter(run_job(rule, method) for rule in rules)
    own += extracted_jobs(method, "C") + extracted_jobs(method, "E")
    own[job("describe_network", f"method={method}")] += 1
    own[job("compare_layers", "budget=20", "fold=0")] += 1
    return own + summary_jobs((*OF_EMBEDDINGS, "networks", "noise"))
