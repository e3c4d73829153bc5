"""Large open CSV files: the NGA's two tables, the Met's with its image lookup, and broken ones."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from art_transfer.checks import load_study
from art_transfer.collect.csv_rows import csv_rows
from art_transfer.collect.open_csv import OpenCsv
from art_transfer.collect.shards import read_shard, write_shard
from art_transfer.collect.sources import open_source
from art_transfer.config import load, typed
from art_transfer.errors import StudyError
from art_transfer.job_settings import SourceSettings
from builders import CONFIG, file_of, noise, small_config
from csv_files import IMAGES, MET, OBJECTS
from hypothesis import given, settings
from hypothesis import strategies as st
from museum_server import NOT_FOUND, QUICK, MuseumServer, Reply, objects_of, visit


def nga(server: MuseumServer, **changes: Any) -> OpenCsv:
    """The NGA's block, pointed to the server."""
    block = {
        "address": f"{server.address}/objects.csv",
        "columns": {
            "object_id": "objectid",
            "title": "title",
            "creators": "attribution",
            "materials": "medium",
            "date": "displaydate",
        },
        "where": {"classification": ["Painting"]},
        "images_table": {
            "address": f"{server.address}/published_images.csv",
            "key": "depictstmsobjectid",
            "column": "uuid",
            "where": {"openaccess": [1], "viewtype": ["primary"]},
        },
        "image_address": f"{server.address}/iiif/{{image}}/full/!600,600/0/default.jpg",
    }
    return opened(block | changes)


def met(server: MuseumServer, **changes: Any) -> OpenCsv:
    """The Met's block, pointed to the server."""
    block = {
        "address": f"{server.address}/MetObjects.csv",
        "columns": {
            "object_id": "Object ID",
            "title": "Title",
            "creators": "Artist Display Name",
            "types": "Object Name",
            "rights": "Rights and Reproduction",
        },
        "where": {"Is Public Domain": [True], "Department": ["European Paintings"]},
        "list_separator": "|",
        "image_lookup": {
            "address": f"{server.address}/public/collection/v1/objects/{{id}}",
            "path": "primaryImageSmall",
        },
    }
    return opened(block | changes)


def opened(block: dict[str, Any]) -> OpenCsv:
    """The source of a ``csv`` block with the config's defaults; None removes a key."""
    whole = small_config(collections__museum={"source": "csv", **block})
    options = typed(load(whole, CONFIG)).collections["museum"].options
    source = open_source(SourceSettings("csv", options))
    assert isinstance(source, OpenCsv)
    return source


def files(**bodies: str | bytes) -> Any:
    """An answerer with these files, by their names without a suffix, and pictures below /iiif."""

    def answer(path: str, query: dict[str, str]) -> Reply:
        body = bodies.get(Path(path).stem)
        if body is not None:
            return Reply(body if isinstance(body, bytes) else body.encode(), type="text/plain")
        if path.startswith("/iiif/"):
            return Reply(file_of(noise(8, 6, len(path))), type="image/jpeg")
        return NOT_FOUND

    return answer


NGA = files(objects=OBJECTS, published_images=IMAGES)


def test_two_tables_are_joined_by_id(tmp_path, capsys):
    with MuseumServer(NGA) as server:
        objects = objects_of(nga(server), tmp_path)
        iiif = f"{server.address}/iiif"
        write_shard(
            nga(server).images(objects, visit(tmp_path), "0"),
            "0000",
            tmp_path / "0.zip",
            tmp_path / "0.csv",
        )
        once = len(server.asked)
        pd.testing.assert_frame_equal(objects_of(nga(server), tmp_path), objects)
        assert len(server.asked) == once == 4
    assert objects["object_id"].tolist() == ["10", "9"]
    assert objects.iloc[0].to_dict() == {
        "object_id": "10",
        "title": "The Nativity, with Prophets",
        "creators": ["Duccio"],
        "materials": ["tempera on poplar, gold"],
        "types": [],
        "date": "1308/1311",
        "image": f"{iiif}/u-10/full/!600,600/0/default.jpg",
        "rights": "",
        "source_url": "",
    }
    assert objects["image"][1] == f"{iiif}/u-9/full/!600,600/0/default.jpg"
    assert len(list(read_shard(tmp_path / "0.zip", tmp_path / "0.csv"))) == 2
    said = capsys.readouterr().out
    assert "objects.csv: 5 rows, of which 1 were left out by `where`" in said
    assert "published_images.csv: 7 rows, of which 2 were" in said
    assert "1 rows without an id" in said
    assert "1 rows of an object that had one before" in said
    assert "2 objects were left out, for no image of theirs" in said


