"""Rule learning_curves: test accuracy by the number of training objects."""

from art_transfer.files import write_text
from art_transfer.formats import write_csv
from art_transfer.job import logged, settings
from art_transfer.report.grid import markdown
from art_transfer.report.learning_curves import curves_figure, curves_grid, curves_table
from art_transfer.report.runs import read_groups
from art_transfer.report.style import save, styled
from art_transfer.report_settings import FigureSettings

with logged(snakemake.log[0]), styled():
    wanted = settings(snakemake, FigureSettings)
    table = curves_table(wanted, read_groups(snakemake.input.duplicates))
    write_csv(snakemake.output.csv, table)
    write_text(snakemake.output.md, markdown(curves_grid(table, wanted)))
    save(curves_figure(table, wanted), snakemake.output.pdf, snakemake.output.png)
