"""Rule split: deal labelled objects out to train, validation and test."""

from art_transfer.formats import DUPLICATES, SPLITS, read_csv, write_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import SplitSettings
from art_transfer.prepare.splits import split

with logged(snakemake.log[0]):
    labels = read_csv(snakemake.input.labels, ["object_id", "label"])
    wildcards = snakemake.wildcards
    name = f"{wildcards.collection}, task {wildcards.task}"
    given = snakemake.input.duplicates
    groups = read_csv(given[0], DUPLICATES) if given else None
    rule = settings(snakemake, SplitSettings).rule
    table = split(labels, int(wildcards.seed), rule, name, groups)
    write_csv(snakemake.output[0], table, SPLITS)
