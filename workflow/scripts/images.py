"""Rule images: fetch the image files of one shard of a museum."""

from art_transfer.collect.shards import shard_of, write_shard
from art_transfer.collect.sources import open_source
from art_transfer.formats import OBJECTS, read_parquet
from art_transfer.job import logged, settings
from art_transfer.job_settings import ImagesSettings

with logged(snakemake.log[0]):
    wanted, shard = settings(snakemake, ImagesSettings), snakemake.wildcards.shard
    objects = read_parquet(snakemake.input.objects, OBJECTS)
    mine = objects[objects["object_id"].map(lambda i: shard_of(i, wanted.shards)) == shard]
    images = open_source(snakemake.wildcards.collection, wanted.source).images(mine)
    write_shard(images, shard, snakemake.output.images, snakemake.output.table)
