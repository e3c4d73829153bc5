"""Asking museums' servers: their bad days, and their bad intentions."""

import dataclasses
import email.utils
import gzip
import time

import pytest
from art_transfer.collect.transport import NotThereError, UnansweredError
from art_transfer.collect.web import Web
from art_transfer.errors import StudyError
from museum_server import NOT_FOUND, QUICK, MuseumServer, Reply

FINE = Reply(b'{"fine": true}')
HTML = Reply(b"<!DOCTYPE html><html>Please wait</html>", type="text/html")


@pytest.fixture
def museum():
    with MuseumServer(lambda path, query: FINE) as server:
        yield server


def asker(**changes: object) -> Web:
    return Web(dataclasses.replace(QUICK, **changes), "tests@example.org")


PASSING = {
    "503 with Retry-After": Reply(status=503, headers={"Retry-After": "0"}),
    "429": Reply(status=429),
    "500": Reply(status=500),
    "502": Reply(status=502),
    "reset": Reply(fault="reset"),
    "body cut short": Reply(b'{"fine": tr', fault="short"),
    "larger Content-Length": Reply(
        b'{"fine": true}', headers={"Content-Length": "99"}, fault="short"
    ),
    "what cannot be unpacked": Reply(b"no gzip", headers={"Content-Encoding": "gzip"}),
    "a page for people": HTML,
    "a page in capitals, with a byte-order mark": Reply(b"\xef\xbb\xbf<HTML>Wait</HTML>"),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_waited_out(museum, fault):
    museum.first["/page"] = [PASSING[fault], PASSING[fault]]
    assert asker().json(museum.address + "/page") == {"fine": True}
    assert museum.asked == ["/page"] * 3


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_stays_is_an_error_that_names_the_address(museum, fault):
    museum.first["/page"] = [PASSING[fault]] * 9
    with pytest.raises(UnansweredError, match=r"/page.*3 times.*start again later"):
        asker().json(museum.address + "/page")
    assert museum.asked == ["/page"] * 3


def test_a_403_means_later_only_where_the_museum_means_it_so(museum):
    slow_down = Reply(b"<html>Too fast</html>", 403, "text/html")
    museum.first["/page"] = [slow_down]
    assert asker(slow_down=(403,)).json(museum.address + "/page") == {"fine": True}
    museum.first["/page"] = [slow_down]
    with pytest.raises(UnansweredError, match="status 403"):
        asker().json(museum.address + "/page")


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_asked_for_once(museum, status):
    museum.first["/page"] = [Reply(b"<html>no</html>", status, "text/html")]
    with pytest.raises(NotThereError):
        asker().get(museum.address + "/page", "image/*")
    assert museum.asked == ["/page"]


def test_a_smaller_content_length_cuts_the_body_and_json_says_so(museum):
    museum.first["/page"] = [Reply(b'{"fine": true}', headers={"Content-Length": "5"})]
    with pytest.raises(StudyError, match=r"/page: expected JSON, but the answer begins b'\{\"fin'"):
        asker().json(museum.address + "/page")


def test_invalid_utf8_in_json_is_no_number_silently(museum):
    museum.first["/page"] = [Reply(b'{"fine": "\xff"}')]
    with pytest.raises(StudyError, match="expected JSON"):
        asker().json(museum.address + "/page")


def test_json_of_a_hundred_thousand_brackets_is_an_error_not_a_crash(museum):
    museum.first["/page"] = [Reply(b"[" * 100_000)]
    with pytest.raises(StudyError, match="expected JSON"):
        asker().json(museum.address + "/page")


def test_retry_after_is_obeyed_by_all_requests_to_the_host(museum):
    museum.first["/page"] = [Reply(status=503, headers={"Retry-After": "1"})]
    assert asker().json(museum.address + "/page") == {"fine": True}
    assert museum.times[1] - museum.times[0] >= 1


def test_no_other_worker_s_trouble_shortens_what_the_host_asked_for(museum):
    """B's request is on its way when A is told to wait, and fails just afterwards."""
    told = []

    def answer(path, query):
        if path == "/a" and not told:
            told.append(time.monotonic())
            return Reply(status=503, headers={"Retry-After": "2"})
        if path == "/b" and len(told) < 2:
            time.sleep(0.5)
            told.append(time.monotonic())
            return Reply(status=500)
        return Reply(b'{"fine": true}')

    museum.answer = answer
    web = asker(requests_per_second=10)  # B first, however slowly threads start
    found = list(web.each(["/b", "/a"], lambda path: web.json(museum.address + path)))
    assert found == [{"fine": True}] * 2 and museum.asked[:2] == ["/b", "/a"]
    assert len(museum.asked) == 4 and min(museum.times[2:]) - min(told) >= 2


def test_retry_after_may_be_a_date(museum):
    until = email.utils.formatdate(time.time() + 2, usegmt=True)
    museum.first["/page"] = [Reply(status=503, headers={"Retry-After": until})]
    assert asker().json(museum.address + "/page") == {"fine": True}
    assert museum.times[1] - museum.times[0] > 0.5


@pytest.mark.parametrize("value", ["soon", "", "-5", "²"])
def test_a_retry_after_that_says_nothing_is_ignored(museum, value):
    museum.first["/page"] = [
        Reply(status=503, headers={"Retry-After": value.encode().decode("latin-1")})
    ]
    assert asker().json(museum.address + "/page") == {"fine": True}


def test_a_host_that_asks_for_days_ends_the_job(museum):
    museum.first["/page"] = [Reply(status=503, headers={"Retry-After": "86400"})]
    with pytest.raises(UnansweredError, match="asks to wait 86400 seconds"):
        asker().json(museum.address + "/page")


def test_a_slow_drip_is_cut_off(museum):
    museum.first["/page"] = [Reply(b'{"fine": true} ' * 10, fault="drip")]
    start = time.monotonic()
    assert asker(timeout=0.5).json(museum.address + "/page") == {"fine": True}
    assert time.monotonic() - start < 5


def test_a_flood_is_cut_off(museum):
    museum.first["/page"] = [Reply(b"x" * 2_000_000)]
    with pytest.raises(UnansweredError, match="more than 1 megabytes"):
        asker(max_megabytes=1).get(museum.address + "/page", "image/*")


def test_a_small_answer_that_unpacks_to_a_flood_is_cut_off(museum):
    bomb = gzip.compress(b"\0" * 3_000_000)
    museum.first["/page"] = [Reply(bomb, headers={"Content-Encoding": "gzip"})]
    with pytest.raises(UnansweredError, match="more than 1 megabytes"):
        asker(max_megabytes=1).get(museum.address + "/page", "image/*")


def test_a_redirect_is_followed(museum):
    museum.first["/old"] = [Reply(status=301, headers={"Location": "/new?x=1"})]
    assert asker().json(museum.address + "/old") == {"fine": True}
    assert museum.asked == ["/old", "/new?x=1"]


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "data:text/plain,x"],
)
def test_a_redirect_to_a_file_or_another_scheme_is_refused(museum, target):
    museum.first["/page"] = [Reply(status=302, headers={"Location": target})]
    with pytest.raises(UnansweredError, match=r"/page: sends us on to .*refused"):
        asker().json(museum.address + "/page")
    assert museum.asked == ["/page"]


