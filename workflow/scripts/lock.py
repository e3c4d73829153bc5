"""Rule lock: what was fetched from a museum, for the archive."""

from pathlib import Path

from art_transfer.archive.locks import pack_lock
from art_transfer.job import logged

with logged(snakemake.log[0]):
    pack_lock(Path(snakemake.input.objects).parent, snakemake.output[0])
