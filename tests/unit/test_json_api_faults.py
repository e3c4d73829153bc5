"""Museums that give JSON on a bad day: lists cut short or without end, records that do not come."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from art_transfer.collect.json_api import JsonApi
from art_transfer.errors import StudyError
from museum_server import NOT_FOUND, QUICK, MuseumServer, Reply, objects_of, visit
from test_json_api import FIELDS, KINDS, Museum, records, reply, source


@pytest.fixture
def museum():
    answer = Museum()
    with MuseumServer(answer) as server:
        answer.address = server.address
        yield server


def of_ids(museum: MuseumServer, **changes: Any) -> JsonApi:
    """A source of a list of ids and a record for each."""
    options = {
        "records": "objectIDs",
        "total": "",
        "record_address": museum.address + "/objects/{id}",
    }
    return source(museum, "/ids", {}, **options | changes)


def page(start: int, total: object, count: int = 10) -> Reply:
    return reply({"info": {"total": total}, "data": records(start + count)[start:]})


@pytest.mark.parametrize("kind", ["offset", "page"])
def test_a_list_cut_short_is_an_error_until_it_is_whole(museum, tmp_path, kind):
    whole = museum.answer

    def cut(path: str, query: dict[str, str]) -> Reply:
        start = int(query.get("skip", 0)) or int(query.get("page", 1)) * 10 - 10
        return page(start, 35, 10 if start < 20 else 0)

    museum.answer = cut
    wanted = source(museum, *KINDS[kind])
    with pytest.raises(StudyError, match=r"announced 35 records, and 20 came.*`parameters`"):
        objects_of(wanted, tmp_path)
    museum.answer = whole
    museum.asked.clear()
    assert len(objects_of(wanted, tmp_path)) == 35
    assert len(museum.asked) == 2, "it goes on where the list was cut"


def test_one_page_of_a_list_of_several_is_an_error(museum, tmp_path):
    with pytest.raises(StudyError, match=r"announced 35 records, and 10 came. Is `paging` right"):
        objects_of(source(museum, "/list", {}), tmp_path)


def test_a_list_that_lacks_a_record_in_a_hundred_is_taken_and_said_so(museum, tmp_path, capsys):
    museum.answer = lambda path, query: page(
        int(query["skip"]), 200, max(0, min(10, 199 - int(query["skip"])))
    )
    assert len(objects_of(source(museum, *KINDS["offset"]), tmp_path)) == 199
    assert "announced 200 records, and 199 came" in capsys.readouterr().out


@pytest.mark.parametrize("total", [20, 100, None])
@pytest.mark.parametrize("kind", KINDS)
def test_a_museum_that_does_not_heed_the_paging_is_an_error(museum, tmp_path, kind, total):
    answer = {"info": {"total": total}, "data": records(10), "next": "/links?skip=0"}
    museum.answer = lambda path, query: reply(answer)
    with pytest.raises(StudyError, match=r"the same 10 records: .* not heed `paging`.*kind: "):
        objects_of(source(museum, *KINDS[kind]), tmp_path)
    assert len(museum.asked) == 2


def test_an_empty_page_with_a_link_is_not_the_end(museum, tmp_path):
    museum.first["/links"] = [reply({"data": [], "next": f"{museum.address}/links?skip=0"})]
    wanted = source(museum, *KINDS["link"], total="", parameters={"q": "x"})
    assert len(objects_of(wanted, tmp_path)) == 35
    assert museum.asked[:2] == ["/links?q=x", "/links?skip=0"]


def test_links_in_a_circle_are_an_error(museum, tmp_path):
    def circle(path: str, query: dict[str, str]) -> Reply:
        start = int(query.get("skip", 0))
        data = records(20)[start : start + 10]
        return reply({"data": data, "next": f"/links?skip={10 - start}"})

    museum.answer = circle
    with pytest.raises(StudyError, match="20 pages in a row brought nothing new"):
        objects_of(source(museum, *KINDS["link"], total=""), tmp_path)
    assert len(museum.asked) == 22


@pytest.mark.parametrize("link", ["?skip=10", "/links?skip=10", "links?skip=10"])
def test_a_link_may_be_relative(museum, tmp_path, link):
    first = museum.answer("/links", {})
    museum.first["/links"] = [Reply(first.body.replace(_link(first), link.encode()))]
    assert len(objects_of(source(museum, *KINDS["link"]), tmp_path)) == 35
    assert museum.asked[1] == "/links?skip=10"


def _link(answer: Reply) -> bytes:
    return answer.body.split(b'"next": "')[1].split(b'"')[0]


@pytest.mark.parametrize("total", ["1,235", "1235", 1235, 1235.0])
def test_a_total_may_be_written_as_people_do(museum, tmp_path, total):
    museum.answer = lambda path, query: page(0, total, 1235)
    assert len(objects_of(source(museum, "/list", {}), tmp_path)) == 1235


@pytest.mark.parametrize("total", ["many", -1, "1,2", True])
def test_a_total_that_is_no_number_is_an_error(museum, tmp_path, total):
    museum.answer = lambda path, query: page(0, total)
    with pytest.raises(StudyError, match=r"number of all records at `info.total`.*there is"):
        objects_of(source(museum, "/list", {}), tmp_path)


def test_objects_are_sorted_by_their_own_ids_and_each_is_there_once(museum, tmp_path, capsys):
    for record in museum.answer.records:  # numbers downwards, and the first two alike
        record["number"] = f"N{min(99 - record['id'], 98)}"
    table = objects_of(of_ids(museum, fields=FIELDS | {"object_id": "number"}), tmp_path)
    assert table["object_id"].tolist() == [f"N{n}" for n in range(65, 99)]
    assert table["title"].iloc[-1] == "Work 1"
    assert "1 objects with the id of an earlier one" in capsys.readouterr().out


def test_objects_do_not_depend_on_what_the_config_said_before(museum, tmp_path):
    for record in museum.answer.records:
        record["room"] = f"R{record['id'] % 3}"
    rooms = source(museum, *KINDS["offset"], total="", fields=FIELDS | {"object_id": "room"})
    assert objects_of(rooms, tmp_path)["object_id"].tolist() == ["R0", "R1", "R2"]
    wanted = source(museum, *KINDS["offset"])
    assert objects_of(wanted, tmp_path).equals(objects_of(wanted, tmp_path / "anew"))


def test_a_list_whose_order_changes_from_page_to_page_is_an_error(museum, tmp_path):
    everything, random = records(200), Random(1)

    def shuffled(path: str, query: dict[str, str]) -> Reply:
        return reply({"info": {"total": 200}, "data": random.sample(everything, 10)})

    museum.answer = shuffled
    message = r"200 records, and 200 came, but only 1\d\d different .*`fields.object_id`.*`total`"
    with pytest.raises(StudyError, match=message):
        objects_of(source(museum, *KINDS["offset"]), tmp_path)


def test_records_that_are_listed_twice_are_counted(museum, tmp_path, capsys):
    museum.answer.records = records(200)
    museum.answer.records[12] = museum.answer.records[3]
    objects_of(source(museum, *KINDS["offset"]), tmp_path)
    assert "1 records came more than once; the last is kept" in capsys.readouterr().out


def test_records_that_are_gone_for_an_hour_are_asked_for_again(museum, tmp_path):
    whole = museum.answer
    wanted = of_ids(museum)
    museum.answer = lambda path, query: NOT_FOUND if path != "/ids" else whole(path, query)
    with pytest.raises(StudyError, match=r"of the 35 records that are listed are not there"):
        objects_of(wanted, tmp_path)
    museum.answer = whole
    assert len(objects_of(wanted, tmp_path)) == 35


def test_a_few_records_that_are_gone_are_counted_each_time(museum, tmp_path, capsys):
    museum.first["/objects/4"] = museum.first["/objects/7"] = [NOT_FOUND, NOT_FOUND]
    for _ in range(2):
        assert len(objects_of(of_ids(museum), tmp_path)) == 33
        assert "2 records that are listed, but not there; left out" in capsys.readouterr().out
    assert museum.asked.count("/objects/4") == 1


def test_records_that_go_one_by_one_are_counted_together(museum, tmp_path):
    museum.answer.records = records(20)
    museum.first["/objects/4"] = museum.first["/objects/7"] = [NOT_FOUND, NOT_FOUND]
    assert len(objects_of(of_ids(museum), tmp_path)) == 18
    museum.answer.records = records(21)
    museum.first["/objects/20"] = [NOT_FOUND]
    with pytest.raises(StudyError, match=r"3 of the 21 records.*\['20'\]"):
        objects_of(of_ids(museum, parameters={"since": "today"}), tmp_path)


def test_one_record_that_never_comes_keeps_no_other_from_coming(museum, tmp_path, capsys):
    museum.first["/objects/4"] = [Reply(status=500)] * 6
    wanted = of_ids(museum)
    message = r"1 of 35 records could not be fetched, as \['4'\].*status 500.*only these are asked"
    with pytest.raises(StudyError, match=message):
        objects_of(wanted, tmp_path)
    assert len({path for path in museum.asked if path.startswith("/objects/")}) == 35
    museum.asked.clear()
    assert len(objects_of(wanted, tmp_path)) == 34
    assert "1 records failed to come in two jobs, as ['4']; left out" in capsys.readouterr().out
    assert len(objects_of(wanted, tmp_path)) == 35
    assert museum.asked == ["/objects/4"] * 4


def test_records_that_are_gone_are_not_asked_for_again_where_another_fails(museum, tmp_path):
    museum.first["/objects/4"] = [Reply(status=500)] * 3
    museum.first["/objects/7"] = [NOT_FOUND] * 2
    with pytest.raises(StudyError, match=r"1 of 35 records .*\['4'\]"):
        objects_of(of_ids(museum), tmp_path)
    assert len(objects_of(of_ids(museum), tmp_path)) == 34
    assert museum.asked.count("/objects/7") == 1


def test_records_that_fail_in_every_job_are_no_more_than_may_be_gone(museum, tmp_path):
    whole, bad = museum.answer, {f"/objects/{n}" for n in range(1, 5)}
    museum.answer = lambda path, query: Reply(status=500) if path in bad else whole(path, query)
    with pytest.raises(StudyError, match="4 of 35 records could not be fetched"):
        objects_of(of_ids(museum), tmp_path)
    message = (
        r"0 of the 35 .* not there, as \[\], and 4 fail, as \['1', .*status 500.*; more than 3"
    )
    one_by_one = visit(tmp_path, replace(QUICK, workers=1))  # so that the first come first
    with pytest.raises(StudyError, match=message):
        list(of_ids(museum).read(one_by_one))


def test_a_museum_whose_records_stop_to_come_ends_the_job(museum, tmp_path):
    museum.answer.records = records(200)
    whole = museum.answer
    wanted = of_ids(museum)
    museum.answer = lambda path, query: Reply(status=500) if path != "/ids" else whole(path, query)
    with pytest.raises(StudyError, match=r"20 records in a row could not be fetched.*status 500"):
        list(wanted.read(visit(tmp_path, replace(QUICK, retries=0))))
    assert len(museum.asked) < 30
    museum.answer = whole
    assert len(objects_of(wanted, tmp_path)) == 200


def test_a_list_that_is_not_there_is_told(museum, tmp_path):
    """A wrong address, or a museum that answers 404 for the page after the last one."""
    museum.answer = lambda path, query: NOT_FOUND
    with pytest.raises(StudyError, match=r"/list: there is nothing .*`address` right"):
        objects_of(source(museum, "/list", {}), tmp_path)


def test_lines_of_a_text_end_alike_in_every_table(museum, tmp_path):
    museum.answer.records[0]["title"] = "One\rtwo\r\nthree\nfour"
    table = objects_of(source(museum, *KINDS["link"]), tmp_path)
    assert "One\ntwo\nthree\nfour" in table["title"].tolist()


def test_a_museum_that_asks_to_wait_for_hours_is_left_alone(museum, tmp_path):
    whole = museum.answer
    later = Reply(status=503, headers={"Retry-After": "7200"})
    museum.answer = lambda path, query: later if path != "/ids" else whole(path, query)
    with pytest.raises(StudyError, match="asks to wait 7200 seconds"):
        objects_of(of_ids(museum), tmp_path)
    assert len(museum.asked) <= 1 + 2 * QUICK.workers


def test_another_list_asks_for_no_record_twice(museum, tmp_path):
    objects_of(of_ids(museum), tmp_path)
    museum.answer.records = records(36)[5:]
    museum.asked.clear()
    table = objects_of(of_ids(museum, parameters={"since": "today"}), tmp_path)
    assert sorted(table["object_id"], key=int) == [str(n) for n in range(5, 36)]
    assert museum.asked == ["/ids?since=today", "/objects/35"]


def test_a_slip_in_the_config_loses_nothing(museum, tmp_path):
    wanted = source(museum, *KINDS["offset"])
    table = objects_of(wanted, tmp_path)
    with pytest.raises(StudyError, match="expected a list"):
        objects_of(source(museum, *KINDS["offset"], records="dta"), tmp_path)
    museum.asked.clear()
    assert objects_of(wanted, tmp_path).equals(table)
    assert museum.asked == []
