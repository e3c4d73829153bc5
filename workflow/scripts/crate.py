"""Rule crate: describe the archive for machines."""

from pathlib import Path

from art_transfer.archive.crate import write_crate
from art_transfer.files import read_json
from art_transfer.job import logged, settings
from art_transfer.job_settings import CrateSettings

with logged(snakemake.log[0]):
    given, results = snakemake.input, Path(snakemake.output[0]).parent
    rights = {Path(path).stem: read_json(path) for path in given.rights}
    write_crate(results, given.citation, settings(snakemake, CrateSettings), rights)
