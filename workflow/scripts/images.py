"""Rule images: fetch the image files of one shard of a museum."""

from art_transfer.collect.lock import freeze_images
from art_transfer.collect.shards import shard_of, write_shard
from art_transfer.collect.sources import open_source, visit
from art_transfer.formats import OBJECTS, read_parquet
from art_transfer.job import logged, settings
from art_transfer.job_settings import ImagesSettings

with logged(snakemake.log[0]) as terminal:
    wanted, shard = settings(snakemake, ImagesSettings), snakemake.wildcards.shard
    collection = snakemake.wildcards.collection
    objects = read_parquet(snakemake.input.objects, OBJECTS)
    mine = objects[objects["object_id"].map(lambda i: shard_of(i, wanted.shards)) == shard]
    source = open_source(wanted.source)
    name = f"{wanted.shards}-{shard}"
    images = source.images(mine, visit(collection, snakemake.config, terminal), name)
    write_shard(images, shard, snakemake.output.images, snakemake.output.table)
    freeze_images(source, snakemake.output.table, name)
