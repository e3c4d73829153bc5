"""The Rijksmuseum Challenge from figshare's list to objects and images, and what may go wrong."""

import gzip
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from art_transfer.collect.rijksmuseum_challenge import BadRecordError, dublin_core
from art_transfer.collect.shards import read_shard, write_shard
from art_transfer.collect.source import FetchedImage
from art_transfer.collect.tars import Tar
from art_transfer.errors import StudyError
from challenge import (
    ARTICLE,
    figshare,
    images,
    jpeg,
    member,
    object_id,
    record,
    records,
    source,
    tar,
)
from hypothesis import given
from hypothesis import strategies as st
from museum_server import QUICK, MuseumServer, Reply, objects_of, visit

GOOD = {"xml2.tar": tar(records(range(1, 31))), "jpg2.tar": tar(images(range(1, 31)))}


def read(files: dict[str, bytes], kept: Path, **options: object) -> pd.DataFrame:
    """The objects of a challenge with these files."""
    with figshare(files) as server:
        return objects_of(source(server, **options), kept)


def with_records(*more: tuple[tarfile.TarInfo, bytes], good: int = 30) -> dict[str, bytes]:
    return {"xml2.tar": tar([*records(range(1, good + 1)), *more])}


def test_a_record_becomes_an_object(tmp_path: Path) -> None:
    files = {"xml2.tar": tar([member("xml2/0000007_RP-P-1883-A-6811.xml", record("another"))])}
    objects = read(files, tmp_path)
    assert objects.iloc[0].to_dict() == {
        "object_id": "RP-P-1883-A-6811",
        "title": "Job’s boodschappers",
        "creators": [
            "prentmaker: Coornhert, Dirck Volckertsz",
            "naar ontwerp van: Heemskerck, Maarten van",
        ],
        "materials": ["materiaal: papier", "techniek: ets"],
        "types": ["prent", "historieprent"],
        "date": "1550 - 1555",
        "image": "0000007_RP-P-1883-A-6811.jpg",
        "rights": "http://creativecommons.org/publicdomain/zero/1.0/",
        "source_url": "http://www.rijksmuseum.nl/collectie/zoeken/asset.jsp?id=another",
    }


def test_a_handle_is_the_better_page(tmp_path: Path) -> None:
    handle = "http://hdl.handle.net/10934/RM0001.COLLECT.5216"
    one = member("xml2/0000001_SK-A-1.xml", record("SK-A-1", identifier=["SK-A-1", handle]))
    assert read({"xml2.tar": tar([one])}, tmp_path)["source_url"].tolist() == [handle]


def test_fields_that_lack_are_empty(tmp_path: Path) -> None:
    bare = {name: [] for name in ("creator", "format", "type", "date", "rights", "identifier")}
    one = member("xml2/0000001_SK-A-1.xml", record("SK-A-1", title=["  "], language=["nl"], **bare))
    (row,) = read({"xml2.tar": tar([one])}, tmp_path).to_dict("records")
    assert row.pop("object_id") == "SK-A-1"
    assert row.pop("image") == "0000001_SK-A-1.jpg"
    assert all(value in ("", []) for value in row.values())


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_from_figshare_to_objects_and_shards(tmp_path: Path, mode: str) -> None:
    numbers = range(1, 31)
    shuffled = [(n * 11) % 31 for n in numbers]
    files = {
        "rijksgt.mat": b"MATLAB 5.0",
        "xml2.tar": tar([member("xml2", type=tarfile.DIRTYPE), *records(numbers)], mode),
        "jpg2.tar": tar([member("jpg2", type=tarfile.DIRTYPE), *images(shuffled)], mode),
    }
    with figshare(files) as server:
        museum, kept = source(server), tmp_path / "kept"
        objects = objects_of(museum, kept)
        assert objects["object_id"].tolist() == sorted(object_id(n) for n in numbers)
        assert [path for path in server.asked if path.startswith("/store")] == ["/store/1"]
        for shard, mine in enumerate((objects[:10], objects[10:])):
            paths = tmp_path / f"{shard}.zip", tmp_path / f"{shard}.csv"
            write_shard(museum.images(mine, visit(kept), str(shard)), str(shard), *paths)
            expected = {object_id(n): jpeg(n) for n in numbers}
            found = list(read_shard(*paths))
            assert found == [(i, expected[i]) for i in mine["object_id"]]
        # The list once, each archive once, whatever the number of jobs.
        assert server.asked == [ARTICLE, "/files/1", "/store/1", "/files/2", "/store/2"]
        objects_of(museum, kept)
        assert len(server.asked) == 5


