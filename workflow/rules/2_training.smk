rule train:
    input:
        dataset="results/{study}/dataset.zarr",
        split=split_of,
        teacher_logits=teacher_logits_of,
        teacher_model=teacher_models_of,
        weights=weights_input,
    output:
        model="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/model.pt",
        history="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/history.csv",
    log:
        "logs/{study}/train/{method}/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/train/{method}/budget-{budget}/fold-{fold}.tsv"
    priority: priority_of_run
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=6000,
        runtime=240,
        gpu=GPU,
        device=config["device"],
        launcher="",
    params:
        optional=lambda wildcards, input: optional_flags(
            input, "split", "weights", "teacher_logits", "teacher_model"
        ),
        settings=lambda wildcards: method_json(config, wildcards.method),
        seed=config["seed"],
        checkpoint="results/{study}/checkpoints/{method}/budget-{budget}/fold-{fold}.pt",
        weights=weights_state,
        code=training_code,
    shell:
        "{resources.launcher} limbeck train --dataset {input.dataset:q} {params.optional}"
        " --settings {params.settings:q} --seed {params.seed} --device {resources.device}"
        " --study {wildcards.study} --method {wildcards.method} --budget {wildcards.budget}"
        " --fold {wildcards.fold} --checkpoint {params.checkpoint}"
        " --model {output.model:q} --history {output.history:q} 2>> {log:q}"


rule predict:
    input:
        dataset="results/{study}/dataset.zarr",
        model="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/model.pt",
    output:
        predictions=directory(
            "results/{study}/runs/{method}/budget-{budget}/fold-{fold}/predictions.zarr"
        ),
    log:
        "logs/{study}/predict/{method}/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/predict/{method}/budget-{budget}/fold-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
        gpu=GPU,
        device=config["device"],
    params:
        code=fingerprint("predict"),
    shell:
        "limbeck predict --dataset {input.dataset:q} --model {input.model:q}"
        " --device {resources.device} --predictions {output.predictions:q} 2>> {log:q}"


rule teacher_logits:
    input:
        dataset="results/{study}/dataset.zarr",
        model="results/{study}/runs/{method}/budget-{budget}/fold-{fold}/model.pt",
    output:
        teacher_logits=directory(
            "results/{study}/runs/{method}/budget-{budget}/fold-{fold}/teacher_logits.zarr"
        ),
    log:
        "logs/{study}/teacher_logits/{method}/budget-{budget}/fold-{fold}.log",
    benchmark:
        "benchmarks/results/{study}/teacher_logits/{method}/budget-{budget}/fold-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
        gpu=GPU,
        device=config["device"],
    params:
        code=fingerprint("teacher_logits"),
    shell:
        "limbeck teacher_logits --dataset {input.dataset:q}"
        " --model {input.model:q} --device {resources.device}"
        " --teacher-logits {output.teacher_logits:q} 2>> {log:q}"
