"""Rule cost: what the study cost, as a table and a figure."""

from art_transfer.formats import write_csv
from art_transfer.job import logged, settings
from art_transfer.report.cost import accounting, cost, cost_figure
from art_transfer.report.style import save, styled
from art_transfer.report_settings import CostSettings

with logged(snakemake.log[0]), styled():
    wanted = settings(snakemake, CostSettings)
    table = cost(wanted.records, accounting(wanted.records))
    write_csv(snakemake.output.csv, table)
    figure = cost_figure(table, wanted.networks)
    save(figure, snakemake.output.pdf, snakemake.output.png)
