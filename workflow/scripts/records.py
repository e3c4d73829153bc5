"""Rule records: Snakemake's own records of the study's files, for the archive."""

from art_transfer.archive.records import SNAKEMAKE, write_records
from art_transfer.job import logged, settings
from art_transfer.report_settings import RecordsSettings

with logged(snakemake.log[0]):
    wanted = settings(snakemake, RecordsSettings)
    write_records(snakemake.output[0], SNAKEMAKE, wanted.study, wanted.collections)
