"""Rule objects: read a museum's metadata into one table."""

from dataclasses import asdict

from art_transfer.collect.sources import open_source
from art_transfer.files import write_yaml
from art_transfer.formats import OBJECTS, write_parquet
from art_transfer.job import logged, settings
from art_transfer.job_settings import SourceSettings

with logged(snakemake.log[0]):
    wanted = settings(snakemake, SourceSettings)
    objects = open_source(snakemake.wildcards.collection, wanted).read()
    write_parquet(snakemake.output.objects, objects, OBJECTS)
    # The study's name is for a message only (checks.check_definitions): it must not cause reruns.
    definition = {"study": snakemake.config["study"], "source": asdict(wanted)}
    write_yaml(snakemake.output.definition, definition)