def test_an_image_cell_that_is_an_address_is_not_taken_apart(tmp_path):
    with MuseumServer(NGA) as server:
        table = {
            "address": f"{server.address}/published_images.csv",
            "key": "depictstmsobjectid",
            "column": "iiifurl",
        }
        source = nga(server, images_table=table, image_address="{image}/full/!99,99/0/default.jpg")
        objects = objects_of(source, tmp_path)
    assert objects["image"][0] == "https://nga.example/iiif/u-10/full/!99,99/0/default.jpg"


def test_a_cell_cannot_lead_elsewhere(tmp_path):
    rows = "id,image\n1,../../admin?x=1#\n2,ok\n"
    with MuseumServer(files(a=rows)) as server:
        columns = {"object_id": "id", "image": "image"}
        source = opened(
            {
                "address": f"{server.address}/a.csv",
                "columns": columns,
                "image_address": "https://museum.example/{image}.jpg",
            }
        )
        images = objects_of(source, tmp_path)["image"].tolist()
    assert images == [
        "https://museum.example/..%2F..%2Fadmin%3Fx%3D1%23.jpg",
        "https://museum.example/ok.jpg",
    ]


class Met:
    """The Met: its CSV, its API, and its images; too many requests get a page with status 403."""

    def __init__(self, pages: int) -> None:
        self.pages = pages  # how many answers say "slow down" first

    def __call__(self, path: str, query: dict[str, str]) -> Reply:
        if path == "/MetObjects.csv":
            return Reply(MET.encode(), type="text/plain")
        if "/objects/" in path and self.pages:
            self.pages -= 1
            return Reply(b"<!DOCTYPE html><html>Request blocked</html>", 403, "text/html")
        if path.endswith("/objects/436535"):
            image = f"{self.address}/images/web-large/DT1567.jpg"
            record = {"objectID": 436535, "primaryImage": "", "primaryImageSmall": image}
            return Reply(json.dumps(record).encode())
        if path.endswith("/objects/7"):
            return Reply(b'{"objectID": 7, "primaryImageSmall": ""}')
        if path.startswith("/images/"):
            return Reply(file_of(noise(8, 6)), type="image/jpeg")
        return NOT_FOUND

    address = ""


def test_the_met_is_asked_for_each_image_and_slows_us_down(tmp_path, capsys):
    museum = Met(pages=2)
    manners = replace(QUICK, slow_down=(403,), workers=1)
    with MuseumServer(museum) as server:
        museum.address = server.address
        objects = objects_of(met(server), tmp_path)
        assert objects["object_id"].tolist() == ["436535", "7"]
        assert objects["creators"].tolist() == [["Vincent van Gogh", "Somebody Else"], ["Y"]]
        assert objects["title"][0] == "Wheat Field, Cypresses"
        images = list(met(server).images(objects, visit(tmp_path, manners), "0"))
        assert [image.status for image in images] == [
            "ok",
            f"missing: nothing at `primaryImageSmall` of {server.address}"
            "/public/collection/v1/objects/7",
        ]
        asked = len(server.asked)
        again = list(met(server).images(objects, visit(tmp_path, manners), "0"))
        assert again == images and len(server.asked) == asked == 1 + 2 + 2 + 1
    record = pd.read_csv(tmp_path / "images-0.csv", dtype=str)
    assert record["address"][0].endswith("/images/web-large/DT1567.jpg")


def test_another_path_to_the_image_fetches_it_anew(tmp_path):
    museum = Met(pages=0)
    with MuseumServer(museum) as server:
        museum.address = server.address
        list(met(server).images(objects_of(met(server), tmp_path), visit(tmp_path), "0"))
        api = f"{server.address}/public/collection/v1/objects/{{id}}"
        other = met(server, image_lookup={"address": api, "path": "primaryImage"})
        images = list(other.images(objects_of(other, tmp_path), visit(tmp_path), "0"))
    assert "`primaryImage` of" in images[0].status


def test_a_403_where_none_was_expected_is_no_slow_down(tmp_path):
    museum = Met(pages=9)
    with MuseumServer(museum) as server:
        objects = objects_of(met(server), tmp_path)
        with pytest.raises(StudyError, match=r"2 of 2 images could not be fetched.*status 403"):
            list(met(server).images(objects, visit(tmp_path), "0"))
        images = list(met(server).images(objects, visit(tmp_path), "0"))
    assert [image.status[:7] for image in images] == ["failed:", "failed:"]
    assert "status 403" in images[0].status


POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:5f1c6a520cb64c4d9d552f7c5a3b1e0f\nsize 317890123\n"
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (POINTER, "Git LFS"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"", "objectid"),
        (b"objectid,title\n1,x\n", "'attribution', 'classification', 'displaydate', 'medium' once"),
        (OBJECTS.replace("title", "medium").encode(), "'medium', 'title' once"),
        (OBJECTS.replace("1880,", "1880,,").encode(), "line 3 has 9 cells, but the header has 8"),
        (OBJECTS.replace("1880,", "").encode(), "line 3 has 7 cells"),
        (OBJECTS[:-20].encode(), "line 6 has 6 cells"),
        (OBJECTS.encode("latin-1"), "CSV in UTF-8"),
        (OBJECTS.encode("utf-16"), "CSV in UTF-8"),
        (OBJECTS.replace('gold"', "gold").encode(), "CSV in UTF-8.*line"),
        (OBJECTS.replace("282", "10").encode(), "'10' stands in several rows.*'objectid'"),
        (OBJECTS.replace("Painting", "painting").encode(), "no row in it"),
        (OBJECTS.splitlines()[0].encode(), "no row in it"),
    ],
)
def test_a_file_that_is_not_as_expected(body, message, tmp_path):
    with MuseumServer(files(objects=body, published_images=IMAGES)) as server:
        with pytest.raises(StudyError, match=message) as error:
            objects_of(nga(server), tmp_path)
        assert f"{server.address}/objects.csv" in str(error.value)


def test_an_id_that_comes_again_much_later_is_found(tmp_path):
    rows = "id,image\n" + "".join(f"{n},{n}.jpg\n" for n in range(10_001)) + "3,other.jpg\n"
    with MuseumServer(files(a=rows)) as server:
        columns = {"object_id": "id", "image": "image"}
        source = opened({"address": f"{server.address}/a.csv", "columns": columns})
        with pytest.raises(StudyError, match="'3' stands in several rows"):
            objects_of(source, tmp_path)


def test_blank_lines_and_other_line_ends_are_no_trouble(tmp_path):
    with MuseumServer(NGA) as server:
        plain = objects_of(nga(server), tmp_path / "a")
        server.answer = files(
            objects="\ufeff" + OBJECTS.replace("\n", "\r\n") + "\r\n\r\n", published_images=IMAGES
        )
        pd.testing.assert_frame_equal(objects_of(nga(server), tmp_path / "b"), plain)


def test_a_job_killed_while_it_sorts_starts_the_sorting_again(tmp_path):
    """Half of the rows are kept when a broken one comes; the mended file gives them all."""
    whole = "id,image,title\n" + "".join(f"{n},a{n}.jpg,t\n" for n in range(25_000))
    with MuseumServer(files(a=whole + "x\n")) as server:
        block = {
            "address": f"{server.address}/a.csv",
            "columns": {"object_id": "id", "image": "image"},
        }
        with pytest.raises(StudyError, match="line 25002 has 1 cells"):
            objects_of(opened(block), tmp_path)
        kept = tmp_path / "objects.csv"
        kept.write_text(whole + "y,b.jpg,t\n")
        kept.with_name("objects.csv.yaml").write_text(
            kept.with_name("objects.csv.yaml")
            .read_text()
            .replace(f"bytes: {len(whole) + 2}", f"bytes: {kept.stat().st_size}")
        )
        objects = objects_of(opened(block), tmp_path)
        assert len(server.asked) == 1
    assert len(objects) == 25_001 and objects["object_id"].is_unique
    assert objects["object_id"].is_monotonic_increasing


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@settings(max_examples=50)
@given(cells=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=20))
def test_any_cells_come_through_as_they_are(cells, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("one", "two"), *cells])
    rows = csv_rows(path, "any.csv", {"a": "two", "b": "one"}, {})
    assert list(rows) == [{"a": two.strip(), "b": one.strip()} for one, two in cells]


@pytest.mark.parametrize("places", [[], ["image", "lookup"]])
def test_the_config_says_once_where_images_are(places):
    columns = {"object_id": "id"} | ({"image": "i"} if "image" in places else {})
    lookup = {"address": "https://e.org/{id}", "path": "image"}
    block = {"source": "csv", "address": "https://e.org/a.csv", "columns": columns}
    block |= {"image_lookup": lookup} if "lookup" in places else {}
    with pytest.raises(StudyError, match=r"`collections.museum` finds images by .*expected one of"):
        load_study(small_config(collections__museum=block), CONFIG)
