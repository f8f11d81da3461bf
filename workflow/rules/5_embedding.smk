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
    wildcard_constraints:
        embedding=one_of(name for name in config["embeddings"] if name not in EMBEDDED_ON_GPU),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=6000,
        runtime=120,
        device="cpu",
    params:
        settings=lambda wildcards: embedding_json(config, wildcards.embedding),
        seed=config["seed"],
        code=lambda wildcards: fingerprint("embed", f"embeddings.{algorithm_of(wildcards)}"),
    shell:
        "limbeck embed --activations {input.activations:q} --neighbours {input.neighbours:q}"
        " --name {wildcards.embedding} --settings {params.settings:q} --seed {params.seed}"
        " --device {resources.device} --embedding {output.embedding:q} 2>> {log:q}"


# The same job on a GPU: a rule of its own, so that a profile can send it elsewhere.
use rule embed as embed_on_gpu with:
    wildcard_constraints:
        embedding=one_of(EMBEDDED_ON_GPU),
    resources:
        mem_mb=6000,
        runtime=120,
        gpu=GPU,
        device="cuda",
