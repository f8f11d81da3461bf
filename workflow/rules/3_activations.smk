rule extract_activations:
    input:
        dataset="results/{study}/dataset.zarr",
        model="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/model.pt",
    output:
        activations=activation_store(
            "results/{study}/runs/{method}/budget-{budget}/fold-{fold}/activations/{layer}.zarr"
        ),
    log:
        "logs/{study}/extract_activations/{method}/budget-{budget}/fold-{fold}/{layer}.log",
    benchmark:
        "benchmarks/results/{study}/extract_activations/{method}/budget-{budget}/fold-{fold}/{layer}.tsv"
    priority: priority_of_run
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
        gpu=GPU,
        device=config["device"],
    params:
        settings=lambda wildcards: activations_json(config, wildcards.method, wildcards.layer),
        code=fingerprint("extract_activations"),
    shell:
        "limbeck extract_activations --dataset {input.dataset:q} --model {input.model:q}"
        " --layer {wildcards.layer} --settings {params.settings:q} --device {resources.device}"
        " --activations {output.activations:q} 2>> {log:q}"
