"""Rule objects: read a museum's metadata into one table."""

from dataclasses import asdict

from art_transfer.collect.lock import freeze_objects
from art_transfer.collect.sources import open_source, visit
from art_transfer.files import write_yaml
from art_transfer.formats import OBJECTS, write_parquet_parts
from art_transfer.job import logged, settings
from art_transfer.job_settings import SourceSettings

with logged(snakemake.log[0]) as terminal:
    wanted, collection = settings(snakemake, SourceSettings), snakemake.wildcards.collection
    source = open_source(wanted)
    tables = source.read(visit(collection, snakemake.config, terminal))
    write_parquet_parts(snakemake.output.objects, tables, OBJECTS)
    freeze_objects(source, snakemake.output.objects, wanted)
    # The study's name is for a message only (checks.check_definitions): it must not cause reruns.
    definition = {"study": snakemake.config["study"], "source": asdict(wanted)}
    write_yaml(snakemake.output.definition, definition)
