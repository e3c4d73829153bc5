"""Rule gain_slopes: what other first weights gain, as slopes."""

import pandas as pd
from art_transfer.job import logged, settings
from art_transfer.job_settings import TitleSettings
from art_transfer.report.slopes import gains_figure
from art_transfer.report.style import save, styled

with logged(snakemake.log[0]), styled():
    titles = settings(snakemake, TitleSettings).titles
    figure = gains_figure(list(map(pd.read_csv, snakemake.input)), titles)
    save(figure, snakemake.output.pdf, snakemake.output.png)
