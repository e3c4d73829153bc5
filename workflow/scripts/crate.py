"""Rule crate: describe the archive for machines."""

from pathlib import Path

from art_transfer.archive.crate import copy_code, write_crate
from art_transfer.files import read_json
from art_transfer.job import logged, settings
from art_transfer.report_settings import CrateSettings

with logged(snakemake.log[0]):
    given, results = snakemake.input, Path(snakemake.output.crate).parent
    rights = {Path(path).stem: read_json(path) for path in given.rights}
    copy_code(given.wiring, results)
    write_crate(results, given.citation, settings(snakemake, CrateSettings), rights)
