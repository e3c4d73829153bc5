"""Images in shards and files of weights: stable, found again, and nothing left of a failure."""

import functools
import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from art_transfer.collect.shards import (
    member_name,
    read_images,
    read_shard,
    readable,
    shard_of,
    write_shard,
)
from art_transfer.collect.source import FetchedImage
from art_transfer.collect.weights import fetch_weights
from art_transfer.errors import StudyError
from art_transfer.formats import IMAGES, read_csv
from builders import file_of, noise
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

HOSTILE = [
    "a/b",
    "../../etc/passwd",
    "..",
    ".",
    "/root",
    "back\\slash",
    ".hidden",
    "-rf",
    "~",
    "a b",
    "%2E%2E",
    "%2F",
    'quo"te',
    "com,ma",
    "#",
    "SK-A-1",
    "sk-a-1",
    "Sk-A-1",
    "007",
    "1.0",
    "NA",
    "null",
    "\u00e9",
    "e\u0301",
    "\u65e5\u672c",
    "\u05e9\u05dc\u05d5\u05dd",
    "\U0001f3a8",
    "x" * 300,
    "\u65e5" * 300,
]
IMAGE = file_of(noise(5, 7))


def fetched(ids: list[str]) -> list[FetchedImage]:
    """An image of its own for each id."""
    return [FetchedImage(name, file_of(noise(5, 7, seed)), "ok") for seed, name in enumerate(ids)]


def write(folder: Path, images: list[FetchedImage]) -> tuple[Path, Path]:
    paths = folder / "0003.zip", folder / "0003.csv"
    write_shard(images, "0003", *paths)
    return paths


def test_hostile_ids_are_found_again_under_their_real_name(tmp_path):
    images = fetched(HOSTILE)
    paths = write(tmp_path, images)
    assert list(read_shard(*paths)) == [(image.object_id, image.data) for image in images]
    assert sorted(os.listdir(tmp_path)) == ["0003.csv", "0003.zip"]


def test_a_member_is_never_a_path_and_never_hidden(tmp_path):
    zip_path, _ = write(tmp_path, fetched(HOSTILE))
    with zipfile.ZipFile(zip_path) as archive:
        names = archive.namelist()
        assert len(set(names)) == len(HOSTILE)
        assert not [name for name in names if "/" in name or "\\" in name or name[0] in "./"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        short = [name for name in names if len(name) < 256]
        archive.extractall(tmp_path / "out", short)
    assert sorted(os.listdir(tmp_path / "out")) == sorted(short)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True))
def test_names_of_members_are_as_different_as_ids(ids):
    names = [member_name(object_id) for object_id in ids]
    assert len(set(names)) == len(ids)
    assert all(name.isascii() and name.isprintable() for name in names)


def test_the_images_of_chosen_objects_come_from_their_shards(tmp_path):
    images = fetched(HOSTILE)
    for shard in ("0000", "0001", "0002"):
        mine = [image for image in images if shard_of(image.object_id, 3) == shard]
        assert mine
        write_shard(mine, shard, tmp_path / f"{shard}.zip", tmp_path / f"{shard}.csv")
    assert read_images(tmp_path, HOSTILE, 3) == {image.object_id: image.data for image in images}


def test_the_same_images_are_the_same_bytes_at_any_time(tmp_path, monkeypatch):
    one = [path.read_bytes() for path in write(tmp_path / "one", fetched(HOSTILE))]
    monkeypatch.setattr("time.time", lambda: 2e9)
    two = [path.read_bytes() for path in write(tmp_path / "two", fetched(HOSTILE))]
    assert one == two