def test_ids_with_underscores_and_without_numbers(tmp_path: Path) -> None:
    names = ["0000001_BK_1975_3.xml", "SK-C-5.xml", "0000002_7_.xml", "NG-2010-41_a.xml"]
    files = {"xml2.tar": tar([member(f"xml2/{name}", record("x")) for name in names])}
    objects = read(files, tmp_path)
    assert objects["object_id"].tolist() == ["7_", "BK_1975_3", "NG-2010-41_a", "SK-C-5"]


# What figshare may say.


def test_a_name_that_is_not_listed(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no file 'xml\.tar'; it has: jpg2\.tar, xml2\.tar"):
        read(GOOD, tmp_path, record_archive="xml.tar")


@pytest.mark.parametrize(
    "page", [b"[]", b"{}", b'{"files": [{"name": "xml2.tar"}]}', b'{"files": 3}', b'{"files": []}']
)
def test_an_article_that_is_none(tmp_path: Path, page: bytes) -> None:
    with (
        MuseumServer(lambda path, query: Reply(page)) as server,
        pytest.raises(StudyError, match="article"),
    ):
        objects_of(source(server), tmp_path)
    assert not (tmp_path / "article.json").exists()


def test_an_article_that_is_not_there(tmp_path: Path) -> None:
    with (
        figshare(GOOD) as server,
        pytest.raises(StudyError, match="/v2/articles/1: there is no such article"),
    ):
        objects_of(source(server, address=f"{server.address}/v2/articles/1"), tmp_path)


def test_an_archive_that_is_not_the_listed_one(tmp_path: Path) -> None:
    with figshare(GOOD) as server:
        data = bytearray(GOOD["xml2.tar"])
        data[600] ^= 1
        server.first["/store/0"] = [Reply(bytes(data), type="application/x-tar")]
        with pytest.raises(StudyError, match="md5"):
            objects_of(source(server), tmp_path)
        assert not (tmp_path / "xml2.tar").exists()
        assert len(objects_of(source(server), tmp_path)) == 30


TEXTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=20
)


@given(st.lists(TEXTS), st.lists(TEXTS))
def test_texts_come_as_they_are(creators: list[str], types: list[str]) -> None:
    fields = dublin_core(record("x", creator=creators, type=types))
    for name, given_texts in (("creator", creators), ("type", types)):
        expected = [text.strip() for text in given_texts if text.strip()]
        assert fields.get(name, []) == expected


@given(st.integers(0, 3000), st.integers(0, 255))
def test_a_changed_byte_is_a_record_or_a_message(at: int, byte: int) -> None:
    data = bytearray(record("x"))
    data[at % len(data)] = byte
    with suppress(BadRecordError):
        dublin_core(bytes(data))


# Records that cannot be used.

BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>
<r xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>&d;</dc:title></r>"""
NESTED = "".join(
    f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(9)
)  # a thousand million times "ha", in an attribute, where parsers must resolve it
ATTRIBUTE_BOMB = (
    f"<!DOCTYPE r [<!ENTITY e0 'ha'>{NESTED}]>"
    '<r xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title a="&e9;">x</dc:title></r>'
).encode()
NO_ENTITIES = b"""<!DOCTYPE r SYSTEM "http://127.0.0.1:9/r.dtd">
<r xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>x</dc:title></r>"""
OUTSIDE = b"""<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>
<r xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>x &a;</dc:title></r>"""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (record("x")[:-20], "broken XML"),
        (record("x").replace(b"papier", b"\xff\xfe"), "broken XML"),
        (b"", "broken XML"),
        (b"<html><body>busy</body></html>", "nothing of Dublin Core"),
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        (NO_ENTITIES, "document type"),
        (ATTRIBUTE_BOMB, "broken XML"),
        (BOMB.decode().replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16"), "document"),
        (record("x").replace(b"papier", b"&papier;"), "broken XML"),
        (b"<a>" * 100_000, "broken XML"),
        (record("x").replace(b"papier", b"p" * 2_000_000), "too many for a record"),
    ],
)
def test_a_broken_record_is_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, reason: str
) -> None:
    files = with_records(member("xml2/0000031_SK-A-31.xml", data))
    with pytest.raises(StudyError, match="1 of 31 members are no usable records, more than"):
        read(files, tmp_path / "strict")
    capsys.readouterr()
    objects = read(files, tmp_path, max_broken_share=0.1)
    assert len(objects) == 30
    log = capsys.readouterr().out
    assert "left out: 'xml2/0000031_SK-A-31.xml': " in log
    assert reason in log
    assert "1 members of xml2.tar were left out" in log


def test_one_broken_record_in_a_hundred_is_allowed(tmp_path: Path) -> None:
    assert len(read(with_records(member("xml2/1_x.xml", b"<"), good=99), tmp_path)) == 99


def test_an_archive_without_records(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="0 of 0 members"):
        read({"xml2.tar": tar([])}, tmp_path, max_broken_share=1)


def test_an_id_that_comes_twice_counts_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = member("xml2/0000031_RP-P-07919.xml", record("x", title=["the later one"]))
    objects = read(with_records(later), tmp_path)
    assert len(objects) == 30
    (row,) = objects[objects["object_id"] == object_id(1)].to_dict("records")
    assert (row["title"], row["image"]) == ("the later one", "0000031_RP-P-07919.jpg")
    assert "1 records have the id of a later one" in capsys.readouterr().out


# Archives that attack: nothing is written outside, nothing is read from outside.

LINK = {"type": tarfile.SYMTYPE, "linkname": "/etc/hostname"}
ATTACKS = [
    (member("/tmp/0000031_absolute.xml", record("x")), "leads out of the archive"),
    (member("xml2/../../0000031_up.xml", record("x")), "leads out of the archive"),
    (member("xml2\\..\\0000031_up.xml", record("x")), "leads out of the archive"),
    (member("xml2/0000031_link.xml", **LINK), "a link"),
    (member("xml2/0000031_hard.xml", type=tarfile.LNKTYPE, linkname="/etc/hostname"), "a link"),
    (member("xml2/0000031_device.xml", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "a device"),
    (member("xml2/0000031_pipe.xml", type=tarfile.FIFOTYPE), "a device"),
    (member("xml2/0000031_\x1b[2J.xml", record("x")), "control characters"),
    (member("xml2/0000031_\udcff.xml", record("x")), "not in UTF-8"),
    (member("xml2/README.txt", b"read me"), "not named like a record"),
    (member("xml2/._0000031_mac.xml", b"\0\5\x16\7"), "not named like a record"),
]


@pytest.mark.parametrize(("attack", "reason"), ATTACKS)
def test_members_that_attack_are_left_out(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    attack: tuple[tarfile.TarInfo, bytes],
    reason: str,
) -> None:
    objects = read(with_records(attack), tmp_path / "kept", max_broken_share=0.1)
    assert len(objects) == 30
    assert reason in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def header(name: bytes, kind: bytes, size: int) -> bytes:
    """A tar header by hand, for what tarfile would not write."""
    digits = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + digits)
    block += b"00000000000\0" + b" " * 8 + kind + b"\0" * 100 + b"ustar  \0"
    block = block.ljust(512, b"\0")
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def sparse() -> bytes:
    block = bytearray(header(b"xml2/0000031_x.xml", b"S", 0))
    block[386:410] = b"00000000000\0" + b"00000000000\0"
    block[483:495] = b"00077777777\0"  # 16 MB of nothing
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_a_sparse_member_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = GOOD["xml2.tar"].rstrip(b"\0")
    body += b"\0" * (-len(body) % 512)
    objects = read({"xml2.tar": body + sparse() + bytes(1024)}, tmp_path, max_broken_share=0.1)
    assert len(objects) == 30
    assert "a sparse file" in capsys.readouterr().out


@pytest.mark.parametrize(
    "end",
    [
        GOOD["xml2.tar"][512:700],  # no header
        header(b"xml2/0000031_x.xml", b"0", 8**12),  # much larger than the archive
        # A name, and what is said of a member, that are whole but could as well fill the memory.
        header(b"x", b"L", 99_840) + b"n" * 99_840 + header(b"y", b"0", 0) + bytes(1024),
        header(b"x", b"x", 99_840)
        + b"99840 comment=".ljust(99_840, b"c")
        + header(b"y", b"0", 0)
        + bytes(1024),
        header(b"x", b"L", 10) + bytes(512),  # a name without a member
        (header(b"x", b"L", 10) + b"n".ljust(512, b"\0")) * 3000,  # names of names of names
        # A size that leads back to this header, again and again.
        header(b"x", b"x", 14) + b"14 size=-1536\n".ljust(512, b"\0") + header(b"y", b"0", 0),
        bytes(1024) + tar(records([40])),  # a second archive, which tar would not see
        header(b"xml2/0000031_x.xml", b"0", 700) + b"cut short",
    ],
)
def test_an_archive_that_is_broken_or_hostile(tmp_path: Path, end: bytes) -> None:
    body = GOOD["xml2.tar"].rstrip(b"\0")
    body += b"\0" * (-len(body) % 512)
    with pytest.raises(StudyError, match=r"xml2\.tar: expected a tar file that can be read"):
        read({"xml2.tar": body + end}, tmp_path, max_broken_share=1)


@pytest.mark.parametrize(
    "data",
    [
        b"this is no tar",
        b"\x1f\x8b\x08 nor is this gzip",
        gzip.compress(GOOD["xml2.tar"])[:-500],
        gzip.compress(GOOD["xml2.tar"]) + b"and more",
    ],
)
def test_an_archive_that_is_none(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(StudyError, match=r"xml2\.tar: expected a tar file"):
        read({"xml2.tar": data}, tmp_path)


@pytest.mark.parametrize("start", [header(b"xml2/0000031_x.xml", b"0", 2 * 10**7), b""])
def test_a_gzip_bomb_is_refused(tmp_path: Path, start: bytes) -> None:
    packed = io.BytesIO()
    with gzip.open(packed, "wb", 9) as stream:
        stream.write(tar(records([1]))[:-9000] + start)
        for _ in range(20):
            stream.write(bytes(10**6))
    with pytest.raises(StudyError, match="200 times its size"):
        read({"xml2.tar": packed.getvalue()}, tmp_path)


def test_memory_does_not_grow_with_the_members(tmp_path: Path) -> None:
    path = tmp_path / "many.tar"
    path.write_bytes(tar(member(f"xml2/{number:07d}_x.xml") for number in range(1000)))
    with Tar(path) as many:
        tracemalloc.start()
        try:
            assert sum(1 for _ in many.members()) == 1000
            assert tracemalloc.get_traced_memory()[1] < 300_000  # bytes
        finally:
            tracemalloc.stop()


def test_objects_of_an_earlier_archive_are_gone(tmp_path: Path) -> None:
    read(with_records(), tmp_path)
    for name in ("article.json", "xml2.tar", "xml2.tar.yaml"):
        (tmp_path / name).unlink()
    assert len(read(with_records(good=20), tmp_path)) == 20


def test_what_is_not_there_whole_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "short.tar"
    path.write_bytes(tar(images([1])))
    with Tar(path) as short:
        (found,) = short.members()
        assert short.read(found.offset, found.size) == jpeg(1)
        with pytest.raises(StudyError, match="in the middle of a member"):
            short.read(found.offset, 1_000_000)


# Images.


def fetched(
    files: dict[str, bytes], kept: Path, **options: float
) -> tuple[pd.DataFrame, list[FetchedImage]]:
    with figshare(GOOD | files) as server:
        objects = objects_of(source(server), kept)
        guest = visit(kept, replace(QUICK, **options))
        return objects, list(source(server).images(objects, guest, "0000"))


def test_images_that_are_missing_too_large_or_no_plain_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stem = [f"{n:07d}_{object_id(n)}.jpg" for n in range(31)]
    members = [
        *images(range(1, 27)),
        member(f"jpg2/{stem[27]}", bytes(2_000_000)),
        member(f"jpg2/{stem[28]}", **LINK),
        member(f"/etc/{stem[29]}", jpeg(29)),
        member(f"jpg2/{stem[1]}", jpeg(99)),  # once more: the last one counts, as for tar
    ]
    objects, found = fetched({"jpg2.tar": tar(members)}, tmp_path, max_megabytes=1)
    assert [image.object_id for image in found] == objects["object_id"].tolist()
    status = {image.object_id: image.status for image in found}
    assert "refused: 2000000 bytes" in status[object_id(27)]
    for number in (28, 29, 30):
        assert status[object_id(number)] == f"missing: jpg2.tar has no {stem[number]}"
    assert sum(value == "ok" for value in status.values()) == 26
    assert next(i.data for i in found if i.object_id == object_id(1)) == jpeg(99)
    log = capsys.readouterr().out
    assert "left out 2 members" in log
    assert "1 that have the name of a later one" in log


def test_another_archive_is_looked_through_anew(tmp_path: Path) -> None:
    """The kept places of images belong to one archive, by its hash."""
    fetched({}, tmp_path)
    for name in ("article.json", "jpg2.tar", "jpg2.tar.yaml"):
        (tmp_path / name).unlink()
    _, found = fetched({"jpg2.tar": tar(images(range(30, 0, -1)))}, tmp_path)
    expected = {object_id(n): jpeg(n) for n in range(1, 31)}
    assert {image.object_id: image.data for image in found} == expected


_CHILD = """
import sys
from pathlib import Path
from art_transfer.collect.rijksmuseum_challenge import RijksmuseumChallenge
from museum_server import objects_of, visit
museum = RijksmuseumChallenge(sys.argv[1], "xml2.tar", "jpg2.tar", 0.01)
objects = objects_of(museum, Path(sys.argv[2]))
for image in museum.images(objects, visit(Path(sys.argv[2])), "0000"):
    pass
