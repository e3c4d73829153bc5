"""Rule pixels: decode one shard of images to square arrays."""

from art_transfer.collect.shards import read_shard, readable
from art_transfer.formats import IMAGES, read_csv
from art_transfer.job import logged
from art_transfer.prepare.pixels import write_pixels
from art_transfer.provenance import write_sha256
from art_transfer.settings import Pixels

with logged(snakemake.log[0]):
    wanted, table = snakemake.wildcards, snakemake.input.table
    images = read_shard(snakemake.input.images, table)
    count = len(readable(read_csv(table, IMAGES)))
    pixels = Pixels(wanted.fit, wanted.filter)
    write_pixels(images, count, int(wanted.size), pixels, snakemake.output.pixels)
    write_sha256(snakemake.output.pixels)
