rule gather_study:
    input:
        metrics=RUN_METRICS,
        similarities=existing(
            [
                f"results/{{study}}/similarity/budget-{budget}/fold-{fold}.csv"
                for budget in config["budgets"]
                for fold in range(config["folds"])
                if methods_at(budget, fold)
            ]
        ),
    output:
        table=report(
            "results/{study}/tables/metrics.csv",
            caption=CAPTION,
            category=subject_of("metrics"),
        ),
    log:
        "logs/{study}/gather_study.log",
    benchmark:
        "benchmarks/results/{study}/gather_study.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        caption=caption_of("metrics"),
        code=fingerprint("gather_metrics"),
    shell:
        "limbeck gather_metrics --study {wildcards.study} --metrics {input.metrics:q} {input.similarities:q}"
        " --table {output.table:q} 2>> {log:q}"


rule build_table:
    input:
        metrics="results/{study}/tables/metrics.csv",
    output:
        csv=reported_table("results/{study}/tables/{table}.csv", "{table}", CSV),
        html=reported_table("results/{study}/tables/{table}.html", "{table}", HTML),
        md="results/{study}/tables/{table}.md",
    log:
        "logs/{study}/build_table/{table}.log",
    benchmark:
        "benchmarks/results/{study}/build_table/{table}.tsv"
    wildcard_constraints:
        table="|".join(TABLES),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        caption=caption_of("{table}"),
        settings=lambda wildcards: plan_json(config),
        published=numbers.digest(config["published"]),
        code=lambda wildcards: showing_code("build_table", table=wildcards.table),
    shell:
        "limbeck build_table --metrics {input.metrics:q} --kind {wildcards.table}"
        " --settings {params.settings:q} --table {output:q} 2>> {log:q}"


rule test_methods:
    input:
        metrics="results/{study}/tables/metrics.csv",
    output:
        csv=reported_table("results/{study}/tables/statistics.csv", "statistics", CSV),
        html=reported_table("results/{study}/tables/statistics.html", "statistics", HTML),
        md="results/{study}/tables/statistics.md",
    log:
        "logs/{study}/test_methods.log",
    benchmark:
        "benchmarks/results/{study}/test_methods.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        caption=caption_of("statistics"),
        settings=as_json("statistics"),
        code=showing_code("test_methods"),
    shell:
        "limbeck test_methods --metrics {input.metrics:q} --settings {params.settings:q}"
        " --table {output:q} 2>> {log:q}"


rule compare_accuracies:
    input:
        predictions=compared_predictions,
    output:
        csv=reported_table("results/{study}/tables/accuracies.csv", "accuracies", CSV),
        html=reported_table("results/{study}/tables/accuracies.html", "accuracies", HTML),
        md="results/{study}/tables/accuracies.md",
    log:
        "logs/{study}/compare_accuracies.log",
    benchmark:
        "benchmarks/results/{study}/compare_accuracies.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        caption=caption_of("accuracies"),
        settings=as_json("statistics", "metrics"),
        seed=config["seed"],
        code=fingerprint("compare_accuracies", "study.titles"),
    shell:
        "limbeck compare_accuracies --predictions {input.predictions:q}"
        " --settings {params.settings:q} --seed {params.seed} --table {output:q} 2>> {log:q}"


rule describe_network:
    input:
        dataset="results/{study}/dataset.zarr",
        model=first_model,
    output:
        table="results/{study}/networks/{method}.csv",
    log:
        "logs/{study}/describe_network/{method}.log",
    benchmark:
        "benchmarks/results/{study}/describe_network/{method}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        settings=lambda wildcards: to_json(layers_of(config, wildcards.method)),
        code=fingerprint("describe_network"),
    shell:
        "limbeck describe_network --dataset {input.dataset:q} --model {input.model:q}"
        " --settings {params.settings:q} --table {output.table:q} 2>> {log:q}"


