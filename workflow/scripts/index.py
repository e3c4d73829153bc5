"""Rule index: the study on one page."""

from art_transfer.files import write_text
from art_transfer.job import logged, settings
from art_transfer.report.index_page import index
from art_transfer.report_settings import IndexSettings

with logged(snakemake.log[0]):
    given = snakemake.input
    page = index(
        given.template,
        given.script,
        settings(snakemake, IndexSettings),
        given.tables,
        given.figures,
        given.pages,
        given.config,
    )
    write_text(snakemake.output[0], page)
