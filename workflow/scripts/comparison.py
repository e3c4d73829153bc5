"""Rule comparison: published numbers beside reproduced ones."""

import pandas as pd
from art_transfer.files import write_text
from art_transfer.formats import read_table, write_csv
from art_transfer.job import logged, settings
from art_transfer.report.comparison import compare, comparison_tables, read_published, read_table1
from art_transfer.report.grid import markdown
from art_transfer.report.tables import network_titles
from art_transfer.report_settings import TitleSettings

with logged(snakemake.log[0]):
    given = snakemake.input
    cells = pd.concat(map(read_table, given.tables), ignore_index=True)
    sizes = read_table1(given.table1[0]) if given.table1 else None
    table = compare(read_published(given.published), sizes, cells, read_table(given.gains))
    titles = settings(snakemake, TitleSettings).titles
    write_csv(snakemake.output.csv, table)
    grids = comparison_tables(table, titles, network_titles(cells))
    write_text(snakemake.output.md, "\n".join(map(markdown, grids)))
