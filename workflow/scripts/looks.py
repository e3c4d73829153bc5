"""Rule looks: make a museum's images small and grey, for near-duplicates to be found by."""

from itertools import chain

from art_transfer.collect.shards import read_shard, readable
from art_transfer.formats import IMAGES, read_csv
from art_transfer.job import logged
from art_transfer.prepare.looks import write_looks

with logged(snakemake.log[0]):
    tables = snakemake.input.tables
    count = sum(len(readable(read_csv(path, IMAGES))) for path in tables)
    images = chain.from_iterable(map(read_shard, snakemake.input.images, tables))
    write_looks(images, count, snakemake.output[0])
