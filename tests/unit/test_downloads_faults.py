"""Images that are none, that are refused, and that other shards have already."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from art_transfer.collect.downloads import download_images
from art_transfer.collect.lock import freeze_images
from art_transfer.collect.shards import write_shard
from art_transfer.collect.transport import Manners
from art_transfer.errors import StudyError
from builders import file_of, noise
from museum_server import NOT_FOUND, QUICK, MuseumServer, Reply, visit
from test_downloads import fetched, image, wanted
from test_json_api import source


@pytest.fixture
def museum():
    with MuseumServer(image) as server:
        yield server


NO_IMAGES = {
    "a message": Reply(json.dumps({"error": "not found"}).encode()),
    "nothing": Reply(b"", type="image/jpeg"),
    "XHTML": Reply(b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"/>'),
    "half an image": Reply(file_of(noise(40, 40, 1))[:900], type="image/png"),
}


@pytest.mark.parametrize("kind", NO_IMAGES)
def test_an_answer_that_is_no_image_is_said_so_and_can_be_repaired(museum, tmp_path, kind):
    museum.first["/a"] = [NO_IMAGES[kind]]
    table = wanted(museum, "a", "b")
    remote = source(museum, "/list", {})
    statuses = []
    for ask_again in (0, 0, 1):
        found = list(
            download_images(table, lambda i: i, visit(tmp_path, ask_again=ask_again), "1-0000")
        )
        images = tmp_path / "images"
        write_shard(found, "0000", images / "0000.zip", images / "0000.csv")
        freeze_images(remote, images / "0000.csv", "1-0000")
        shard = pd.read_csv(images / "0000.csv", dtype=str)
        record = pd.read_csv(tmp_path / "images-1-0000.csv", dtype=str)
        assert shard["status"].tolist() == record["status"].tolist()
        statuses.append(shard["status"].tolist())
    assert statuses[0] == statuses[1] and statuses[2] == ["ok", "ok"]
    assert statuses[0][0].startswith("unreadable: ") and statuses[0][1] == "ok"
    assert museum.asked.count("/a") == 2 and museum.asked.count("/b") == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_images_that_are_refused_keep_no_other_from_coming(museum, tmp_path, status):
    names = [str(n) for n in range(30)]
    for name in names[:25]:
        museum.first[f"/{name}"] = [Reply(status=status)]
    table = wanted(museum, *names)
    found = fetched(table, tmp_path)
    assert [kind[:8] for _, _, kind in found] == ["missing:"] * 25 + ["ok"] * 5
    assert fetched(table, tmp_path) == found and len(museum.asked) == 30
    assert {kind for _, _, kind in fetched(table, tmp_path, ask_again=1)} == {"ok"}


def test_a_refusal_is_told(museum, tmp_path):
    museum.first["/a"] = [Reply(status=403)]
    status = fetched(wanted(museum, "a"), tmp_path)[0][2]
    assert status == f"missing: refused: {museum.address}/a: status 403"


def test_images_that_are_too_large_keep_no_other_from_coming(museum, tmp_path):
    large = Reply(file_of(noise(200, 200, 1)), type="image/png")
    museum.answer = lambda path, query: large if len(path) < 4 else image(path, query)
    names = [str(n) for n in range(10, 35)] + ["100"]
    found = _statuses(wanted(museum, *names), tmp_path, replace(QUICK, max_megabytes=0.01))
    assert {kind.split("/")[-1] for kind in found[:25]} == {
        f"{n}: more than 0.01 megabytes" for n in range(10, 35)
    }
    assert all(kind.startswith("missing: refused: ") for kind in found[:25]) and found[25] == "ok"


def test_a_status_that_means_later_at_this_museum_is_no_refusal(museum, tmp_path):
    museum.answer = lambda path, query: Reply(status=403)
    table = wanted(museum, *map(str, range(50)))
    manners = replace(QUICK, slow_down=(403,), retries=0)
    with pytest.raises(StudyError, match=r"20 images in a row .*status 403"):
        _statuses(table, tmp_path, manners)
    museum.answer = image
    assert set(_statuses(table, tmp_path, manners)) == {"ok"}


def _statuses(table: pd.DataFrame, kept: Path, manners: Manners) -> list[str]:
    found = download_images(table, lambda address: address, visit(kept, manners), "1-0000")
    return [status for _, _, status in found]


def shards(table: pd.DataFrame, kept: Path, count: int, ask_again: int = 0) -> list[str]:
    """The statuses of all images, every so manieth in one shard."""
    statuses = {}
    for n in range(count):
        mine = table.iloc[n::count]
        given = visit(kept, ask_again=ask_again)
        for found in download_images(mine, lambda address: address, given, f"{count}-{n:04d}"):
            statuses[found.object_id] = found.status
            assert (found.data is not None) == (found.status == "ok")
    return [statuses[object_id] for object_id in table["object_id"]]


def test_another_number_of_shards_asks_for_no_image_twice(museum, tmp_path):
    museum.first["/3"] = [NOT_FOUND]
    table = wanted(museum, *map(str, range(12)))
    found = shards(table, tmp_path, 2)
    assert shards(table, tmp_path, 3) == found
    assert len(museum.asked) == 12
    record = pd.concat(pd.read_csv(tmp_path / f"images-3-{n:04d}.csv") for n in range(3))
    assert sorted(record["object_id"]) == sorted(table["object_id"])


def test_what_other_shards_lack_is_asked_for(museum, tmp_path):
    museum.first["/3"] = [Reply(status=500)] * 3
    museum.first["/4"] = [NOT_FOUND]
    with pytest.raises(StudyError, match="status 500"):
        shards(wanted(museum, *map(str, range(6))), tmp_path, 2)
    museum.asked.clear()
    changed = wanted(museum, "new", *map(str, range(1, 6)))
    assert set(shards(changed, tmp_path, 3, ask_again=1)) == {"ok"}
    assert sorted(museum.asked) == ["/3", "/4", "/new"]


def test_an_image_that_any_shard_has_is_taken_before_one_that_says_it_is_missing(museum, tmp_path):
    museum.first["/1"] = [NOT_FOUND]
    table = wanted(museum, *map(str, range(4)))
    shards(table, tmp_path, 3)
    (tmp_path / "images-3-0001.sqlite").rename(tmp_path / "aside")
    shards(table, tmp_path, 2)
    (tmp_path / "aside").rename(tmp_path / "images-3-0001.sqlite")
    (tmp_path / "images-0.sqlite").write_bytes(b"")  # of a job that was killed at its beginning
    museum.asked.clear()
    assert shards(table, tmp_path, 1) == ["ok"] * 4
    assert museum.asked == []
