"""Museums that give JSON: every way of paging, and what goes wrong between two pages."""

import json
from typing import Any

import pytest
from art_transfer.collect.json_api import JsonApi
from art_transfer.collect.rows import values
from art_transfer.errors import StudyError
from art_transfer.formats import OBJECTS
from art_transfer.settings import from_mapping
from hypothesis import given
from hypothesis import strategies as st
from museum_server import NOT_FOUND, MuseumServer, Reply, objects_of

PAGING: dict[str, Any] = {
    "kind": "none",
    "parameter": "",
    "first": 0,
    "size_parameter": "",
    "size": 10,
    "next": "",
}
FIELDS = {"object_id": "id", "title": "title", "image": "image.file", "creators": "makers.name"}


def records(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": n,
            "title": f"Work {n}",
            "image": {"file": f"f{n}"},
            "makers": [{"name": f"A{n}"}, {"name": None}, {"role": "x"}, {"name": "B"}],
            "open": n % 2 == 0,
        }
        for n in range(count)
    ]


def reply(value: Any) -> Reply:
    return Reply(json.dumps(value).encode())


class Museum:
    """A list of records, by offset, by page or by links."""

    def __init__(self, count: int = 35) -> None:
        self.records = records(count)
        self.address = ""

    def __call__(self, path: str, query: dict[str, str]) -> Reply:
        if path.startswith("/objects/"):
            found = [r for r in self.records if str(r["id"]) == path.removeprefix("/objects/")]
            return reply(found[0]) if found else NOT_FOUND
        if path == "/ids":
            return reply({"objectIDs": [r["id"] for r in self.records]})
        start = int(query.get("skip", 0)) or int(query.get("page", 1)) * 10 - 10
        page = self.records[start : start + 10]
        answer = {"info": {"total": len(self.records)}, "data": page}
        if path == "/links" and start + 10 < len(self.records):
            answer["next"] = f"{self.address}/links?skip={start + 10}&token=x%2Fy"
        return reply(answer)


@pytest.fixture
def museum():
    answer = Museum()
    with MuseumServer(answer) as server:
        answer.address = server.address
        yield server


def source(museum: MuseumServer, path: str, paging: dict[str, Any], **changes: Any) -> JsonApi:
    options = {
        "address": museum.address + path,
        "parameters": {},
        "paging": PAGING | paging,
        "records": "data",
        "total": "info.total",
        "record_address": "",
        "fields": FIELDS,
        "where": {},
        "image_address": "",
    }
    return from_mapping(JsonApi, options | changes)


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "offset": ("/list", {"kind": "offset", "parameter": "skip"}),
    "page": ("/list", {"kind": "page", "parameter": "page", "first": 1}),
    "link": ("/links", {"kind": "link", "next": "next"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_of_paging_gives_every_record_once(museum, tmp_path, kind):
    table = objects_of(source(museum, *KINDS[kind]), tmp_path)
    assert list(table.columns) == OBJECTS.names
    assert table["object_id"].tolist() == sorted(str(n) for n in range(35))
    assert table.loc[table["object_id"] == "7"].iloc[0].tolist() == [
        "7", "Work 7", ["A7", "B"], [], [], "", "f7", "", "",
    ]  # fmt: skip
    assert len(museum.asked) == 4


def test_without_a_total_an_empty_page_is_the_end(museum, tmp_path):
    museum.answer.records = records(30)
    table = objects_of(source(museum, *KINDS["offset"], total=""), tmp_path)
    assert len(table) == 30
    assert museum.asked[-1] == "/list?skip=30"


def test_the_size_and_parameters_are_asked_for(museum, tmp_path):
    paging = KINDS["offset"][1] | {"size_parameter": "limit"}
    objects_of(source(museum, "/list", paging, parameters={"q": "a&b"}), tmp_path)
    assert museum.asked[0] == "/list?q=a%26b&skip=0&limit=10"


def test_a_list_of_ids_is_followed_record_by_record(museum, tmp_path):
    wanted = source(
        museum,
        "/ids",
        {},
        records="objectIDs",
        total="",
        record_address=museum.address + "/objects/{id}",
        where={"open": [True]},
        image_address="https://iiif.example/{image}/full/!600,600/0/default.jpg",
    )
    museum.first["/objects/4"] = [NOT_FOUND]
    table = objects_of(wanted, tmp_path)
    assert table["object_id"].tolist() == sorted(str(n) for n in range(0, 35, 2) if n != 4)
    assert table["image"].iloc[0] == "https://iiif.example/f0/full/!600,600/0/default.jpg"
    asked = len(museum.asked)
    assert asked == 36
    assert objects_of(wanted, tmp_path).equals(table)
    assert len(museum.asked) == asked, "what was kept is never asked for again"


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_was_stopped_goes_on_where_it_was(museum, tmp_path, kind):
    wanted = source(museum, *KINDS[kind])
    whole = objects_of(wanted, tmp_path / "whole")
    asked = list(museum.asked)
    museum.asked.clear()
    museum.first[asked[2].split("?")[0]] = [
        museum.answer(*_parts(asked[0])),
        museum.answer(*_parts(asked[1])),
        *[Reply(status=500)] * 3,
    ]
    with pytest.raises(StudyError, match="start again later"):
        objects_of(wanted, tmp_path / "stopped")
    assert objects_of(wanted, tmp_path / "stopped").equals(whole)
    assert museum.asked == asked[:2] + [asked[2]] * 3 + asked[2:]


def _parts(asked: str) -> tuple[str, dict[str, str]]:
    path, _, query = asked.partition("?")
    return path, dict(pair.split("=") for pair in query.split("&") if pair)


def test_records_that_are_listed_twice_are_one_object(museum, tmp_path):
    museum.answer.records[12] = museum.answer.records[3]
    table = objects_of(source(museum, *KINDS["offset"], total=""), tmp_path)
    assert len(table) == 34 and table["object_id"].is_unique


def test_a_list_that_changes_meanwhile_is_read_anew(museum, tmp_path, capsys):
    whole = museum.answer.records
    first = reply({"info": {"total": 35}, "data": whole[:10]})
    museum.first["/list?skip=0"] = [first]
    museum.answer.records = whole[1:]  # a record is deleted behind our back: all others move up
    table = objects_of(source(museum, *KINDS["offset"]), tmp_path)
    assert sorted(table["object_id"], key=int) == [str(n) for n in range(1, 35)]
    assert "its total went from 35 to 34" in capsys.readouterr().out


def test_a_list_that_never_stands_still_is_an_error(museum, tmp_path):
    answers = [reply({"info": {"total": n}, "data": records(10)}) for n in range(100, 120)]
    museum.first["/list"] = answers
    with pytest.raises(StudyError, match="the list changed 3 times while it was read"):
        objects_of(source(museum, *KINDS["offset"]), tmp_path)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ({"results": []}, r"expected a list of records at `data`.*\['results'\]"),
        ({"data": {"a": 1}}, "expected a list of records at `data`"),
        ([1, 2], "expected a list of records at `data`.*list"),
        ({"data": [{"title": "x"}]}, "nothing at `id`.*its id"),
        ({"data": ["x"]}, "nothing at `id`"),
    ],
)
def test_a_page_of_another_shape_is_an_error_that_says_which(museum, tmp_path, page, message):
    museum.first["/list"] = [reply(page)]
    with pytest.raises(StudyError, match=message):
        objects_of(source(museum, *KINDS["offset"]), tmp_path)


