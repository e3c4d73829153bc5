"""Rule gains: what first weights and methods gain over others, on the same test objects."""

import pandas as pd
from art_transfer.files import write_text
from art_transfer.formats import read_table, write_csv
from art_transfer.job import logged, settings
from art_transfer.report.gains import gains, gains_table, pairs
from art_transfer.report.grid import markdown
from art_transfer.report.runs import read_groups
from art_transfer.report.tables import network_titles
from art_transfer.report_settings import GainsSettings

with logged(snakemake.log[0]):
    wanted = settings(snakemake, GainsSettings)
    groups = read_groups(snakemake.input.duplicates)
    compared = [pair for runs in wanted.experiments for pair in pairs(runs)]
    table = gains(dict.fromkeys(compared), wanted.results, groups)
    networks = network_titles(pd.concat(map(read_table, snakemake.input.tables)))
    grid = gains_table(table, "Gains in test accuracy", wanted.titles, networks)
    write_csv(snakemake.output.csv, table)
    write_text(snakemake.output.md, markdown(grid))
