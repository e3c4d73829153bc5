"""Rule collapse: where a head says little but the largest class."""

from art_transfer.files import write_text
from art_transfer.formats import write_csv
from art_transfer.job import logged, settings
from art_transfer.report.collapse import collapse_figure, collapse_grid, collapse_table
from art_transfer.report.comparison import read_published
from art_transfer.report.grid import markdown
from art_transfer.report.runs import read_groups
from art_transfer.report.style import save, styled
from art_transfer.report_settings import FigureSettings

with logged(snakemake.log[0]), styled():
    wanted = settings(snakemake, FigureSettings)
    published = read_published(snakemake.input.published)
    table = collapse_table(wanted, read_groups(snakemake.input.duplicates), published)
    write_csv(snakemake.output.csv, table)
    write_text(snakemake.output.md, markdown(collapse_grid(table, wanted)))
    save(collapse_figure(table, wanted), snakemake.output.pdf, snakemake.output.png)
