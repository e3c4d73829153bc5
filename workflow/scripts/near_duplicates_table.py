"""Rule near_duplicates_table: what near-duplicates there are, and what they do to the scores."""

from art_transfer.files import write_text
from art_transfer.formats import BETWEEN, read_csv, write_csv
from art_transfer.job import logged, settings
from art_transfer.report.grid import markdown
from art_transfer.report.near_duplicates import duplicates_tables, scores_without
from art_transfer.report.runs import read_groups
from art_transfer.report_settings import DuplicatesSettings

with logged(snakemake.log[0]):
    wanted, given = settings(snakemake, DuplicatesSettings), snakemake.input
    found = read_groups(given.duplicates)
    between = read_csv(given.between, BETWEEN)
    scores = scores_without(wanted, found, between)
    write_csv(snakemake.output.csv, scores)
    grids = duplicates_tables(scores, found, between, wanted.titles)
    write_text(snakemake.output.md, "\n".join(map(markdown, grids)))
