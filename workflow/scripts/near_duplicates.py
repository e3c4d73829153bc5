"""Rule near_duplicates: which of a museum's objects are nearly the same."""

from art_transfer.formats import DUPLICATES, write_csv
from art_transfer.job import logged
from art_transfer.prepare.duplicates import groups, read_museum

with logged(snakemake.log[0]):
    given = snakemake.input
    found = groups(read_museum(given.objects, given.tables, given.looks))
    write_csv(snakemake.output[0], found, DUPLICATES)
