"""Rule table_pages: each table on a page of its own."""

from art_transfer.files import write_text
from art_transfer.job import logged
from art_transfer.report.read_grids import table_page

with logged(snakemake.log[0]):
    given = snakemake.input
    for table, page in zip(given.tables, snakemake.output, strict=True):
        write_text(page, table_page(given.template, given.script, table))
