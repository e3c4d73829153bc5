"""Rule layers: what a probe reads from each layer, and how alike two networks are there."""

from art_transfer.files import write_text
from art_transfer.formats import write_csv
from art_transfer.job import logged, settings
from art_transfer.report.grid import markdown
from art_transfer.report.layers import layers_figure, layers_grid, layers_table
from art_transfer.report.runs import read_groups
from art_transfer.report.style import save, styled
from art_transfer.report_settings import LayersSettings

with logged(snakemake.log[0]), styled():
    wanted = settings(snakemake, LayersSettings)
    table = layers_table(wanted, read_groups(snakemake.input.duplicates))
    write_csv(snakemake.output.csv, table)
    write_text(snakemake.output.md, markdown(layers_grid(table, wanted.figure)))
    save(layers_figure(table, wanted.figure), snakemake.output.pdf, snakemake.output.png)
