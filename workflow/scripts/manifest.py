"""Rule manifest: seal the archive."""

from pathlib import Path

from art_transfer.archive.manifest import write_manifest
from art_transfer.job import logged

with logged(snakemake.log[0]):
    write_manifest(Path(snakemake.output[0]).parent)
