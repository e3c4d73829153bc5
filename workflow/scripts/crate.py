"""Rule crate: describe the archive for machines."""

from pathlib import Path

from art_transfer.archive.crate import write_crate
from art_transfer.formats import OBJECTS, read_parquet
from art_transfer.job import logged, settings
from art_transfer.job_settings import CrateSettings

with logged(snakemake.log[0]):
    given, results = snakemake.input, Path(snakemake.output[0]).parent
    rights = {
        Path(path).parent.name: sorted(set(read_parquet(path, OBJECTS)["rights"]) - {""})
        for path in given.objects
    }
    write_crate(results, given.citation, settings(snakemake, CrateSettings), rights)
