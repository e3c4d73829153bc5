"""Metadata from strangers: hostile ids and texts come through as they are, or are refused."""

import csv
import gzip
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from art_transfer.collect.csv_rows import csv_rows
from art_transfer.collect.folder import Folder
from art_transfer.collect.json_api import JsonApi
from art_transfer.collect.linked_data import parse_xml
from art_transfer.collect.oai_pages import BrokenPageError, Page
from art_transfer.collect.rijksmuseum_challenge import BadRecordError, dublin_core
from art_transfer.collect.shards import read_images, read_shard, shard_of, write_shard
from art_transfer.collect.source import FetchedImage
from art_transfer.collect.sources import open_source
from art_transfer.config import load, typed
from art_transfer.errors import StudyError
from art_transfer.formats import (
    IMAGES,
    OBJECTS,
    SPLITS,
    read_csv,
    read_parquet,
    write_csv,
    write_parquet,
)
from art_transfer.job_settings import SourceSettings
from art_transfer.prepare.splits import split
from art_transfer.prepare.values import read_mapping
from builders import choose, file_of, noise, small_config, task
from hypothesis import given, settings
from hypothesis import strategies as st
from museum_server import MuseumServer, Reply, objects_of, visit

from .conftest import WrongError, sampled

IDS = [
    "../../etc/passwd",
    "..",
    ".",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "\\\\host\\share",
    "~root/.ssh/id",
    "a/b/c",
    "a//b",
    "a/",
    "-rf",
    "--help",
    "-",
    ".hidden",
    "...",
    "x" * 300,
    "é" * 300,
    "CON",
    "nul.txt",
    "aux",
    "COM1",
    "name ",
    "a b",
    "a\u00a0b",
    "a%2Fb",
    "%",
    "%00",
    "$(touch owned)",
    "`touch owned`",
    "; rm -rf /",
    "${HOME}",
    "{collection}",
    "{{7*7}}",
    "a'b",
    'a"b',
    "a,b",
    "a;b",
    "a|b",
    "*",
    "?",
    "#",
    "=1+1",
    "@SUM(1)",
    "+1",
    "NA",
    "nan",
    "NULL",
    "None",
    "True",
    "007",
    "1.0",
    "1e5",
    "0x10",
    "2024-01-01",
    "12:30",
    "no",
    "<script>alert(1)</script>",
    "\\write18{touch owned}",
    "e\u0301",
    "\u00e9",
    "ﬁ",
    "ТЕСТ",
    "عربي",
    "\u202egnp.exe",
    "\u200bzero",
    "😀",
    "𝕬",
    "ß",
    "İ",
    "\ufeffbom",
    "a\u2028b",
    "a\u0085b",
    "A",
    "a",
]
SHARDS = 3


def museum(folder: Path, ids: list[str], titles: list[str] | None = None) -> Folder:
    """A museum that is a folder, with these ids; all have the same image."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "image.png").write_bytes(file_of(noise(6, 6)))
    with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["object_id", "image", "title"])
        rows.writerows((i, "image.png", title) for i, title in zip(ids, titles or ids, strict=True))
    columns = {"object_id": "object_id", "image": "image", "title": "title"}
    return Folder(str(folder), "metadata.csv", columns, "")


@pytest.mark.parametrize("object_id", sampled(IDS, 6))
def test_an_id_is_stored_and_found_and_never_a_path(object_id, tmp_path):
    """From the museum's CSV through every table and archive of the study."""
    source = museum(tmp_path / "museum", [object_id, "neighbour"])
    objects = pd.concat(source.read(visit(tmp_path)))
    (found,) = set(objects["object_id"]) - {"neighbour"}
    assert found == object_id.strip(), "an id is another one than the museum's"
    inside = tmp_path / "study"
    inside.mkdir()
    write_parquet(inside / "objects.parquet", objects, OBJECTS)
    assert found in set(read_parquet(inside / "objects.parquet", OBJECTS)["object_id"])
    for number in range(SHARDS):
        name = f"{number:04d}"
        mine = objects[[shard_of(i, SHARDS) == name for i in objects["object_id"]]]
        images = source.images(mine, visit(tmp_path), "")
        write_shard(images, name, inside / f"{name}.zip", inside / f"{name}.csv")
        stored = read_shard(inside / f"{name}.zip", inside / f"{name}.csv")
        assert [i for i, _ in stored] == mine["object_id"].tolist()
        assert set(read_csv(inside / f"{name}.csv", IMAGES)["object_id"]) == set(mine["object_id"])
    assert read_images(inside, [found], SHARDS)[found] == file_of(noise(6, 6))
    labels = pd.DataFrame({"object_id": [found, *"123456"], "label": list("aaaabbb")})
    dealt = split(labels[labels.index != 1], 1, "stratified", "test")
    write_csv(inside / "split.csv", dealt, SPLITS)
    assert read_csv(inside / "split.csv", SPLITS).equals(dealt)
    made = {path.name for path in inside.iterdir()}
    tables = {f"{n:04d}.{end}" for n in range(SHARDS) for end in ("zip", "csv")}
    assert made == tables | {"objects.parquet", "split.csv"}
    assert {p.name for p in tmp_path.iterdir()} == {"museum", "study"}
    assert not Path("owned").exists()


