rule lift_noise:
    output:
        activations=directory("results/{study}/noise/{map}/activations.zarr"),
    log:
        "logs/{study}/lift_noise/{map}.log",
    benchmark:
        "benchmarks/results/{study}/lift_noise/{map}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        settings=as_json("noise"),
        seed=config["seed"],
        code=fingerprint("lift_noise"),
    shell:
        "limbeck lift_noise --study {wildcards.study} --map {wildcards.map}"
        " --settings {params.settings:q} --seed {params.seed}"
        " --activations {output.activations:q} 2>> {log:q}"


use rule find_neighbours as find_noise_neighbours with:
    input:
        activations="results/{study}/noise/{map}/activations.zarr",
    output:
        neighbours=directory("results/{study}/noise/{map}/neighbours.zarr"),
    log:
        "logs/{study}/find_noise_neighbours/{map}.log",
    benchmark:
        "benchmarks/results/{study}/find_noise_neighbours/{map}.tsv"


use rule embed as embed_noise with:
    input:
        activations="results/{study}/noise/{map}/activations.zarr",
        neighbours="results/{study}/noise/{map}/neighbours.zarr",
    output:
        embedding=directory("results/{study}/noise/{map}/embeddings/{embedding}.zarr"),
    log:
        "logs/{study}/embed_noise/{map}/{embedding}.log",
    benchmark:
        "benchmarks/results/{study}/embed_noise/{map}/{embedding}.tsv"


use rule embed_noise as embed_noise_on_gpu with:
    wildcard_constraints:
        embedding=one_of(EMBEDDED_ON_GPU),
    resources:
        mem_mb=6000,
        runtime=120,
        gpu=GPU,
        device="cuda",


rule score_noise:
    input:
        activations=expand(
            "results/{{study}}/noise/{map}/activations.zarr", map=config["run"]["maps"]
        ),
        embeddings=expand(
            "results/{{study}}/noise/{map}/embeddings/{embedding}.zarr",
            map=config["run"]["maps"],
            embedding=config["run"]["embeddings"],
        ),
    output:
        csv=reported_table("results/{study}/tables/noise.csv", "noise", CSV),
        html=reported_table("results/{study}/tables/noise.html", "noise", HTML),
        md="results/{study}/tables/noise.md",
    log:
        "logs/{study}/score_noise.log",
    benchmark:
        "benchmarks/results/{study}/score_noise.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        caption=caption_of("noise"),
        code=fingerprint("score_noise"),
    shell:
        "limbeck score_noise --inputs {input:q} --table {output:q} 2>> {log:q}"
