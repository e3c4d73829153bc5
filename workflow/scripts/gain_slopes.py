"""Rule gain_slopes: what other first weights gain, as slopes."""

from art_transfer.formats import read_table
from art_transfer.job import logged, settings
from art_transfer.report.slopes import gains_figure
from art_transfer.report.style import save, styled
from art_transfer.report_settings import TitleSettings

with logged(snakemake.log[0]), styled():
    titles = settings(snakemake, TitleSettings).titles
    tables, gains = map(read_table, snakemake.input.tables), read_table(snakemake.input.gains)
    figure = gains_figure(list(tables), gains, titles)
    save(figure, snakemake.output.pdf, snakemake.output.png)
