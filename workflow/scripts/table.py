"""Rule table: one experiment as a table in three forms."""

from art_transfer.files import write_text
from art_transfer.formats import write_csv
from art_transfer.job import logged, settings
from art_transfer.report.estimates import with_intervals
from art_transfer.report.grid import latex, markdown
from art_transfer.report.runs import read_baselines, read_groups, read_runs
from art_transfer.report.tables import cells, paper_table
from art_transfer.report_settings import TableSettings

with logged(snakemake.log[0]):
    wanted = settings(snakemake, TableSettings)
    groups = read_groups(snakemake.input.duplicates)
    runs = read_runs(wanted.runs, wanted.results, wanted.splits, groups)
    table = cells(runs, read_baselines(wanted.runs, wanted.results))
    grid = paper_table(table, wanted.title, wanted.titles)
    write_csv(snakemake.output.csv, with_intervals(table, runs))
    write_text(snakemake.output.md, markdown(grid))
    write_text(snakemake.output.tex, latex(grid))
