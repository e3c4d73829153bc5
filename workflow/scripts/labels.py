"""Rule labels: choose one label per object for a task."""

import pandas as pd
from art_transfer.formats import IMAGES, OBJECTS, read_csv, read_parquet, write_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import LabelSettings
from art_transfer.prepare.labels import check_images, choose_labels

with logged(snakemake.log[0]):
    wanted = settings(snakemake, LabelSettings)
    collection, task = snakemake.wildcards.collection, snakemake.wildcards.task
    objects = read_parquet(snakemake.input.objects, OBJECTS)
    images = pd.concat([read_csv(path, IMAGES) for path in snakemake.input.images])
    check_images(images, wanted.max_unreadable_share, collection)
    chosen = choose_labels(objects, images, wanted.task, f"{collection}, task {task}")
    write_csv(snakemake.output.decisions, chosen.decisions)
    write_csv(snakemake.output.filters, chosen.filters)
    write_csv(snakemake.output.labels, chosen.labels)