def test_all_these_ids_live_together(tmp_path):
    """Ids that differ in case or in the form of their letters alone are different objects."""
    ids = sorted({i.strip() for i in IDS})
    objects = pd.concat(museum(tmp_path, ids).read(visit(tmp_path)))
    assert objects["object_id"].tolist() == ids
    images = [FetchedImage(i, file_of(noise(2, 2, n)), "ok") for n, i in enumerate(ids)]
    write_shard(images, "0000", tmp_path / "a.zip", tmp_path / "a.csv")
    found = dict(read_shard(tmp_path / "a.zip", tmp_path / "a.csv"))
    assert found == {i: file_of(noise(2, 2, n)) for n, i in enumerate(ids)}


BAD_IDS = {
    "twice": ["a", "a"],
    "twice but for a space": ["a", " a "],
    "empty": ["", "b"],
    "a space": ["  ", "b"],
    "a line break": ["a\nb", "b"],
    "a null": ["a\0b", "b"],
    "a bell": ["a\x07b", "b"],
    "a tab": ["a\tb", "b"],
    "a delete": ["a\x7fb", "b"],
    "100,000 letters": ["x" * 100_000, "b"],
    "10 MB": ["x" * 10_000_000, "b"],
}


@pytest.mark.parametrize("kind", BAD_IDS)
def test_an_id_that_cannot_be_one_is_named(kind, tmp_path):
    source = museum(tmp_path, BAD_IDS[kind], ["t", "t"])
    with pytest.raises(StudyError, match=r"metadata\.csv") as caught:
        list(source.read(visit(tmp_path)))
    assert len(str(caught.value)) < 500


ONE_LABEL = {
    "composed": ("Café", "Cafe\u0301"),
    "case": ("Ink", "INK"),
    "case of ß": ("Straße", "STRASSE"),
    "spaces": ("oil paint", "  oil   paint "),
    "a hard space": ("oil paint", "oil\u00a0paint"),
    "a line break": ("oil paint", "oil\npaint"),
    "a null": ("oil paint", "oil\0paint"),
    "a direction mark": ("زيت", "\u202bزيت\u202c"),
    "a mark of the left": ("ink", "\u200eink"),
    "a soft hyphen": ("ink", "i\u00adnk"),
    "a zero width space": ("ink", "i\u200bnk"),
    "a byte-order mark": ("ink", "\ufeffink"),
    "korean": ("한지", unicodedata.normalize("NFD", "한지")),
    "two marks": ("ậ", "a\u0302\u0323"),
    "a tab": ("oil paint", "oil\tpaint"),
    "an override": ("ink", "\u202eink\u202c"),
    "an isolate": ("ink", "\u2066ink\u2069"),
}


@pytest.mark.parametrize("kind", ONE_LABEL)
def test_forms_of_a_name_are_one_label(kind):
    cells = {f"{form}{n}": [ONE_LABEL[kind][form]] for form in (0, 1) for n in range(3)}
    table = choose(cells, task()).labels.set_index("object_id")["label"]
    found = {label for name, label in table.items() if name in cells}
    assert len(found) == 1, found
    assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in next(iter(found)))


