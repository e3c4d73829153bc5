"""Rule multitask: one network for all tasks beside one for each, in accuracy and in hours."""

import pandas as pd
from art_transfer.files import write_text
from art_transfer.formats import read_table, write_csv
from art_transfer.job import logged, settings
from art_transfer.report.grid import markdown
from art_transfer.report.multitask import multitask, multitask_table
from art_transfer.report.tables import network_titles
from art_transfer.report_settings import TitleSettings

with logged(snakemake.log[0]):
    given = snakemake.input
    tables = [read_table(path) for path in given.tables]
    table = multitask(tables, read_table(given.cost))
    networks = network_titles(pd.concat(tables))
    grid = multitask_table(table, settings(snakemake, TitleSettings).titles, networks)
    write_csv(snakemake.output.csv, table)
    write_text(snakemake.output.md, markdown(grid))
