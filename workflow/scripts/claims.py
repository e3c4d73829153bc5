"""Rule claims: what becomes of each claim of the paper."""

from functools import cache

from art_transfer.files import write_text
from art_transfer.formats import read_table, write_csv
from art_transfer.job import logged, settings
from art_transfer.report.claim_files import read_claims
from art_transfer.report.claims import claims_table, evaluate
from art_transfer.report.grid import markdown
from art_transfer.report.runs import read_groups, read_tested
from art_transfer.report_settings import ClaimsSettings

with logged(snakemake.log[0]):
    wanted, given = settings(snakemake, ClaimsSettings), snakemake.input
    groups = read_groups(given.duplicates)
    read = cache(lambda run: read_tested(run, wanted.results, groups))
    shares = read_table(given.datasets)
    verdicts, tests = evaluate(read_claims(given.claims[0]), wanted.runs, read, shares)
    write_csv(snakemake.output.csv, verdicts)
    write_csv(snakemake.output.tests, tests)
    write_text(snakemake.output.md, markdown(claims_table(verdicts)))
