rule embed:
    input:
        activations="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/activations/{layer}.zarr",
        neighbours="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/neighbours/{layer}.zarr",
    output:
        embedding=directory(
            "results/{study}/runs/{method}/budget-{budget}/fold-{fold}/embeddings/{layer}/{embedding}.zarr"
        ),
    log:
        "logs/{study}/embed/{method}/budget-{budget}/fold-{fold}/{layer}/{embedding}.log",
    benchmark:
        "benchmarks/results/{study}/embed/{method}/budget-{budget}/fold-{fold}/{layer}/{embedding}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=6000,
        runtime=120,
        gpu=embedding_gpu,
        device=config["device"],
    params:
        settings=lambda wildcards: embedding_json(config, wildcards.embedding),
        seed=config["seed"],
        code=lambda wildcards: fingerprint("embed", f"embeddings.{algorithm_of(wildcards)}"),
    shell:
        "limbeck embed --activations {input.activations:q} --neighbours {input.neighbours:q}"
        " --name {wildcards.embedding} --settings {params.settings:q} --seed {params.seed}"
        " --device {resources.device} --embedding {output.embedding:q} 2>> {log:q}"
