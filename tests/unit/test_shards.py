"""Images of some objects, from a museum of many shards."""

import resource

from art_transfer.collect.shards import read_images, shard_of, write_shard
from art_transfer.collect.source import FetchedImage
from builders import file_of, noise


def test_more_shards_are_read_than_files_may_be_open(tmp_path):
    """The schema allows 1024, which is also what many systems allow a program to open in all."""
    shards, ids = 300, [f"o{number}" for number in range(900)]
    image = file_of(noise(4, 5))
    for file in {shard_of(i, shards) for i in ids}:
        images = [FetchedImage(i, image, "ok") for i in ids if shard_of(i, shards) == file]
        write_shard(images, file, tmp_path / f"{file}.zip", tmp_path / f"{file}.csv")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        found = read_images(tmp_path, reversed(ids), shards)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert list(found) == ids[::-1] and set(found.values()) == {image}