CSVS = {
    "nothing": b"",
    "a header alone": b"object_id,image\n",
    "a web page": b"<!DOCTYPE html><html><body>x</body></html>",
    "json": b'{"object_id": 1}',
    "a null": b"\0\0\0\0",
    "not UTF-8": b"object_id,image\n\xff\xfe,x\n",
    "UTF-16": "object_id,image\na,b\n".encode("utf-16"),
    "latin 1": "object_id,image\né,b\n".encode("latin-1"),
    "an open quote": b'object_id,image\n"a,b\nc,d\n',
    "more cells": b"object_id,image\na,b,c\n",
    "gzip": gzip.compress(b"object_id,image\na,b\n"),
    "no such column": b"id,image\na,b\n",
    "other separators": b"object_id;image\na;b\n",
    "a zip": b"PK\3\4" + bytes(100),
    "parquet": b"PAR1" + bytes(100) + b"PAR1",
    "a column twice": b"object_id,object_id,image\na,b,c\n",
    "spaces in the header": b" object_id ,image\na,b\n",
    "a comment": b"# by me\nobject_id,image\na,b\n",
}
RIGHT_CSVS = {
    "a byte-order mark": b"\xef\xbb\xbfobject_id,image\na,b\n",
    "windows": b"object_id,image\r\na,b\r\n",
    "old mac": b"object_id,image\ra,b\r",
    "quotes": b'"object_id","image"\n"a","b"\n',
    "no end": b"object_id,image\na,b",
    "blank lines": b"object_id,image\n\na,b\n\n",
    "a column more": b"object_id,image,x\na,b,c\n",
    "10 MB in a cell": b"object_id,image,x\na,b," + b"y" * 10_000_000 + b"\n",
    "lines in a cell": b'object_id,image,x\na,b,"1\n2\n3"\n',
}
COLUMNS = {"object_id": "object_id", "image": "image"}


@pytest.mark.parametrize("reader", ["folder", "network"])
@pytest.mark.parametrize("kind", CSVS)
def test_a_csv_that_is_none_is_told(reader, kind, tmp_path):
    (tmp_path / "metadata.csv").write_bytes(CSVS[kind])
    with pytest.raises(StudyError, match=r"metadata\.csv"):
        rows = read_by(reader, tmp_path)
        if rows != [("a", "b")]:
            raise WrongError(f"{kind} became {rows[:3]}")
        raise StudyError("metadata.csv was right after all")


@pytest.mark.parametrize("reader", ["folder", "network"])
@pytest.mark.parametrize("kind", RIGHT_CSVS)
def test_a_csv_of_another_kind_is_read_or_refused(reader, kind, tmp_path):
    (tmp_path / "metadata.csv").write_bytes(RIGHT_CSVS[kind])
    try:
        rows = read_by(reader, tmp_path)
    except StudyError:
        return
    if rows != [("a", "b")]:
        raise WrongError(f"{rows[:3]}")


def read_by(reader: str, folder: Path) -> list[tuple[str, str]]:
    if reader == "network":
        found = list(csv_rows(folder / "metadata.csv", "metadata.csv", COLUMNS, {}))
        return [(row["object_id"], row["image"]) for row in found]
    table = pd.concat(Folder(str(folder), "metadata.csv", COLUMNS, "").read(visit(folder)))
    return list(zip(table["object_id"], table["image"], strict=True))


DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
XMLS = {
    "nothing": b"",
    "zeros": bytes(100),
    "a text": b"hello",
    "json": b'{"a": 1}',
    "cut": f"<r {DC}><dc:title>x</dc:ti".encode(),
    "two roots": f"<r {DC}><dc:title>x</dc:title></r><r/>".encode(),
    "laughs": f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]>'.encode()
    + f"<r {DC}><dc:title>&l8;</dc:title></r>".encode(),
    "a file": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + f"<r {DC}><dc:title>&x;</dc:title></r>".encode(),
    "a page": b'<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>'
    + f"<r {DC}><dc:title>&x;</dc:title></r>".encode(),
    "a parameter": b'<!DOCTYPE r [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>'
    + f"<r {DC}><dc:title>t</dc:title></r>".encode(),
    "a document type": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">'
    + f"<r {DC}><dc:title>t</dc:title></r>".encode(),
    "a hundred thousand levels": b"<a>" * 100_000,
    "an unknown entity": f"<r {DC}><dc:title>&nope;</dc:title></r>".encode(),
    "no namespace": b"<r><dc:title>t</dc:title></r>",
    "a null": f"<r {DC}><dc:title>a\0b</dc:title></r>".encode(),
    "an attribute twice": f'<r {DC} a="1" a="2"/>'.encode(),
    "an unknown encoding": b"<?xml version='1.0' encoding='klingon'?><r/>",
    "html": b"<!DOCTYPE html><html><body><br></body></html>",
    "12 MB of text": f"<r {DC}><dc:title>".encode() + b"x" * 12_000_000 + b"</dc:title></r>",
}


