"""Rule overlap: whether theta-hat gains only on the classes that both museums have."""

from art_transfer.files import write_text
from art_transfer.formats import write_csv
from art_transfer.job import logged, settings
from art_transfer.report.grid import markdown
from art_transfer.report.overlap import overlap, overlap_table
from art_transfer.report.runs import read_groups
from art_transfer.report_settings import OverlapSettings

with logged(snakemake.log[0]):
    wanted = settings(snakemake, OverlapSettings)
    groups = read_groups(snakemake.input.duplicates)
    table = overlap(wanted.transfers, wanted.results, groups)
    write_csv(snakemake.output.csv, table)
    write_text(snakemake.output.md, markdown(overlap_table(table, wanted.titles)))