rule draw_figure:
    input:
        dataset="results/{study}/dataset.zarr",
        superclasses="results/{study}/superclasses.csv",
        inputs=lambda wildcards: figure_sources(wildcards.figure),
    output:
        pdf=report(
            "results/{study}/figures/{figure}.pdf",
            caption=CAPTION,
            category=lambda wildcards: subject_of(figure_settings(wildcards)["kind"]),
            subcategory="Figures",
            labels={"figure": "{figure}", "format": PDF},
        ),
        png=report(
            "results/{study}/figures/{figure}.png",
            caption=CAPTION,
            category=lambda wildcards: subject_of(figure_settings(wildcards)["kind"]),
            subcategory="Figures",
            labels={"figure": "{figure}", "format": PNG},
        ),
        csv="results/{study}/figures/{figure}.csv",
    log:
        "logs/{study}/draw_figure/{figure}.log",
    benchmark:
        "benchmarks/results/{study}/draw_figure/{figure}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=3000,
        runtime=10,
    params:
        caption=lambda wildcards, output: figure_caption(config, wildcards.figure),
        settings=lambda wildcards: figure_json(config, wildcards.figure),
        methods=config["run"]["methods"],
        layers=layers_flag,
        area_mass=area_mass_flag,
        code=lambda wildcards: figure_code("draw_figure", figure_settings(wildcards)["kind"]),
    shell:
        "limbeck draw_figure --dataset {input.dataset:q} --superclasses {input.superclasses:q}"
        " --inputs {input.inputs:q}"
        " --settings {params.settings:q} --methods {params.methods} {params.layers} {params.area_mass}"
        " --pdf {output.pdf:q} --png {output.png:q} --csv {output.csv:q} 2>> {log:q}"


rule write_explorer:
    input:
        dataset="results/{study}/dataset.zarr",
        superclasses="results/{study}/superclasses.csv",
        # It is written after all embeddings, neighbours and metrics of the study.
        metrics="results/{study}/tables/metrics.csv",
    output:
        page=report(
            "results/{study}/explorer.html",
            caption=CAPTION,
            category=subject_of("explorer"),
        ),
    log:
        "logs/{study}/write_explorer.log",
    benchmark:
        "benchmarks/results/{study}/write_explorer.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        caption=caption_of("explorer"),
        study=lambda wildcards, output: Path(output.page).parent,
        methods=EXPLORED,
        layers=[
            layer
            for layer in config["layers"]
            if any(layer in layers_of(config, method) for method in EXPLORED)
        ],
        embeddings=config["run"]["embeddings"],
        # Where no metric is taken of them, the table is the same with other ones.
        embedded=[embedding_json(config, name) for name in config["run"]["embeddings"]],
        runs=all_runs("{method}/budget-{budget}/fold-{fold}", method=EXPLORED),
        teacher=TEACHER,
        students=f"--students {' '.join(STUDENTS)}" if STUDENTS else "",
        code=showing_code("write_explorer"),
    shell:
        "limbeck write_explorer --study {params.study:q} --methods {params.methods:q}"
        " --layers {params.layers:q} --embeddings {params.embeddings:q} --runs {params.runs:q}"
        " --teacher {params.teacher:q} {params.students} --page {output.page:q} 2>> {log:q}"


rule write_provenance:
    input:
        TABLE_FILES,
        FIGURE_FILES,
        predictions=[str(Path(path).with_name("predictions.zarr")) for path in RUN_METRICS],
    output:
        "results/{study}/provenance.json",
    log:
        "logs/{study}/write_provenance.log",
    benchmark:
        "benchmarks/results/{study}/write_provenance.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=lambda wildcards: to_json(config, sort_keys=False),
        code=fingerprint("write_provenance"),
    shell:
        "limbeck write_provenance --predictions {input.predictions:q} --settings {params.settings:q}"
        " --output {output:q} 2>> {log:q}"


rule trained:
    """All networks of the study, before any is extracted."""
    input:
        all_runs(
            "results/{study}/runs/{method}/budget-{budget}/fold-{fold}/model.pt",
            method=needed_methods(config),
        ),
    localrule: True


for layer in config["layers"]:

    rule:
        name:
            f"layer_{layer}"
        input:
            all_runs(
                "results/{study}/runs/{method}/budget-{budget}/fold-{fold}/metrics/{layer}.csv",
                method=methods_with(config, layer),
                layer=layer,
            ),
        localrule: True
