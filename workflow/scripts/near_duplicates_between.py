"""Rule near_duplicates_between: which objects of one museum are nearly the same as another's."""

from pathlib import Path

from art_transfer.formats import BETWEEN, write_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import BetweenSettings
from art_transfer.prepare.duplicates import all_between, read_museum

with logged(snakemake.log[0]):
    wanted, given = settings(snakemake, BetweenSettings), snakemake.input
    museums = {
        name: read_museum(
            objects, [table for table in given.tables if Path(table).parts[-3] == name], looks
        )
        for name, objects, looks in zip(wanted.collections, given.objects, given.looks, strict=True)
    }
    write_csv(snakemake.output[0], all_between(museums, wanted.pairs), BETWEEN)
