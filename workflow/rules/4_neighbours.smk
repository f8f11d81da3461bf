rule find_neighbours:
    input:
        activations="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/activations/{layer}.zarr",
    output:
        neighbours=directory(
            "results/{study}/runs/{method}/budget-{budget}/fold-{fold}/neighbours/{layer}.zarr"
        ),
    log:
        "logs/{study}/find_neighbours/{method}/budget-{budget}/fold-{fold}/{layer}.log",
    benchmark:
        "benchmarks/results/{study}/find_neighbours/{method}/budget-{budget}/fold-{fold}/{layer}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=GPU,
        device=config["device"],
    params:
        k=neighbours_needed(config),
        code=fingerprint("find_neighbours"),
    shell:
        "limbeck find_neighbours --activations {input.activations:q} --k {params.k}"
        " --device {resources.device} --neighbours {output.neighbours:q} 2>> {log:q}"
