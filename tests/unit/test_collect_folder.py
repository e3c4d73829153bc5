"""A museum in a folder: anybody's CSV, read as it is."""

from pathlib import Path

import pandas as pd
import pytest
from art_transfer.collect.folder import Folder
from art_transfer.collect.sources import open_source
from art_transfer.errors import StudyError
from art_transfer.formats import OBJECTS, read_parquet, write_parquet
from art_transfer.job_settings import SourceSettings
from museum_server import objects_of, visit

PLAIN = {"object_id": "id", "image": "file"}


def folder(path: Path, text: str | bytes, **changes: object) -> Folder:
    """A source on a folder whose ``metadata.csv`` has this text."""
    data = text if isinstance(text, bytes) else text.encode()
    (path / "metadata.csv").write_bytes(data)
    options = {"folder": str(path), "metadata": "metadata.csv", "columns": PLAIN}
    source = open_source(SourceSettings("folder", options | {"list_separator": ""} | changes))
    assert isinstance(source, Folder)
    return source


def rows(table: pd.DataFrame) -> list[list[object]]:
    return table.to_numpy().tolist()


def test_columns_are_mapped_lists_cut_and_objects_sorted(tmp_path):
    text = (
        "Nr,Bild,Titel,Wer,Woraus,Was,Wann,Recht,Seite,Sonst\n"
        "b, b.jpg ,NA,Jan | Piet||,oil|gold,painting,1650,PD,https://e.org/b,x\n"
        '007,a.jpg,"Two, of them",,,,,,,\n'
    )
    columns = {
        "object_id": "Nr",
        "image": "Bild",
        "title": "Titel",
        "creators": "Wer",
        "materials": "Woraus",
        "types": "Was",
        "date": "Wann",
        "rights": "Recht",
        "source_url": "Seite",
    }
    table = objects_of(folder(tmp_path, text, columns=columns, list_separator="|"))
    assert list(table.columns) == OBJECTS.names
    assert rows(table) == [
        ["007", "Two, of them", [], [], [], "", "a.jpg", "", ""],
        [
            "b",
            "NA",
            ["Jan", "Piet"],
            ["oil", "gold"],
            ["painting"],
            "1650",
            "b.jpg",
            "PD",
            "https://e.org/b",
        ],
    ]
    write_parquet(tmp_path / "objects.parquet", table, OBJECTS)
    again = read_parquet(tmp_path / "objects.parquet", OBJECTS)
    assert [
        [list(v) if i in (2, 3, 4) else v for i, v in enumerate(row)] for row in rows(again)
    ] == (rows(table))


def test_without_a_separator_a_cell_is_one_value(tmp_path):
    columns = PLAIN | {"materials": "m"}
    table = objects_of(folder(tmp_path, "id,file,m\n1,a.jpg,oil|gold; wood\n", columns=columns))
    assert table["materials"].tolist() == [["oil|gold; wood"]]
    assert table["creators"].tolist() == [[]]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffid,file\n1,a.jpg\n2,b.jpg\n",
        "id,file\r\n1,a.jpg\r\n2,b.jpg\r\n",
        '"id","file"\n"1","a.jpg"\n"2","b.jpg"',
        "file,more,id\na.jpg,,1\nb.jpg,,2\n",
        "id,file\n\n1,a.jpg\n\n2,b.jpg\n\n",
    ],
)
def test_a_csv_of_any_program_is_read(tmp_path, text):
    table = objects_of(folder(tmp_path, text))
    assert table[["object_id", "image"]].to_numpy().tolist() == [["1", "a.jpg"], ["2", "b.jpg"]]


