rule prepare_dataset:
    output:
        dataset=directory("results/{study}/dataset.zarr"),
    log:
        "logs/{study}/prepare_dataset.log",
    benchmark:
        "benchmarks/results/{study}/prepare_dataset.tsv"
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        # Of outputs, so that the same images in another folder rerun nothing.
        settings=lambda wildcards, output: to_json(config["dataset"]),
        content=as_json("dataset", "path", "download"),
        seed=config["seed"],
        files=lambda wildcards: dataset_listing(),
        code=fingerprint("prepare_dataset", f"data.sources.{config['dataset']['name']}"),
    shell:
        "limbeck prepare_dataset --settings {params.settings:q} --seed {params.seed}"
        " --dataset {output.dataset:q} 2>> {log:q}"


rule prepare_superclasses:
    """Apart from the dataset, so that other superclasses train nothing again."""
    input:
        dataset="results/{study}/dataset.zarr",
    output:
        superclasses="results/{study}/superclasses.csv",
    log:
        "logs/{study}/prepare_superclasses.log",
    benchmark:
        "benchmarks/results/{study}/prepare_superclasses.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        settings=lambda wildcards, output: to_json(config["dataset"]),
        file=lambda wildcards: superclass_file(),
        code=fingerprint("prepare_superclasses", f"data.sources.{config['dataset']['name']}"),
    shell:
        "limbeck prepare_superclasses --settings {params.settings:q} --dataset {input.dataset:q}"
        " --superclasses {output.superclasses:q} 2>> {log:q}"


rule split_dataset:
    input:
        dataset="results/{study}/dataset.zarr",
    output:
        split="results/{study}/splits/budget-{budget}/fold-{fold}.csv",
    log:
        "logs/{study}/split_dataset/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/split_dataset/budget-{budget}/fold-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        seed=config["seed"],
        code=fingerprint("split_dataset"),
    shell:
        "limbeck split_dataset --dataset {input.dataset:q} --budget {wildcards.budget}"
        " --fold {wildcards.fold} --seed {params.seed} --split {output.split:q} 2>> {log:q}"
