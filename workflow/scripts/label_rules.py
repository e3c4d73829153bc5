"""Rule label_rules: how many objects and classes other rules to choose labels by would give."""

import pandas as pd
from art_transfer.formats import OBJECTS, columns, read_csv, read_parquet, write_csv
from art_transfer.job import logged, settings
from art_transfer.prepare.values import read_mapping
from art_transfer.report.comparison import read_table1
from art_transfer.report.label_rules import label_rules, ranked
from art_transfer.report_settings import LabelRulesSettings

with logged(snakemake.log[0]):
    wanted, given, found = settings(snakemake, LabelRulesSettings), snakemake.input, {}
    for collection, name in wanted.keys:
        task, folder = wanted.tasks[name], f"resources/{collection}"
        schema = columns(OBJECTS, "object_id", task.field)
        objects = read_parquet(f"{folder}/objects.parquet", schema)
        paths = [path for path in given.images if path.startswith(f"{folder}/")]
        images = pd.concat([read_csv(path, ["object_id", "status"]) for path in paths])
        mapping = read_mapping(task.mapping) if task.mapping else {}
        found[collection, name] = label_rules(objects, images, task, mapping)
    table1 = read_table1(given.table1[0]) if given.table1 else None
    write_csv(snakemake.output[0], ranked(found, table1))