def test_a_short_row_ends_in_empty_cells(tmp_path):
    columns = PLAIN | {"types": "t"}
    table = objects_of(folder(tmp_path, "id,file,t\n1,a.jpg,vase\n2\n", columns=columns))
    assert table["types"].tolist() == [["vase"], []]
    assert table["image"].tolist() == ["a.jpg", ""]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["CSV in UTF-8 with a header"]),
        ("id,file\n", ["no object"]),
        ("id;file\n1;a.jpg\n", ["'id', 'file'", "['id;file']", "`columns`"]),
        ("ID,file\n1,a.jpg\n", ["no column 'id'", "['ID', 'file']", "`columns`"]),
        ("id,file\n1,a.jpg\n,b.jpg\n 2 ,c.jpg\n  ,d.jpg\n", ["empty", "line [3, 5]"]),
        ("id,file\n1,a.jpg\n2,b.jpg\n1 ,c.jpg\n", ["1 object ids", "several rows", "['1']"]),
        ('id,file\n"a\rb",a.jpg\n', ["control character", r"'a\rb'"]),
        ("id,file\n1,a.jpg,\n2,b.jpg,\n", ["line 2", "more than the header"]),
        ("id,file\n1,a.jpg\n2,b.jpg,x\n", ["line 3"]),
        ('id,file\n1,"a.jpg\n', ["CSV in UTF-8"]),
        ('id,t,file\n1,"Sun,a.jpg\n2,"Moon",b.jpg\n', ["CSV in UTF-8", "line 3"]),
        ("id,file\nSch\u00f6n,a.jpg\n".encode("latin-1"), ["CSV in UTF-8"]),
        ("id,file\n1,a.jpg\n".encode("utf-16"), ["CSV in UTF-8"]),
    ],
)
def test_a_wrong_csv_is_one_clear_message(tmp_path, text, words):
    with pytest.raises(StudyError) as caught:
        objects_of(folder(tmp_path, text))
    for word in (str(tmp_path / "metadata.csv"), *words):
        assert word in str(caught.value)


@pytest.mark.parametrize("name", ["gone.csv", "gone/metadata.csv", ""])
def test_a_missing_csv_is_named(tmp_path, name):
    with pytest.raises(StudyError, match="no such file") as caught:
        objects_of(folder(tmp_path, "id,file\n", metadata=name))
    assert str(tmp_path / name) in str(caught.value)


def test_images_come_in_order_or_say_why_not(tmp_path):
    museum = tmp_path / "museum"
    (museum / "images").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (museum / "images" / "a.jpg").write_bytes(b"bytes of a")
    (museum / "images" / "b c.jpg").write_bytes(b"")
    (museum / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (museum / "inside.jpg").symlink_to(museum / "images" / "a.jpg")
    names = {
        "z": "images/a.jpg",
        "1": "images/b c.jpg",
        "inside": "inside.jpg",
        "dots": "images/../images/a.jpg",
        "none": "",
        "gone": "images/gone.jpg",
        "folder": "images",
        "out": "../secret.jpg",
        "link": "link.jpg",
        "absolute": str(tmp_path / "secret.jpg"),
        "long": "x" * 300 + ".jpg",
        "null": "a\0b.jpg",
    }
    objects = pd.DataFrame({"object_id": list(names), "image": list(names.values())})
    found = list(folder(museum, "id,file\n").images(objects, visit(tmp_path), "1-0000"))
    assert [image.object_id for image in found] == list(names)
    data = {image.object_id: image.data for image in found if image.data is not None}
    assert data == {"z": b"bytes of a", "1": b"", "inside": b"bytes of a", "dots": b"bytes of a"}
    reasons = {image.object_id: image.status for image in found if image.data is None}
    assert all(reason.startswith("missing: ") for reason in reasons.values())
    link = (
        f"'link.jpg' is no file of the folder, for a link leads out of it, to {tmp_path}/secret.jpg"
    )
    assert reasons["link"] == f"missing: {link}"
    assert reasons["out"] == "missing: '../secret.jpg' is no file of the folder"
    assert reasons["gone"] == "missing: there is no file images/gone.jpg"
    assert reasons["out"] == "missing: '../secret.jpg' is no file of the folder"
    assert reasons["none"] == "missing: '' is no file of the folder"
    assert "too long" in reasons["long"]
    assert reasons["null"].startswith("missing: 'a\\x00b.jpg' cannot be read: ")
    assert "embedded null" in reasons["null"]  # byte, or character in path, as Python has it
    assert {image.status for image in found if image.data is not None} == {"ok"}
