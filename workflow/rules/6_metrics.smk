rule score_layer:
    input:
        dataset="results/{study}/dataset.zarr",
        activations="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/activations/{layer}.zarr",
        neighbours="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/neighbours/{layer}.zarr",
        embeddings=expand(
            "results/{{study}}/runs/{{method}}/budget-{{budget}}/fold-{{fold}}/embeddings/{{layer}}/{embedding}.zarr",
            embedding=config["run"]["embeddings"],
        ),
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
        settings=layer_metrics_json(config),
        code=scoring_code("score_layer", "layers", "embeddings"),
    shell:
        "limbeck score_layer --dataset {input.dataset:q} --activations {input.activations:q}"
        " --neighbours {input.neighbours:q} --embeddings {input.embeddings:q}"
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


rule score_run:
    """Score a run and join its layers' metrics, so that no command line names a whole study's."""
    input:
        dataset="results/{study}/dataset.zarr",
        superclasses="results/{study}/superclasses.csv",
        predictions="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/predictions.zarr",
        history="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/history.csv",
        teacher_predictions=reference_predictions,
        layers=layer_metrics,
    output:
        metrics="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/metrics.csv",
    log:
        "logs/{study}/score_run/{method}/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/score_run/{method}/budget-{budget}/fold-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        optional=lambda wildcards, input: optional_flags(input, "teacher_predictions", "layers"),
        settings=metrics_json(config, "predictions"),
        code=scoring_code("score_run", "predictions"),
    shell:
        "limbeck score_run --dataset {input.dataset:q} --superclasses {input.superclasses:q}"
        " --predictions {input.predictions:q} --history {input.history:q} {params.optional}"
        " --settings {params.settings:q} --metrics {output.metrics:q} 2>> {log:q}"
