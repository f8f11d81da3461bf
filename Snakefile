from snakemake.utils import min_version

min_version("9.27")


# The default study, below a config that names no methods of its own.
if "methods" not in config:

    configfile: f"{workflow.current_basedir}/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/config.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/code.smk"
include: "workflow/rules/1_data.smk"
include: "workflow/rules/2_training.smk"
include: "workflow/rules/3_activations.smk"
include: "workflow/rules/4_neighbours.smk"
include: "workflow/rules/5_embedding.smk"
include: "workflow/rules/6_metrics.smk"
include: "workflow/rules/6_noise.smk"
include: "workflow/rules/7_summary.smk"


rule all:
    default_target: True
    input:
        expand(TABLE_FILES, study=config["study"]),
        expand(FIGURE_FILES, study=config["study"]),
        expand("results/{study}/explorer.html", study=config["study"]),
        expand("results/{study}/provenance.json", study=config["study"]),
