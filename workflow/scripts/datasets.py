"""Rule datasets: how many objects and classes there are (Table 1)."""

from art_transfer.files import write_text
from art_transfer.formats import SPLITS, read_csv, read_table, write_csv
from art_transfer.job import logged, settings
from art_transfer.report.comparison import read_table1
from art_transfer.report.datasets import datasets, datasets_tables
from art_transfer.report.grid import markdown
from art_transfer.report_settings import DatasetsSettings

with logged(snakemake.log[0]):
    wanted, given = settings(snakemake, DatasetsSettings), snakemake.input
    filters = dict(zip(wanted.keys, map(read_table, given.filters), strict=True))
    splits = {
        key: read_csv(path, SPLITS) for key, path in zip(wanted.keys, given.splits, strict=True)
    }
    table = datasets(filters, splits, read_table1(given.table1[0]) if given.table1 else None)
    write_csv(snakemake.output.csv, table)
    text = "\n".join(markdown(grid) for grid in datasets_tables(table, wanted.titles))
    write_text(snakemake.output.md, text)
