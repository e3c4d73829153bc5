"""Several museums as one: the same objects and images, under ids that say whose they are."""

from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from art_transfer.collect.pooled import Pooled
from art_transfer.collect.shards import read_images, read_shard, shard_of, write_shard
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.transport import Manners
from art_transfer.errors import StudyError
from art_transfer.formats import OBJECTS, write_parquet
from builders import file_of, noise, objects_of

MUSEUMS = {"big": ["7", "a/b", "Ä"], "bigger": ["7", "8"], "a": ["x"]}
SHARDS = {"big": 2, "bigger": 1, "a": 3}


def store(folder: Path, ids: list[str], shards: int, seed: int = 0) -> None:
    """A museum's images in so many shards."""
    image = file_of(noise(4, 5, seed))
    for file in (f"{shard:04d}" for shard in range(shards)):
        images = [
            FetchedImage(i, image, "ok") if i != "8" else FetchedImage(i, None, "missing: lost")
            for i in sorted(ids)
            if shard_of(i, shards) == file
        ]
        write_shard(images, file, folder / f"{file}.zip", folder / f"{file}.csv")


@pytest.fixture
def visit(tmp_path):
    for number, (name, ids) in enumerate(MUSEUMS.items()):
        table = objects_of({i: [f"{name} {i}"] for i in sorted(ids)})
        write_parquet(tmp_path / name / "objects.parquet", table, OBJECTS)
        store(tmp_path / name / "images", ids, SHARDS[name], number)
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


@pytest.mark.parametrize(("before", "after"), [(4, 2), (2, 4), (5, 3), (3, 1)])
def test_images_are_found_where_a_museum_had_other_shards_before(visit, tmp_path, before, after):
    """What it had more of stays on disk, older than the rest."""
    ids = [str(number) for number in range(20)]
    folder = tmp_path / "big" / "images"
    for path in folder.iterdir():
        path.unlink()
    store(folder, ids, before, seed=7)
    store(folder, ids, after, seed=8)
    for some in (ids, ids[3:4]):
        objects = objects_of({f"big/{i}": ["x"] for i in some})
        found = {
            i: (data, status) for i, data, status in Pooled(("big",)).images(objects, visit, "")
        }
        new = {f"big/{i}": (file_of(noise(4, 5, 8)), "ok") for i in some}
        assert found == new | {i: (None, "missing: lost") for i in found if i == "big/8"}


def test_an_object_that_no_image_table_has_is_told(visit, tmp_path):
    objects = objects_of({"big/7": ["x"], "big/new": ["x"]})
    match = r"big/images: the 2 image tables there .* object 'new' or others are not\. Delete"
    with pytest.raises(StudyError, match=match):
        list(Pooled(("big",)).images(objects, visit, ""))
    (tmp_path / "big" / "images" / "0000.csv").unlink()
    with pytest.raises(StudyError, match=r"the 0 image tables there"):
        list(Pooled(("big",)).images(objects, visit, ""))


def read_so_far() -> int:
    """The bytes that this process has read from files."""
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux says what was read")
def test_the_images_of_a_large_shard_are_listed_once_and_not_for_each(visit, tmp_path):
    ids = [str(number) for number in range(1000, 3000)]
    folder = tmp_path / "big" / "images"
    store(folder, ids, 2)
    objects = objects_of({f"big/{i}": ["x"] for i in ids})
    before = read_so_far()
    found = list(Pooled(("big",)).images(objects, visit, ""))
    assert len(found) == 2000
    assert read_so_far() - before < 10 * sum(path.stat().st_size for path in folder.iterdir())
