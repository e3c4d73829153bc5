"""Rule split: deal labelled objects out to train, validation and test."""

from art_transfer.formats import SPLITS, read_csv, write_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import SplitSettings
from art_transfer.prepare.splits import split

with logged(snakemake.log[0]):
    labels = read_csv(snakemake.input.labels, ["object_id", "label"])
    wildcards = snakemake.wildcards
    name = f"{wildcards.collection}, task {wildcards.task}"
    table = split(labels, int(wildcards.seed), settings(snakemake, SplitSettings).rule, name)
    write_csv(snakemake.output[0], table, SPLITS)
