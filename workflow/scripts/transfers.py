"""Rule transfers: a map of what networks of each museum gain on each museum."""

from art_transfer.files import write_text
from art_transfer.formats import write_csv
from art_transfer.job import logged, settings
from art_transfer.report.grid import markdown
from art_transfer.report.runs import read_groups
from art_transfer.report.style import save, styled
from art_transfer.report.transfers import transfers_figure, transfers_grid, transfers_table
from art_transfer.report_settings import TransfersSettings

with logged(snakemake.log[0]), styled():
    wanted = settings(snakemake, TransfersSettings)
    table = transfers_table(wanted, read_groups(snakemake.input.duplicates))
    write_csv(snakemake.output.csv, table)
    write_text(snakemake.output.md, markdown(transfers_grid(table, wanted)))
    save(transfers_figure(table, wanted), snakemake.output.pdf, snakemake.output.png)
