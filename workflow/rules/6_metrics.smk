rule score_predictions:
    input:
        dataset="results/{study}/dataset.zarr",
        predictions="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/predictions.zarr",
        history="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/history.csv",
        teacher_predictions=reference_predictions,
    output:
        metrics="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/metrics/predictions.csv",
    log:
        "logs/{study}/score_predictions/{method}/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/score_predictions/{method}/budget-{budget}/fold-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        optional=lambda wildcards, input: optional_flags(input, "teacher_predictions"),
        settings=metrics_json(config, "predictions"),
        code=scoring_code("score_predictions", "predictions"),
    shell:
        "limbeck score_predictions --dataset {input.dataset:q} --predictions {input.predictions:q}"
        " --history {input.history:q} {params.optional} --settings {params.settings:q}"
        " --metrics {output.metrics:q} 2>> {log:q}"


rule score_layer:
    input:
        dataset="results/{study}/dataset.zarr",
        activations="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/activations/{layer}.zarr",
        neighbours="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/neighbours/{layer}.zarr",
    output:
        metrics="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/metrics/{layer}.csv",
    log:
        "logs/{study}/score_layer/{method}/budget-{budget}/fold-{fold}/{layer}.log",
    benchmark:
        "benchmarks/results/{study}/score_layer/{method}/budget-{budget}/fold-{fold}/{layer}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=metrics_json(config, "layers"),
        code=scoring_code("score_layer", "layers"),
    shell:
        "limbeck score_layer --dataset {input.dataset:q} --activations {input.activations:q}"
        " --neighbours {input.neighbours:q} --settings {params.settings:q}"
        " --metrics {output.metrics:q} 2>> {log:q}"


rule score_embedding:
    input:
        dataset="results/{study}/dataset.zarr",
        activations="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/activations/{layer}.zarr",
        neighbours="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/neighbours/{layer}.zarr",
        embedding="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/embeddings/{layer}/{embedding}.zarr",
    output:
        metrics="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/metrics/{layer}/{embedding}.csv",
    log:
        "logs/{study}/score_embedding/{method}/budget-{budget}/fold-{fold}/{layer}/{embedding}.log",
    benchmark:
        "benchmarks/results/{study}/score_embedding/{method}/budget-{budget}/fold-{fold}/{layer}/{embedding}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=metrics_json(config, "embeddings"),
        code=scoring_code("score_embedding", "embeddings"),
    shell:
        "limbeck score_embedding --dataset {input.dataset:q} --activations {input.activations:q}"
        " --neighbours {input.neighbours:q} --embedding {input.embedding:q}"
        " --settings {params.settings:q} --metrics {output.metrics:q} 2>> {log:q}"


rule compare_layers:
    input:
        activations=all_layers(
            "results/{{study}}/runs/{method}/budget-{{budget}}/fold-{{fold}}/activations/{layer}.zarr"
        ),
        neighbours=all_layers(
            "results/{{study}}/runs/{method}/budget-{{budget}}/fold-{{fold}}/neighbours/{layer}.zarr"
        ),
    output:
        metrics="results/{study}/similarity/budget-{budget}/fold-{fold}.csv",
    log:
        "logs/{study}/compare_layers/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/compare_layers/budget-{budget}/fold-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        settings=metrics_json(config, "pairs"),
        code=scoring_code("compare_layers", "pairs"),
    shell:
        "limbeck compare_layers --activations {input.activations:q} --neighbours {input.neighbours:q}"
        " --settings {params.settings:q} --metrics {output.metrics:q} 2>> {log:q}"


rule gather_run:
    """Join the metrics of one run, so that no command line names those of a whole study."""
    input:
        metrics=run_metrics,
    output:
        table="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/metrics.csv",
    log:
        "logs/{study}/gather_run/{method}/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/gather_run/{method}/budget-{budget}/fold-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=fingerprint("gather_metrics"),
    shell:
        "limbeck gather_metrics --study {wildcards.study} --metrics {input.metrics:q} --table {output.table:q} 2>> {log:q}"