"""


@pytest.mark.parametrize("until", ["xml2.tar.part", "jpg2.tar.part"])
def test_a_killed_job_goes_on(tmp_path: Path, until: str) -> None:
    """SIGKILL while an archive is coming: the same objects and images, nothing asked for twice."""
    padded = [member(f"xml2/{n:07d}_pad.txt", os.urandom(300_000)) for n in range(1)]
    files = {
        "xml2.tar": tar([*records(range(1, 200)), *padded]),
        "jpg2.tar": tar([*images(range(1, 200)), *padded]),
    }
    with figshare(files) as server:
        answer = server.answer
        server.answer = lambda path, query: replace(
            answer(path, query), fault="slow" if path.startswith("/store") else ""
        )
        command = [sys.executable, "-c", _CHILD, server.address + ARTICLE, str(tmp_path)]
        paths = os.pathsep.join(path for path in sys.path if path)
        child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths})
        part, deadline = tmp_path / until, time.monotonic() + 60
        while not (part.is_file() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        child.wait()
        came = part.stat().st_size
        asked = len(server.asked)
        museum = source(server)
        objects = objects_of(museum, tmp_path)
        found = {i.object_id: i.data for i in museum.images(objects, visit(tmp_path), "0000")}
        assert server.asked.count(ARTICLE) == 1
        assert server.headers[asked]["range"] == f"bytes={came}-"
        again = [path for path in server.asked[asked:] if path in server.asked[:asked]]
        number = list(files).index(until.removesuffix(".part"))
        assert again == [f"/files/{number}", f"/store/{number}"]
    assert len(objects) == 199
    assert found == {object_id(n): jpeg(n) for n in range(1, 200)}
