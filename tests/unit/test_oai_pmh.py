"""Harvesting a repository: pages, tokens, deletions, and all that goes wrong."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from art_transfer.collect.oai_pages import BrokenPageError, Page
from art_transfer.collect.shards import shard_of, write_shard
from art_transfer.errors import StudyError
from art_transfer.formats import IMAGES, read_csv
from builders import file_of, noise
from hypothesis import given
from hypothesis import strategies as st
from museum_server import NOT_FOUND, Answerer, MuseumServer, Reply, objects_of, visit
from oai_museum import Listing, dc, deleted, error, page, rijks, source, xml

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    + "]>"
)


def ids(museum: MuseumServer, kept: Path, **block: object) -> list[str]:
    return list(objects_of(source(museum.address, **block), kept)["object_id"])


def pages(*bodies: bytes | Reply) -> Answerer:
    """A repository whose n-th page has the token ``n``."""

    def answer(_: str, query: dict[str, str]) -> Reply:
        body = bodies[int(query.get("resumptionToken", "0"))]
        return body if isinstance(body, Reply) else xml(body)

    return answer


def refusal(answer: Answerer, kept: Path, **block: object) -> str:
    """What the user is told when a repository that answers so is read."""
    with MuseumServer(answer) as museum, pytest.raises(StudyError) as caught:
        objects_of(source(museum.address, **block), kept)
    return str(caught.value).replace(museum.address, "ADDRESS")


def opened(data: bytes) -> Page:
    return Page(httpx2.Response(200, content=data, request=httpx2.Request("GET", "http://a")), {})


def test_from_nothing_to_objects_and_images(tmp_path):
    jpeg = file_of(noise(8, 8), "JPEG")
    numbers = range(200107900, 200107925)
    listing = Listing([rijks(number) for number in numbers], per_page=10)

    def answer(path: str, query: dict[str, str]) -> Reply:
        if path == "/oai":
            return listing(path, query)
        return NOT_FOUND if "PJ200107903" in path else Reply(jpeg, type="image/jpeg")

    with MuseumServer(answer) as museum:
        museum_source = source(
            f"{museum.address}/oai",
            metadata_prefix="edm",
            selection={"set": "26121", "from": "2024-01-01", "until": "2026-12-31"},
            patterns={"image": r"iiif\.micr\.io/([^/]+)/"},
            image_address=f"{museum.address}/iiif/{{image}}/full/!600,600/0/default.jpg",
        )
        objects = objects_of(museum_source, tmp_path)
        first = dict(parse_qsl(urlsplit(museum.asked[0]).query))
        assert first == {
            "verb": "ListRecords",
            "metadataPrefix": "edm",
            "set": "26121",
            "from": "2024-01-01",
            "until": "2026-12-31",
        }
        following = [dict(parse_qsl(urlsplit(path).query)) for path in museum.asked[1:]]
        assert following == [
            {"verb": "ListRecords", "resumptionToken": token} for token in ("10", "20")
        ]
        assert "tests@example.org" in museum.headers[0]["user-agent"]
        assert "xml" in museum.headers[0]["accept"]
        mine = objects[objects["object_id"].map(lambda i: shard_of(i, 1)) == "0000"]
        images = museum_source.images(mine, visit(tmp_path), "1-0000")
        write_shard(images, "0000", tmp_path / "0000.zip", tmp_path / "0000.csv")
    assert list(objects["object_id"]) == [f"https://id.rijksmuseum.nl/{n}" for n in numbers]
    table = read_csv(tmp_path / "0000.csv", IMAGES)
    assert (table["status"] == "ok").sum() == 24
    assert table["status"][3].startswith("missing: nothing at")


def test_killed_between_pages_goes_on_and_asks_nothing_twice(tmp_path):
    listing = Listing([dc(f"id{n:02d}") for n in range(10)])
    with MuseumServer(listing) as museum:
        whole = ids(museum, tmp_path / "whole")
    working = [True]

    def answer(path: str, query: dict[str, str]) -> Reply:
        return (
            listing(path, query)
            if working[0] or query.get("resumptionToken") != "6"
            else (Reply(status=500))
        )

    with MuseumServer(answer) as museum:
        working[0] = False
        with pytest.raises(StudyError, match="What was fetched is kept"):
            ids(museum, tmp_path / "killed")
        asked = len(museum.asked)
        working[0] = True
        assert ids(museum, tmp_path / "killed") == whole == [f"id{n:02d}" for n in range(10)]
        tokens = [
            dict(parse_qsl(urlsplit(path).query)).get("resumptionToken", "0")
            for path in museum.asked
        ]
        assert tokens[:3] == ["0", "2", "4"]
        assert tokens[asked:] == ["6", "8"]
        assert ids(museum, tmp_path / "killed") == whole
        assert len(museum.asked) == asked + 2


def test_a_job_that_was_killed_goes_on_after_the_last_page_that_it_had_kept(tmp_path):
    listing = Listing([dc(f"id{n:02d}") for n in range(10)])
    job: list[int] = []

    def answer(path: str, query: dict[str, str]) -> Reply:
        if job and query.get("resumptionToken") == "6":
            os.kill(job.pop(), signal.SIGKILL)
        return listing(path, query)

    with MuseumServer(answer) as museum:
        process = multiprocessing.get_context("fork").Process(target=ids, args=(museum, tmp_path))
        process.start()
        job.append(process.pid or 0)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        asked = len(museum.asked)
        assert ids(museum, tmp_path) == [f"id{n:02d}" for n in range(10)]
        assert [path.rpartition("=")[2] for path in museum.asked[asked:]] == ["6", "8"]


def test_another_question_starts_anew(tmp_path):
    with MuseumServer(Listing([dc("a")])) as museum:
        ids(museum, tmp_path)
        ids(museum, tmp_path, selection={"set": "x"})
        assert len(museum.asked) == 2


def test_an_expired_token_starts_the_list_anew_and_says_so(tmp_path, capsys):
    listing = Listing([dc(f"id{n}") for n in range(6)], bad_tokens=["4"])
    with MuseumServer(listing) as museum:
        assert ids(museum, tmp_path) == [f"id{n}" for n in range(6)]
        assert len(museum.asked) == 3 + 3
    assert (
        "the list is read anew from its beginning: its resumption token is no longer good "
        "(BadResumptionToken: expired)" in capsys.readouterr().out
    )


def test_tokens_that_always_expire_are_an_error(tmp_path):
    answer = pages(page(dc("a"), token="1"), error("badResumptionToken"))
    assert "no longer good 3 times; ask faster" in refusal(answer, tmp_path)


def test_422_in_the_middle_of_a_list_is_an_expired_token(tmp_path, capsys):
    listing = Listing([dc(f"id{n}") for n in range(4)])
    with MuseumServer(listing) as museum:
        museum.first["/?verb=ListRecords&resumptionToken=2"] = [xml(b"", 422)]
        assert len(ids(museum, tmp_path, no_records_status=[422])) == 4
    assert "read anew" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer",
    [xml(b"no such thing", 422), xml(error("noRecordsMatch"), 422), xml(error("noRecordsMatch"))],
)
def test_no_records_by_protocol_or_status(tmp_path, answer):
    message = refusal(lambda *_: answer, tmp_path, no_records_status=[422], selection={"set": "x"})
    assert "the repository has no records for metadataPrefix=oai_dc, set=x" in message
    assert "ADDRESS?verb=ListSets shows its sets" in message


def test_422_is_an_error_like_others_where_the_config_does_not_say_more(tmp_path):
    assert "status 422" in refusal(lambda *_: xml(b"", 422), tmp_path)


def test_a_refused_metadata_prefix_lists_what_there_is(tmp_path):
    formats = page().replace(
        b"<ListRecords></ListRecords>",
        b"<ListMetadataFormats>"
        b"<metadataFormat><metadataPrefix>oai_dc</metadataPrefix></metadataFormat>"
        b"<metadataFormat><metadataPrefix>edm</metadataPrefix></metadataFormat>"
        b"</ListMetadataFormats>",
    )

    def answer(_: str, query: dict[str, str]) -> Reply:
        refused = error("cannotDisseminateFormat")
        return xml(formats if query["verb"] == "ListMetadataFormats" else refused)

    message = "ADDRESS: the repository has no `metadata_prefix: lido`; it offers "
    assert refusal(answer, tmp_path, metadata_prefix="lido") == message + "oai_dc, edm"
    formats = error("noMetadataFormats", "none")
    assert refusal(answer, tmp_path, metadata_prefix="lido") == (
        message + "none (NoMetadataFormats: none)"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("noSetHierarchy", "NoSetHierarchy: sorry"),
        ("badArgument", "BadArgument: sorry"),
        ("badResumptionToken", "BadResumptionToken: sorry"),
        ("somethingNew", "GeneralOAIPMHError: sorry"),
        ("", "GeneralOAIPMHError: sorry"),
        ("__doc__", "GeneralOAIPMHError: sorry"),
    ],
)
def test_refused_arguments(tmp_path, code, said):
    message = refusal(lambda *_: xml(error(code, "sorry")), tmp_path, selection={"set": "x"})
    assert message == (f"ADDRESS: the repository refuses metadataPrefix=oai_dc, set=x: {said}")


def test_deleted_records_are_forgotten_also_those_of_an_earlier_page(tmp_path, capsys):
    answer = pages(
        page(dc("a"), dc("b"), deleted("z"), token="1"),
        page(deleted("a"), dc("c"), token=""),
    )
    with MuseumServer(answer) as museum:
        assert ids(museum, tmp_path) == ["b", "c"]
    log = capsys.readouterr().out
    assert "5 records came, 2 are kept" in log
    assert "2 records withdrawn by the museum" in log


def test_ids_that_come_twice_are_kept_once_the_last_time(tmp_path, capsys):
    answer = pages(
        page(dc("a", ("title", "old")), dc("b"), token="1"),
        page(dc("a", ("title", "newer")), dc("a", ("title", "newest")), token=""),
    )
    with MuseumServer(answer) as museum:
        objects = objects_of(source(museum.address), tmp_path)
    assert objects[["object_id", "title"]].to_numpy().tolist() == [["a", "newest"], ["b", ""]]
    assert "2 records that came more than once; the last is kept" in capsys.readouterr().out


def test_an_empty_last_page_and_pages_without_records(tmp_path):
    answer = pages(
        page(dc("a"), token="1"), page(token="2"), page(dc("b"), token="3"), page(token="\n  ")
    )
    with MuseumServer(answer) as museum:
        assert ids(museum, tmp_path) == ["a", "b"]
        assert len(museum.asked) == 4


@pytest.mark.parametrize("records", [(), (dc("a"), dc("b"))])
def test_a_list_without_end_is_an_error(tmp_path, records):
    message = refusal(lambda *_: xml(page(*records, token="again")), tmp_path)
    assert "goes round in circles" in message and "'again'" in message


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_a_circle_of_pages_with_withdrawn_records_ends(tmp_path, length):
    asked = []

    def circle(path: str, query: dict[str, str]) -> Reply:
        asked.append(query)
        number = int(query.get("resumptionToken", "0"))
        following = str((number + 1) % length)
        return xml(page(dc(f"a{number}"), deleted(f"z{number}"), token=following))

    assert "goes round in circles: its token" in refusal(circle, tmp_path)
    assert len(asked) <= 4 * length + 1


def test_a_list_without_end_whose_tokens_are_all_new_is_an_error(tmp_path):
    def endless(path: str, query: dict[str, str]) -> Reply:
        return xml(page(dc("a"), token=query.get("resumptionToken", "") + "x"))

    assert "20 pages in a row brought nothing new" in refusal(endless, tmp_path)


def test_records_without_identifier_or_metadata_are_left_out_and_counted(tmp_path, capsys):
    bare = deleted("c").replace(' status="deleted"', "")
    answer = pages(page(dc("a"), dc(" "), bare, "<record/>"))
    with MuseumServer(answer) as museum:
        assert ids(museum, tmp_path) == ["a"]
    log = capsys.readouterr().out
    assert "4 records came, 1 are kept" in log
    assert "2 records without an identifier; left out" in log
    assert "1 records without metadata; left out" in log


@pytest.mark.parametrize(
    ("size", "told"),
    [(3, ""), (7, "announced 7 records, and 3 came"), ("many", ""), ("9" * 5000, "")],
)
def test_the_announced_size_is_compared_with_what_came(tmp_path, capsys, size, told):
    answer = pages(page(dc("a"), dc("b"), token="1", size=size), page(dc("c"), token="", size=size))
    with MuseumServer(answer) as museum:
        assert ids(museum, tmp_path) == ["a", "b", "c"]
    log = capsys.readouterr().out
    assert told in log
    assert told or "announced" not in log


@pytest.mark.parametrize(
    ("broken", "title"),
    [
        (b"caf\xe9 au lait", "caf\ufffd au lait"),
        (b"caf\x0b\x00", "caf\ufffd\ufffd"),
        (b"caf&#11;&#xFFFF;&#233;", "caf\ufffd\ufffd\xe9"),
        ("café".encode("latin-1") + "é".encode(), "caf\ufffd\xe9"),
    ],
)
def test_bytes_that_are_no_text_are_replaced_and_counted(tmp_path, capsys, broken, title):
    data = page(dc("a", ("title", "TITLE")), dc("b", ("title", "naïve")))
    with MuseumServer(pages(data.replace(b"TITLE", broken))) as museum:
        objects = objects_of(source(museum.address), tmp_path)
    assert list(objects["title"]) == [title, "naïve"]
    assert "1 records with bytes that are no text" in capsys.readouterr().out


def test_a_page_in_another_encoding(tmp_path):
    text = page(dc("a", ("title", "naïve"))).decode().replace("UTF-8", "ISO-8859-1")
    with MuseumServer(pages(text.encode("latin-1"))) as museum:
        assert list(objects_of(source(museum.address), tmp_path)["title"]) == ["naïve"]
    broken = text.replace("naïve", "na\x0bïve").encode("latin-1")
    with MuseumServer(pages(broken)) as museum:
        assert list(objects_of(source(museum.address), tmp_path / "2")["title"]) == ["na\ufffdïve"]


def test_a_page_cut_short_is_asked_for_again(tmp_path):
    whole = page(dc("a"), dc("b"), dc("c"))
    with MuseumServer(pages(whole)) as museum:
        museum.first["/"] = [xml(whole[: whole.index(b"<record>", 800)])]
        assert ids(museum, tmp_path) == ["a", "b", "c"]
        assert len(museum.asked) == 2


def test_a_page_that_is_always_cut_short_is_no_shorter_page(tmp_path):
    whole = page(dc("a"), dc("b"), dc("c"))
    message = refusal(pages(whole[: whole.index(b"<record>", 800)]), tmp_path)
    assert "the page is cut short or broken" in message


def test_no_part_of_a_page_is_a_page():
    whole = page(dc("a", ("title", "naïve")), deleted("b"), token="1", size=3).rstrip()
    assert [identifier for identifier, *_ in opened(whole).records()] == ["a", "b"]
    for end in range(len(whole)):
        with pytest.raises(BrokenPageError):
            print(opened(whole[:end]).xml)


@given(st.data())
def test_spoiled_pages_are_errors_or_the_same_records(data):
    whole = page(dc("a"), deleted("b"), token="1", size=3)
    at = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(at, min(at + 5, len(whole))))
    spoiled = opened(whole[:at] + data.draw(st.binary(max_size=5)) + whole[end:])
    try:
        found = list(spoiled.records())
    except (BrokenPageError, StudyError):
        return
    assert len(found) <= 2
    assert spoiled.token is not None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html><body>Sorry</body></html>", "a web page instead of text/xml"),
        (b'<?xml version="1.0"?><html xmlns="x"/>', "expected a page of OAI-PMH, found <{x}html>"),
        (b'{"records": []}', "the page is cut short or broken"),
        (b"", "the page is cut short or broken"),
        (page().replace(b"ListRecords>", b"Identify>"), "the page has no `ListRecords`"),
        (BOMB.encode() + b"<r>&a9;</r>", "entity amplification"),
        (BOMB.encode() + b'<r a="&a9;"/>', "entity amplification"),
        (
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
            "has a DTD or entities, which no page needs; refused",
        ),
        (
            b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r/>',
            "has a DTD or entities, which no page needs; refused",
        ),
        (BOMB.encode("utf-16") + "<r>&a9;</r>".encode("utf-16-le"), "cut short or broken"),
        (b"<a>" * 100_000, "cut short or broken"),
    ],
)
def test_pages_that_are_none_or_attack_are_refused(tmp_path, body, message):
    start = time.monotonic()
    assert message in refusal(pages(body), tmp_path)
    assert time.monotonic() - start < 5


def test_an_entity_in_a_real_page_reveals_no_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    data = page(dc("a", ("title", "TITLE"))).replace(b"TITLE", b"&x;")
    data = data.replace(
        b"<OAI-PMH", f'<!DOCTYPE OAI-PMH [<!ENTITY x SYSTEM "{secret.as_uri()}">]><OAI-PMH'.encode()
    )
    assert "refused" in refusal(pages(data), tmp_path / "kept")


def test_a_busy_repository_is_asked_again_and_a_wrong_address_is_not(tmp_path):
    with MuseumServer(pages(page(dc("a")))) as museum:
        museum.first["/"] = [Reply(status=503, headers={"Retry-After": "1"}), Reply(fault="reset")]
        start = time.monotonic()
        assert ids(museum, tmp_path) == ["a"]
        assert time.monotonic() - start >= 1
        assert len(museum.asked) == 3
    with MuseumServer(lambda *_: NOT_FOUND) as museum:
        with pytest.raises(StudyError, match="status 404"):
            ids(museum, tmp_path / "2")
        assert len(museum.asked) == 1


def test_a_redirect_to_a_file_is_refused(tmp_path):
    sent_on = Reply(status=302, headers={"Location": "file:///etc/passwd"})
    assert "no safe address" in refusal(lambda *_: sent_on, tmp_path)


def test_a_redirect_loop_ends(tmp_path):
    sent_on = Reply(status=302, headers={"Location": "/again"})
    assert "redirect" in refusal(lambda *_: sent_on, tmp_path).lower()


def test_progress_shows_the_announced_size(tmp_path):
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    with MuseumServer(Listing([dc(f"{n}") for n in range(6)])) as museum:
        list(source(museum.address).read(replace(visit(tmp_path), terminal=terminal)))
    assert "6/6" in terminal.getvalue()
