"""Rule rights: what a museum's source states about the rights to its images."""

from art_transfer.files import write_json
from art_transfer.formats import OBJECTS, read_parquet
from art_transfer.job import logged

with logged(snakemake.log[0]):
    stated = read_parquet(snakemake.input.objects, OBJECTS)["rights"]
    write_json(snakemake.output[0], sorted(set(stated) - {""}))