def test_a_page_for_people_instead_of_json_is_an_error(museum, tmp_path):
    museum.first["/list"] = [Reply(b"<html>Log in</html>", type="text/html")] * 3
    with pytest.raises(StudyError, match="a web page instead of application/json"):
        objects_of(source(museum, *KINDS["offset"]), tmp_path)


def test_no_record_at_all_is_an_empty_table(museum, tmp_path):
    museum.answer.records = []
    table = objects_of(source(museum, *KINDS["offset"]), tmp_path)
    assert len(table) == 0 and list(table.columns) == OBJECTS.names


def test_ids_that_are_no_names_are_left_out_and_counted(museum, tmp_path, capsys):
    museum.answer.records[0]["id"] = "a\nb"
    museum.answer.records[1]["id"] = "../../etc/passwd"
    table = objects_of(source(museum, *KINDS["offset"]), tmp_path)
    assert len(table) == 34 and "../../etc/passwd" in set(table["object_id"])
    assert "1 records without a usable id" in capsys.readouterr().out


def test_a_list_of_another_address_is_not_mixed_with_what_is_kept(museum, tmp_path):
    objects_of(source(museum, *KINDS["offset"]), tmp_path)
    museum.answer.records = records(3)
    table = objects_of(source(museum, *KINDS["offset"], parameters={"q": "other"}), tmp_path)
    assert len(table) == 3


def test_other_fields_need_no_second_visit(museum, tmp_path):
    objects_of(source(museum, *KINDS["offset"]), tmp_path)
    asked = len(museum.asked)
    table = objects_of(source(museum, *KINDS["offset"], fields=FIELDS | {"date": "id"}), tmp_path)
    assert table["date"].tolist() == table["object_id"].tolist()
    assert len(museum.asked) == asked


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)


@given(JSON, st.lists(st.sampled_from("abc"), min_size=1, max_size=3))
def test_a_path_gives_plain_values_of_any_record(record, parts):
    for value in values(record, ".".join(parts)):
        assert value not in (None, "") and not isinstance(value, dict | list)


def test_a_path_goes_through_lists_of_lists():
    record = {"a": [{"b": [1, [2]]}, {"c": 3}, {"b": {"d": 4}}, 5]}
    assert values(record, "a.b") == [1, 2]
    assert values(record, "a.b.d") == [4]
    assert values(record, "a") == [5]


def test_the_kept_records_lie_where_the_visit_says(museum, tmp_path):
    objects_of(source(museum, *KINDS["offset"]), tmp_path / "kept")
    found = {path.name[:5] + path.name[17:] for path in (tmp_path / "kept").iterdir()}
    assert found == {"list-.sqlite", "list-.sqlite-journal"}  # less a hash of what was asked