class Answered:
    """An answer with this body."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.url = "http://museum.example/oai"


PARSERS = {
    "challenge": (dublin_core, BadRecordError),
    "linked data": (lambda data: parse_xml(data, "http://museum.example"), StudyError),
    "oai": (lambda data: Page(Answered(data), {}).xml, BrokenPageError),
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("kind", sampled(XMLS, 3))
def test_xml_that_is_none_or_attacks_is_refused(parser, kind):
    parse, error = PARSERS[parser]
    try:
        found = parse(XMLS[kind])
    except error as told:
        assert 0 < len(str(told)) < 600
        return
    text = str(found) if isinstance(found, dict) else "".join(found.itertext())
    if "root:" in text or "haha" in text or kind != "12 MB of text":
        raise WrongError(f"{kind} was taken: {text[:80]}")


def json_source(address: str) -> JsonApi:
    block = {
        "source": "json_api",
        "address": f"{address}/list",
        "fields": {"object_id": "id", "image": "image", "title": "title", "types": "types"},
    }
    complete = typed(load(small_config(collections__museum=block), Path())).collections["museum"]
    source = open_source(SourceSettings("json_api", complete.options))
    assert isinstance(source, JsonApi)
    return source


GOOD = b'[{"id": "a", "title": "t", "image": "x"}]'
JSONS = {
    "nothing": b"",
    "a number": b"5",
    "a text": b'"x"',
    "null": b"null",
    "cut": GOOD[:-5],
    "two values": GOOD + GOOD,
    "a comma more": b'[{"id": "a"},]',
    "comments": b"/* x */ []",
    "single quotes": b"[{'id': 'a'}]",
    "not UTF-8": b'[{"id": "\xff"}]',
    "a null in it": b'[{"id": "a\0"}]',
    "a hundred thousand levels": b"[" * 100_000 + b"]" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of 100,000 digits": b'[{"id": ' + b"9" * 100_000 + b"}]",
    "records that are texts": b'["a", "b"]',
    "a web page": b"<html>no</html>",
    "half an emoji": b'[{"id": "a", "title": "\\ud83d", "image": "x"}]',
    "half an emoji as id": b'[{"id": "\\ud83d", "title": "t", "image": "x"}]',
    "not a number": b'[{"id": "a", "title": NaN, "image": "x"}]',
    "infinite": b'[{"id": "a", "title": 1e999, "image": "x"}]',
    "a list for a title": b'[{"id": "a", "title": [["t"]], "image": "x"}]',
    "an object for a title": b'[{"id": "a", "title": {"x": 1}, "image": "x"}]',
    "an object for an id": b'[{"id": {"x": 1}, "title": "t", "image": "x"}]',
    "no id": b'[{"title": "t", "image": "x"}]',
    "a key twice": b'[{"id": "b", "id": "a", "title": "t", "image": "x"}]',
    "10 MB in a title": b'[{"id": "a", "title": "' + b"y" * 10_000_000 + b'", "image": "x"}]',
    "an id of 10 MB": b'[{"id": "' + b"y" * 10_000_000 + b'", "title": "t", "image": "x"}]',
    "an id of lines": b'[{"id": "a\\nb", "title": "t", "image": "x"}]',
    "a byte-order mark": b"\xef\xbb\xbf" + GOOD,
}


@pytest.mark.parametrize("kind", sampled(JSONS, 4))
def test_json_of_any_kind_is_objects_or_a_message(kind, tmp_path):
    with MuseumServer(lambda path, query: Reply(JSONS[kind])) as server:
        try:
            objects = objects_of(json_source(server.address), tmp_path)
        except StudyError as told:
            assert "/list" in str(told) and len(str(told)) < 1000
            return
    write_parquet(tmp_path / "objects.parquet", objects, OBJECTS)
    found = read_parquet(tmp_path / "objects.parquet", OBJECTS)
    if not set(found["object_id"]) <= {"a", "\ufffd", "?"}:
        raise WrongError(f"{kind} became {found['object_id'].str[:50].tolist()}")


MAPPINGS = {
    "two concepts": "value,concept\na,b\nA,c\n",
    "two concepts in two forms": "value,concept\ncafé,b\ncafe\u0301,c\n",
    "no value": "value,concept\n,b\n",
    "no column": "values,concept\na,b\n",
    "nothing": "",
    "an open quote": 'value,concept\n"a,b\n',
}


@pytest.mark.parametrize("kind", MAPPINGS)
def test_a_mapping_that_is_none_is_told(kind, tmp_path):
    path = tmp_path / "mapping.csv"
    path.write_text(MAPPINGS[kind], encoding="utf-8")
    with pytest.raises(StudyError, match=r"mapping\.csv"):
        read_mapping(path)


TABLES = {
    "nothing": b"",
    "a text": b"hello",
    "zeros": bytes(1000),
    "a head alone": b"PAR1",
    "head and foot": b"PAR1" + bytes(200) + b"PAR1",
    "a web page": b"<html></html>",
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_parquet_file_that_is_none_is_told(kind, tmp_path):
    path = tmp_path / "objects.parquet"
    path.write_bytes(TABLES[kind])
    with pytest.raises(StudyError, match=r"objects\.parquet"):
        read_parquet(path, OBJECTS)


# Fuzzing: bytes of any kind are what they say, or a message; never a crash.
WORDS = [b"object_id", b"image", b"a", b"1", b"&x;", b"<!DOCTYPE", b"dc:title", b"\xef\xbb\xbf"]
WORDS += [bytes([place]) for place in b',\n"\r\0<>/[]{}:']
PIECES = st.lists(st.sampled_from(WORDS) | st.binary(max_size=4), max_size=40).map(b"".join)


@pytest.mark.full
@settings(max_examples=300)
@given(PIECES)
def test_fuzz_csv(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "metadata.csv").write_bytes(b"object_id,image\n" + data)
    for reader in ("folder", "network"):
        try:
            rows = read_by(reader, folder)
        except StudyError:
            continue
        assert all(len(row) == 2 for row in rows)


@pytest.mark.full
@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=300)
@given(data=PIECES)
def test_fuzz_xml(parser, data):
    parse, error = PARSERS[parser]
    for whole in (data, f"<r {DC}>".encode() + data + b"</r>"):
        try:
            parse(whole)
        except error as told:
            assert str(told)


@pytest.mark.full
@settings(max_examples=300)
@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=8),
    st.sampled_from(["", ": ", ","]),
    st.sampled_from(["as_given", "first_names_first"]),
)
def test_fuzz_labels(cells, separator, form):
    """Any text becomes a label that reads the same the second time, or none."""
    rule = task(role_separator=separator, name_form=form, value_separators=";")
    table = choose({f"o{n}": [cell] for n, cell in enumerate(cells)}, rule).labels
    again = choose({f"o{n}": [label] for n, label in enumerate(table["label"])}, task()).labels
    assert set(again["label"]) <= set(table["label"]) | {"filler", "stuffing"}


@pytest.mark.full
@settings(max_examples=150)
@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=20), min_size=1))
def test_fuzz_tables(tmp_path_factory, rows):
    """Any ids and labels come back from a CSV and a Parquet file as they were."""
    path = tmp_path_factory.mktemp("fuzz") / "split.csv"
    kept = {i: label for i, label in rows.items() if sound(i) and sound(label)}
    table = pd.DataFrame(
        {"object_id": list(kept), "label": list(kept.values()), "split": "train"}, dtype=object
    )
    write_csv(path, table, SPLITS)
    found = read_csv(path, SPLITS)
    assert found["object_id"].tolist() == list(kept) and found["label"].tolist() == list(
        kept.values()
    )


def sound(text: str) -> bool:
    """What ids and labels may be: no control characters, and text that UTF-8 can hold."""
    return not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)
