"""Rule rights: what a museum's source states about the rights to its objects' images."""

from art_transfer.files import write_json
from art_transfer.formats import OBJECTS, columns, read_parquet, write_csv
from art_transfer.job import logged

with logged(snakemake.log[0]):
    shown = columns(OBJECTS, "object_id", "rights", "source_url")
    objects = read_parquet(snakemake.input.objects, shown)
    write_json(snakemake.output.statements, sorted(set(objects["rights"]) - {""}))
    write_csv(snakemake.output.objects, objects)
