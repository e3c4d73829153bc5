# Deep transfer learning for art classification: from museums to tables and figures.
#
#   snakemake -n                                                     plan the paper
#   snakemake all --cores all --configfile config/demo.yaml          a study in minutes
#   snakemake --profile profiles/slurm all                           the paper on a cluster
#
# There is no `configfile:` line, for Snakemake would merge it with the user's: a config that names
# no study changes a few keys of config/config.yaml, any other stands for itself.
from snakemake.utils import min_version

min_version("9.0")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/data_tables.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/beyond.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/archive.smk"
include: "workflow/rules/predict.smk"


localrules:
    all,
    fetch,
    metadata,
    splits,
    shared,
    runs,
    tables,
    figures,
    catalogue,
    archive,


rule all:
    default_target: True
    input:
        rules.run_config.output,
        rules.tables.input,
        rules.table_pages.output,
        rules.figures.input,
        rules.catalogue.input,
