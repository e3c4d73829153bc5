"""Rule catalogue: a museum on one page."""

from pathlib import Path

import pandas as pd
import yaml
from art_transfer.files import write_text
from art_transfer.formats import OBJECTS, SPLITS, columns, read_csv, read_parquet
from art_transfer.job import logged, settings
from art_transfer.report.catalogue import Labelled, catalogue, sample_files
from art_transfer.report.style import styled
from art_transfer.report_settings import CatalogueSettings

SHOWN = ["object_id", "title", "creators", "date", "rights", "source_url"]
DECISIONS = ["raw value", "label", "objects", "decision"]
FILTERS = ["step", "objects", "classes"]

with logged(snakemake.log[0]), styled():
    wanted, given = settings(snakemake, CatalogueSettings), snakemake.input
    folder = Path(given.objects).parent
    images = pd.concat([read_csv(path, ["object_id", "status"]) for path in given.tables])
    files = zip(wanted.tasks, given.filters, given.decisions, given.splits, strict=True)
    labelled = {
        task: Labelled(
            read_csv(filters, FILTERS), read_csv(decisions, DECISIONS), read_csv(split, SPLITS)
        )
        for task, filters, decisions, split in files
    }
    # No input, since not every source has one; objects.parquet changes with what it says.
    lock = folder / "source.lock.yaml"
    page = catalogue(
        given.template,
        wanted.title,
        read_parquet(given.objects, columns(OBJECTS, *SHOWN)),
        images,
        labelled,
        sample_files(folder / "images", images, wanted.shards),
        yaml.safe_load(lock.read_text(encoding="utf-8")) if lock.is_file() else None,
    )
    write_text(snakemake.output[0], page)