def test_a_redirect_loop_ends(museum):
    museum.first["/page"] = [Reply(status=302, headers={"Location": "/page"})] * 99
    with pytest.raises(UnansweredError, match="/page"):
        asker().json(museum.address + "/page")
    assert len(museum.asked) <= 7


def test_an_address_that_is_none_is_an_error():
    with pytest.raises(UnansweredError, match="http:///x"):
        asker().get("http:///x", "image/*")


def test_a_server_that_is_not_there_is_an_error():
    with MuseumServer(lambda path, query: NOT_FOUND) as gone:
        address = gone.address
    with pytest.raises(UnansweredError, match="3 times"):
        asker().get(address + "/page", "image/*")


def test_a_host_is_asked_no_faster_than_agreed(museum):
    web = asker(requests_per_second=20, workers=8)
    addresses = [f"{museum.address}/{n}" for n in range(10)]
    began = time.monotonic()
    assert len(list(web.each(addresses, web.json))) == 10
    for number, asked in enumerate(sorted(museum.times)):  # one may come late, but none too early
        assert asked >= began + number / 20


def test_the_museum_learns_who_asks(museum):
    asker(headers={"AIC-User-Agent": "me"}).json(museum.address + "/page")
    assert "tests@example.org" in museum.headers[0]["user-agent"]
    assert museum.headers[0]["aic-user-agent"] == "me"


def test_without_a_contact_nothing_is_asked():
    with pytest.raises(StudyError, match="--config contact="):
        Web(QUICK, "")


def test_what_no_header_can_carry_is_an_error_that_names_the_key():
    with pytest.raises(StudyError, match="`contact` is 'Zürich'"):
        Web(QUICK, "Zürich")
    with pytest.raises(StudyError, match=r"`web.headers.From`"):
        asker(headers={"From": "Zürich"})


@pytest.mark.parametrize("host", ["images..museum.example", f"{'a' * 64}.museum.example"])
def test_a_host_that_can_be_none_is_an_error_of_this_address(host):
    with pytest.raises(UnansweredError, match=host[:20].replace(".", r"\.")):
        asker(other_hosts=("*",)).get(f"https://{host}/a.jpg", "image/*")


def test_each_takes_no_more_items_than_are_worked_on(museum):
    taken = []

    def items():
        for n in range(100):
            taken.append(n)
            yield n

    web = asker(workers=3)
    for count, _ in enumerate(web.each(items(), lambda n: n), 1):
        assert len(taken) <= count + 3


def test_each_raises_what_a_request_raises(museum):
    museum.first["/5"] = [NOT_FOUND]
    web = asker()
    with pytest.raises(NotThereError):
        list(web.each([f"{museum.address}/{n}" for n in range(50)], web.json))