def test_the_table_lists_what_is_there_and_why_the_rest_is_not(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = file_of(noise(5, 7), "JPEG", exif=exif)
    images = [
        FetchedImage("good", IMAGE, "ok"),
        FetchedImage("turned", turned, "ok"),
        FetchedImage("empty", b"", "ok"),
        FetchedImage("page", b"<html>404</html>", "ok"),
        FetchedImage("cut", IMAGE[:60], "ok"),
        FetchedImage("gone", None, "missing: there is no file gone.jpg, or two"),
    ]
    zip_path, csv_path = write(tmp_path, images)
    table = read_csv(csv_path, IMAGES).set_index("object_id")
    assert table.index.tolist() == [image.object_id for image in images]
    assert set(table["shard"]) == {"0003"}
    assert table["bytes"].fillna(-1).tolist() == [len(IMAGE), len(turned), 0, 16, 60, -1]
    hashes = [hashlib.sha256(i.data).hexdigest() for i in images if i.data is not None]
    assert table["sha256"].tolist() == [*hashes, ""]
    assert table["width"].fillna(-1).tolist() == [7, 5, -1, -1, -1, -1]
    assert table["height"].fillna(-1).tolist() == [5, 7, -1, -1, -1, -1]
    statuses = table["status"].to_dict()
    assert statuses.pop("cut").startswith("unreadable: ")
    assert statuses == {
        "good": "ok",
        "turned": "ok",
        "empty": "unreadable: empty file",
        "page": "unreadable: no known image format, begins b'<html>40'",
        "gone": "missing: there is no file gone.jpg, or two",
    }
    assert list(readable(table.reset_index())["object_id"]) == ["good", "turned"]
    assert list(read_shard(zip_path, csv_path)) == [("good", IMAGE), ("turned", turned)]
    with zipfile.ZipFile(zip_path) as archive:
        assert archive.namelist() == ["good", "turned"]


def test_a_shard_without_objects_is_a_shard(tmp_path):
    paths = write(tmp_path, [])
    assert list(read_shard(*paths)) == []
    assert paths[1].read_text() == "object_id,shard,bytes,sha256,width,height,status\n"


def test_an_objects_shard_is_always_the_same():
    ids = ("SK-C-5", "RP-P-1906-1", "\u00e9", "\u65e5\u672c", "a/b")
    assert [shard_of(name, 24) for name in ids] == ["0019", "0022", "0003", "0003", "0005"]
    assert {shard_of(name, 1) for name in HOSTILE} == {"0000"}


def test_objects_are_spread_over_all_shards():
    counts = pd.Series([shard_of(f"SK-{n}", 24) for n in range(24_000)]).value_counts()
    assert sorted(counts.index) == [f"{n:04d}" for n in range(24)]
    assert counts.between(850, 1150).all()  # five standard deviations around 1,000


def sha(data: bytes, kind: str = "sha256") -> str:
    return f"{kind}:{hashlib.new(kind, data).hexdigest()}"


WEIGHTS = bytes(range(256)) * 300


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if "short" in self.path:  # a connection that breaks
            self.send_response(200)
            self.send_header("Content-Length", str(2 * len(WEIGHTS)))
            self.end_headers()
            self.wfile.write(WEIGHTS)
        else:
            super().do_GET()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a folder with ``net.h5`` in it."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "net.h5").write_bytes(WEIGHTS)
    handler = functools.partial(Handler, directory=tmp_path / "served")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_weights_with_the_right_hash_are_fetched_from_a_file_or_an_address(server, tmp_path, kind):
    local, remote = tmp_path / "weights" / "a.h5", tmp_path / "weights" / "b.h5"
    fetch_weights(str(tmp_path / "served" / "net.h5"), sha(WEIGHTS, kind), local)
    fetch_weights(f"{server}/net.h5", sha(WEIGHTS, kind), remote)
    assert local.read_bytes() == remote.read_bytes() == WEIGHTS
    assert sorted(os.listdir(tmp_path / "weights")) == ["a.h5", "b.h5"]


@pytest.mark.parametrize("old", [None, b"what was there before"])
@pytest.mark.parametrize(
    ("address", "expected", "words"),
    [
        ("FILES/net.h5", sha(b"other"), ["sha256", sha(WEIGHTS)[7:], sha(b"other")[7:]]),
        ("HTTP/net.h5", sha(b"other", "md5"), ["md5", sha(WEIGHTS, "md5")[4:], "another file"]),
        ("FILES/gone.h5", sha(WEIGHTS), ["there is no file", "gone.h5"]),
        ("HTTP/gone.h5", sha(WEIGHTS), ["cannot be downloaded", "404", "gone.h5"]),
        ("HTTP/short.h5", sha(WEIGHTS), ["short.h5"]),
        ("http://127.0.0.1:9/net.h5", sha(WEIGHTS), ["cannot be downloaded", "127.0.0.1:9"]),
    ],
)
def test_a_failure_says_why_and_leaves_nothing_new(server, tmp_path, address, expected, words, old):
    target = tmp_path / "weights" / "net.h5"
    if old is not None:
        target.parent.mkdir()
        target.write_bytes(old)
    address = address.replace("FILES", str(tmp_path / "served")).replace("HTTP", server)
    with pytest.raises(StudyError) as caught:
        fetch_weights(address, expected, target)
    for word in words:
        assert word in str(caught.value)
    left = {path.name: path.read_bytes() for path in target.parent.iterdir()}
    assert left == ({} if old is None else {"net.h5": old})
