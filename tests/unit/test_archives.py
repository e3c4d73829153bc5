"""Large files: fetched once, in pieces where need be, and only when whole and right."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from art_transfer.collect.archives import download_file
from art_transfer.collect.transport import UnansweredError
from art_transfer.errors import StudyError
from museum_server import NOT_FOUND, QUICK, MuseumServer, Reply, visit

DATA = bytes(range(256)) * 2000
MD5 = hashlib.md5(DATA).hexdigest()
FILE = Reply(DATA, type="application/x-tar", headers={"ETag": '"one"'}, ranges=True)
HALF = replace(FILE, fault="half")


def serve(*replies: Reply, then: Reply = FILE) -> MuseumServer:
    """A server that gives these replies one after the other, then always the last one."""
    server = MuseumServer(lambda path, query: then)
    server.first["/file"] = list(replies)
    return server


def ranges(server: MuseumServer) -> list[str]:
    return [headers.get("range", "") for headers in server.headers]


def test_a_file_comes_whole_with_a_record(tmp_path: Path) -> None:
    with serve() as server:
        path = download_file(
            visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar", len(DATA), MD5
        )
    assert path.read_bytes() == DATA
    record = yaml.safe_load((tmp_path / "a.tar.yaml").read_text())
    assert record["address"] == f"{server.address}/file"
    assert record["bytes"] == len(DATA)
    assert record["md5"] == MD5
    assert record["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert record["date"].startswith("20")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar", "a.tar.yaml"]


def test_a_kept_file_is_not_asked_for_again(tmp_path: Path) -> None:
    with serve() as server:
        for _ in range(2):
            download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        assert len(server.asked) == 1
        # A known md5 makes it the same file, wherever it lies now.
        download_file(visit(tmp_path), f"{server.address}/moved", tmp_path / "a.tar", md5=MD5)
        assert len(server.asked) == 1
        download_file(visit(tmp_path), f"{server.address}/moved", tmp_path / "a.tar")
        assert server.asked[1:] == ["/moved"]


def test_a_file_that_was_cut_since_is_fetched_again(tmp_path: Path) -> None:
    with serve() as server:
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        path.write_bytes(DATA[:100])
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        assert path.read_bytes() == DATA
        assert len(server.asked) == 2


def test_after_a_break_only_the_rest_is_asked_for(tmp_path: Path) -> None:
    with serve(HALF) as server:
        path = download_file(
            visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar", len(DATA), MD5
        )
        assert path.read_bytes() == DATA
        assert ranges(server) == ["", f"bytes={len(DATA) // 2}-"]
        assert server.headers[1]["if-range"] == '"one"'


def test_a_later_job_goes_on(tmp_path: Path) -> None:
    with serve(HALF, replace(FILE, fault="reset"), replace(FILE, fault="reset")) as server:
        with pytest.raises(UnansweredError, match="start again later"):
            download_file(
                visit(tmp_path, replace(QUICK, retries=0)),
                f"{server.address}/file",
                tmp_path / "a.tar",
            )
        assert not (tmp_path / "a.tar").exists()
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        assert path.read_bytes() == DATA
        assert set(ranges(server)[1:]) == {f"bytes={len(DATA) // 2}-"}


def test_the_part_of_another_file_is_not_used(tmp_path: Path) -> None:
    other = replace(FILE, body=DATA[::-1])  # with the same ETag, as one host's files may have
    with serve(HALF) as server:
        server.first["/other"] = [other]
        hasty = replace(QUICK, retries=0)
        with pytest.raises(UnansweredError):
            download_file(visit(tmp_path, hasty), f"{server.address}/file", tmp_path / "a.tar")
        path = download_file(visit(tmp_path), f"{server.address}/other", tmp_path / "a.tar")
        assert path.read_bytes() == DATA[::-1]
        assert ranges(server) == ["", ""]


def test_a_host_that_cannot_go_on_sends_it_all_again(tmp_path: Path) -> None:
    plain = replace(FILE, ranges=False)
    with serve(replace(plain, fault="half"), then=plain) as server:
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
    assert path.read_bytes() == DATA


def test_a_part_that_no_one_can_vouch_for_is_not_used(tmp_path: Path) -> None:
    nameless = Reply(DATA, headers={}, ranges=True)
    with serve(replace(nameless, fault="half"), then=nameless) as server:
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        assert path.read_bytes() == DATA
        assert ranges(server) == ["", ""]  # no ETag, no date, no md5


def test_a_file_that_changed_between_two_parts_is_not_mixed(tmp_path: Path) -> None:
    other = replace(FILE, body=DATA[::-1], headers={"ETag": '"two"'})
    with serve(HALF, then=other) as server:
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
    assert path.read_bytes() == DATA[::-1]


@pytest.mark.parametrize(
    "content_range",
    ["bytes 0-99/100", f"bytes 5-{len(DATA) - 1}/{len(DATA)}", "elephants 1-2/3", ""],
)
def test_a_wrong_range_is_not_taken(tmp_path: Path, content_range: str) -> None:
    wrong = Reply(b"x" * 100, 206, headers={"Content-Range": content_range, "ETag": '"one"'})
    with serve(HALF, wrong) as server:
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        assert path.read_bytes() == DATA
        assert ranges(server)[-1] == ""


def test_a_piece_of_the_rest_is_not_taken_for_all_of_it(tmp_path: Path) -> None:
    came, end = len(DATA) // 2, len(DATA) // 2 + 1000
    piece = Reply(
        DATA[came:end],
        206,
        headers={"Content-Range": f"bytes {came}-{end - 1}/{len(DATA)}", "ETag": '"one"'},
    )
    with serve(HALF, piece) as server:
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        assert path.read_bytes() == DATA
        assert ranges(server) == ["", f"bytes={came}-", f"bytes={end}-"]


def test_a_range_beyond_the_end_starts_anew(tmp_path: Path) -> None:
    shorter = replace(FILE, body=DATA[:1000])  # the same ETag, wrongly
    with serve(HALF, then=shorter) as server:
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
    assert path.read_bytes() == DATA[:1000]


def test_a_wrong_md5_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        serve() as server,
        pytest.raises(StudyError, match=rf"/file: the md5 is {MD5}, but its publisher says 000"),
    ):
        download_file(
            visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar", len(DATA), "0" * 32
        )
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_size_is_an_error_before_it_is_fetched(tmp_path: Path) -> None:
    with (
        serve() as server,
        pytest.raises(StudyError, match=f"has {len(DATA)} bytes, but its publisher says 99"),
    ):
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar", 99, MD5)
    assert list(tmp_path.iterdir()) == []


POINTER = Reply(
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 303\n", type="text/plain"
)


@pytest.mark.parametrize("size", [None, 303])
def test_a_git_lfs_pointer_is_not_the_file(tmp_path: Path, size: int | None) -> None:
    with serve(then=POINTER) as server, pytest.raises(StudyError, match="Git LFS pointer"):
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.csv", size)
    assert list(tmp_path.iterdir()) == []


def test_a_web_page_is_not_the_file(tmp_path: Path) -> None:
    page = Reply(b"\n<!DOCTYPE html><p>Please sign in", type="text/html")
    with serve(then=page) as server, pytest.raises(StudyError, match="a web page came instead"):
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answer", [Reply(b"<html>one moment please", type="text/html"), Reply(status=202)]
)
def test_another_answer_in_between_costs_nothing_that_came(tmp_path: Path, answer: Reply) -> None:
    with serve(HALF, answer) as server:
        path = download_file(
            visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar", len(DATA), MD5
        )
        assert path.read_bytes() == DATA
        assert ranges(server)[1:] == [f"bytes={len(DATA) // 2}-"] * 2


def test_a_body_that_always_ends_early_is_never_kept(tmp_path: Path) -> None:
    with (
        serve(then=replace(FILE, ranges=False, fault="short")) as server,
        pytest.raises(UnansweredError, match="times"),
    ):
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
    assert not (tmp_path / "a.tar").exists()
    assert len(server.asked) == QUICK.retries + 1


def test_a_drip_is_given_up(tmp_path: Path) -> None:
    hasty = replace(QUICK, timeout=0.3, retries=0)
    began = time.monotonic()
    with (
        serve(then=replace(FILE, fault="drip")) as server,
        pytest.raises(UnansweredError, match=r"only \d+ bytes came"),
    ):
        download_file(visit(tmp_path, hasty), f"{server.address}/file", tmp_path / "a.tar")
    assert time.monotonic() - began < 3


def test_patience_begins_anew_where_much_has_come(tmp_path: Path) -> None:
    large = replace(FILE, body=DATA * 32)  # 16 MB: halves of 8, 4, 2 and 1 MB come
    halves = [replace(large, fault="half")] * 4
    with serve(*halves, then=large) as server:
        manners = replace(QUICK, retries=1)
        path = download_file(visit(tmp_path, manners), f"{server.address}/file", tmp_path / "a")
        assert path.read_bytes() == DATA * 32
        assert len(server.asked) == 5


def test_patience_ends_where_a_host_begins_anew_and_gets_no_further(tmp_path: Path) -> None:
    whole = {"Content-Length": str(len(DATA) * 32)}
    less, more = (
        replace(FILE, ranges=False, body=DATA * times, headers=whole, fault="short")
        for times in (8, 16)
    )
    with (
        serve(*[less, more] * 9, then=less) as server,
        pytest.raises(UnansweredError, match="3 times"),
    ):
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a")
    assert len(server.asked) == 2 + QUICK.retries + 1


def test_busy_hosts_are_obeyed_and_missing_files_named(tmp_path: Path) -> None:
    busy = Reply(b"later", 503, "text/plain", {"Retry-After": "1"})
    with serve(busy) as server:
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        assert server.times[1] - server.times[0] >= 1
    with serve(then=NOT_FOUND) as server, pytest.raises(StudyError, match="/file: there is no"):
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "b.tar")


def test_an_endless_file_of_unknown_size_is_refused(tmp_path: Path) -> None:
    endless = Reply(DATA, fault="endless")
    few = replace(QUICK, max_megabytes=1)
    with serve(then=endless) as server, pytest.raises(StudyError, match=r"web\.max_megabytes"):
        download_file(visit(tmp_path, few), f"{server.address}/file", tmp_path / "a.tar")
    assert list(tmp_path.iterdir()) == []


def test_more_than_the_disk_holds_is_refused_at_once(tmp_path: Path) -> None:
    huge = replace(FILE, headers={"Content-Length": "1000000000000000"})
    with serve(then=huge) as server, pytest.raises(StudyError, match="but the disk has"):
        download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")


def test_a_redirect_is_followed_with_the_range(tmp_path: Path) -> None:
    with MuseumServer(lambda path, query: FILE) as server:
        server.first["/file"] = [Reply(b"", 302, headers={"Location": "/store"}) for _ in range(2)]
        server.first["/store"] = [HALF]
        path = download_file(visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar")
        assert path.read_bytes() == DATA
        assert server.asked == ["/file", "/store"] * 2
        assert ranges(server)[3] == f"bytes={len(DATA) // 2}-"


_CHILD = """
import sys
from pathlib import Path
from art_transfer.collect.archives import download_file
from museum_server import visit
folder = Path(sys.argv[2])
download_file(visit(folder), sys.argv[1] + "/file", folder / "a.tar", int(sys.argv[3]), sys.argv[4])
"""


def test_a_killed_download_goes_on(tmp_path: Path) -> None:
    """SIGKILL while the file is coming: the same bytes, and only the rest is asked for."""
    slow = replace(FILE, fault="slow")
    part = tmp_path / "a.tar.part"
    with serve(slow) as server:
        command = [sys.executable, "-c", _CHILD, server.address, str(tmp_path), str(len(DATA)), MD5]
        paths = os.pathsep.join(path for path in sys.path if path)
        child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths})
        deadline = time.monotonic() + 30
        while not (part.is_file() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.wait()
        came = part.stat().st_size
        assert 0 < came < len(DATA)
        path = download_file(
            visit(tmp_path), f"{server.address}/file", tmp_path / "a.tar", len(DATA), MD5
        )
        assert path.read_bytes() == DATA
        assert ranges(server) == ["", f"bytes={came}-"]
