"""Several museums as one: the same objects and images, under ids that say whose they are."""

from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from art_transfer.collect.pooled import Pooled
from art_transfer.collect.shards import read_images, read_shard, shard_of, write_shard
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.web import Manners
from art_transfer.formats import OBJECTS, write_parquet
from builders import file_of, noise, objects_of

MUSEUMS = {"big": ["7", "a/b", "Ä"], "bigger": ["7", "8"], "a": ["x"]}
SHARDS = {"big": 2, "bigger": 1, "a": 3}


@pytest.fixture
def visit(tmp_path):
    for number, (name, ids) in enumerate(MUSEUMS.items()):
        table = objects_of({i: [f"{name} {i}"] for i in sorted(ids)})
        write_parquet(tmp_path / name / "objects.parquet", table, OBJECTS)
        folder = tmp_path / name / "images"
        for shard in range(SHARDS[name]):
            images = [
                FetchedImage(i, file_of(noise(4, 5, number)), "ok")
                if i != "8"
                else FetchedImage(i, None, "missing: lost")
                for i in sorted(ids)
                if shard_of(i, SHARDS[name]) == f"{shard:04d}"
            ]
            file = f"{shard:04d}"
            write_shard(images, file, folder / f"{file}.zip", folder / f"{file}.csv")
    return Visit(tmp_path / "pool" / "downloads", "", Manners(**MANNERS), 0, StringIO())


MANNERS = {
    "requests_per_second": 1,
    "workers": 1,
    "retries": 1,
    "backoff": 1,
    "timeout": 1,
    "max_megabytes": 1,
    "slow_down": (),
    "other_hosts": (),
    "headers": {},
    "hosts": (),
}


def test_every_object_is_there_once_under_its_museums_name(visit):
    table = pd.concat(Pooled(("bigger", "big", "a")).read(visit))
    ids = [f"{name}/{i}" for name, own in MUSEUMS.items() for i in own]
    assert table["object_id"].tolist() == sorted(ids)
    materials = dict(zip(table["object_id"], table["materials"], strict=True))
    assert materials["big/a/b"] == ["big a/b"] and materials["bigger/7"] == ["bigger 7"]


def test_images_are_those_of_each_museum(visit, tmp_path):
    pool = Pooled(("big", "bigger", "a"))
    table = pd.concat(pool.read(visit))
    found = {i: (data, status) for i, data, status in pool.images(table, visit, "1-0000")}
    assert list(found) == table["object_id"].tolist()
    for pooled_id, (data, status) in found.items():
        name, own = pooled_id.split("/", 1)
        if own == "8":
            assert (data, status) == (None, "missing: lost")
            continue
        folder = Path(tmp_path / name / "images")
        assert data == read_images(folder, [own], SHARDS[name])[own] and status == "ok"
    folder = tmp_path / "pool"
    images = pool.images(table, visit, "1-0000")
    write_shard(images, "0000", folder / "0000.zip", folder / "0000.csv")
    readable = [i for i, _ in read_shard(folder / "0000.zip", folder / "0000.csv")]
    assert readable == [i for i in table["object_id"] if i != "bigger/8"]
