"""Rule curves: validation accuracy per epoch (Figures 2 and 3)."""

from art_transfer.job import logged, settings
from art_transfer.report.curves import curves
from art_transfer.report.runs import read_histories
from art_transfer.report.style import save, styled
from art_transfer.report_settings import CurvesSettings

with logged(snakemake.log[0]), styled():
    wanted = settings(snakemake, CurvesSettings)
    histories = read_histories(wanted.runs, wanted.results)
    figure = curves(histories, wanted.tasks, wanted.title)
    save(figure, snakemake.output.pdf, snakemake.output.png)
