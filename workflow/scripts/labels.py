"""Rule labels: choose one label per object for a task."""

import pandas as pd
from art_transfer.formats import OBJECTS, columns, read_csv, read_parquet, write_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import LabelSettings
from art_transfer.prepare.labels import check_images, choose_labels
from art_transfer.prepare.values import read_mapping

with logged(snakemake.log[0]):
    wanted = settings(snakemake, LabelSettings)
    collection, task = snakemake.wildcards.collection, snakemake.wildcards.task
    objects = read_parquet(
        snakemake.input.objects, columns(OBJECTS, "object_id", wanted.task.field)
    )
    images = pd.concat([read_csv(path, ["object_id", "status"]) for path in snakemake.input.images])
    check_images(images, wanted.max_unreadable_share, collection)
    mapping = read_mapping(snakemake.input.mapping[0]) if snakemake.input.mapping else None
    name = f"{collection}, task {task}"
    chosen = choose_labels(objects, images, wanted.task, name, mapping)
    write_csv(snakemake.output.decisions, chosen.decisions)
    write_csv(snakemake.output.filters, chosen.filters)
    write_csv(snakemake.output.labels, chosen.labels)
