rule prepare_dataset:
    output:
        dataset=directory("results/{study}/dataset.zarr"),
    log:
        "logs/{study}/prepare_dataset.log",
    benchmark:
        "benchmarks/results/{study}/prepare_dataset.tsv"
    params:
        settings=as_json("dataset"),
        seed=config["seed"],
        code=fingerprint("data.datasets"),
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    shell:
        "limbeck prepare_dataset --settings {params.settings:q} --seed {params.seed}"
        " --dataset {output.dataset} 2> {log}"


rule split_dataset:
    input:
        dataset="results/{study}/dataset.zarr",
    output:
        split="results/{study}/splits/budget-{budget}/fold-{fold}.csv",
    log:
        "logs/{study}/split_dataset/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/split_dataset/budget-{budget}/fold-{fold}.tsv"
    params:
        seed=config["seed"],
        code=fingerprint("data.splits"),
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    shell:
        "limbeck split_dataset --dataset {input.dataset} --budget {wildcards.budget}"
        " --fold {wildcards.fold} --seed {params.seed} --split {output.split} 2> {log}"
