"""Images fetched once each, records kept across kills, and the lock on what was fetched."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import zlib
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import yaml
from art_transfer.archive.locks import pack_lock, restore_locks
from art_transfer.checks import load_study
from art_transfer.collect.downloads import RECORD, download_images
from art_transfer.collect.lock import freeze_images, freeze_objects
from art_transfer.collect.sources import SOURCES
from art_transfer.collect.store import END, Store
from art_transfer.errors import StudyError
from art_transfer.formats import IMAGES, OBJECTS, write_csv, write_parquet
from art_transfer.job_settings import SourceSettings
from art_transfer.study import Study
from builders import file_of, noise, small_config
from hypothesis import given, settings
from hypothesis import strategies as st
from museum_server import NOT_FOUND, QUICK, MuseumServer, Reply, visit
from test_collect_folder import folder
from test_json_api import source


@cache
def picture(path: str) -> bytes:
    return file_of(noise(4, 5, zlib.crc32(path.encode())))


def image(path: str, query: dict[str, str]) -> Reply:
    return Reply(picture(path), type="image/png")


@pytest.fixture
def museum():
    with MuseumServer(image) as server:
        yield server


def wanted(museum: MuseumServer, *names: str) -> pd.DataFrame:
    addresses = [f"{museum.address}/{name}" if name else "" for name in names]
    ids = [f"id-{n}" for n in range(len(names))]
    return pd.DataFrame({"object_id": ids, "image": addresses})


def fetched(table: pd.DataFrame, kept: Path, **changes: int) -> list[tuple[str, bytes | None, str]]:
    given_visit = visit(kept, **changes)
    return [
        tuple(i) for i in download_images(table, lambda address: address, given_visit, "1-0000")
    ]


def test_images_come_in_the_objects_order_with_a_record_of_each(museum, tmp_path):
    table = wanted(museum, "b", "a", "c")
    found = fetched(table, tmp_path)
    assert found == [
        ("id-0", picture("/b"), "ok"),
        ("id-1", picture("/a"), "ok"),
        ("id-2", picture("/c"), "ok"),
    ]
    record = pd.read_csv(tmp_path / "images-1-0000.csv", dtype=str)
    assert list(record.columns) == RECORD
    assert record["address"].tolist() == table["image"].tolist()
    assert record["bytes"].tolist() == [str(len(picture(path))) for path in ("/b", "/a", "/c")]
    assert record["date"].str.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00").all()


def test_what_was_kept_is_never_asked_for_again(museum, tmp_path):
    first = fetched(wanted(museum, "a", "b"), tmp_path)
    assert fetched(wanted(museum, "a", "b", "c"), tmp_path)[:2] == first
    assert sorted(museum.asked) == ["/a", "/b", "/c"]


def test_an_image_whose_address_changed_is_asked_for(museum, tmp_path):
    fetched(wanted(museum, "a", "b"), tmp_path)
    assert fetched(wanted(museum, "a", "new"), tmp_path)[1][1] == picture("/new")
    assert museum.asked[2:] == ["/new"]


def test_a_missing_image_is_asked_for_again_on_request_only(museum, tmp_path):
    museum.first["/a"] = [NOT_FOUND]
    table = wanted(museum, "a", "", "b")
    found = fetched(table, tmp_path)
    assert [status for _, _, status in found] == [
        f"missing: nothing at {museum.address}/a",
        "missing: its record names no image",
        "ok",
    ]
    assert fetched(table, tmp_path) == found
    assert len(museum.asked) == 2
    assert fetched(table, tmp_path, ask_again=1)[0][2] == "ok"
    assert museum.asked.count("/a") == 2 and museum.asked.count("/b") == 1


def test_an_image_that_fails_but_once_is_never_left_out(museum, tmp_path):
    """The job ends, with all others kept; the next one asks for it alone, and lets it pass."""
    table = wanted(museum, "a", "b", "c")
    museum.first["/a"] = [Reply(status=500)] * 3
    with pytest.raises(StudyError, match=r"1 of 3 images .*'id-0'.*status 500.*start again later"):
        fetched(table, tmp_path)
    record = pd.read_csv(tmp_path / "images-1-0000.csv", dtype=str)["status"]
    assert record[0].startswith(f"failed: {museum.address}/a: status 500")
    assert record[1:].tolist() == ["ok"] * 2
    museum.asked.clear()
    assert [status for _, _, status in fetched(table, tmp_path)] == ["ok"] * 3
    assert museum.asked == ["/a"]


def test_an_image_that_fails_again_keeps_no_study_from_its_end(museum, tmp_path):
    table = wanted(museum, "a", "b")
    museum.first["/a"] = [Reply(status=521)] * 6
    with pytest.raises(StudyError, match="status 521"):
        fetched(table, tmp_path)
    found = fetched(table, tmp_path)
    assert found[0][1] is None and found[0][2].startswith("failed: ") and found[1][2] == "ok"
    assert fetched(table, tmp_path)[0][2] == "ok"


def test_however_many_images_fail_again_the_others_come(museum, tmp_path):
    names = [str(n) for n in range(60)]
    table, bad = wanted(museum, *names), {f"/{n}" for n in range(25)}
    museum.answer = lambda path, query: Reply(status=400) if path in bad else image(path, query)
    with pytest.raises(StudyError, match="20 images in a row"):
        fetched(table, tmp_path)
    with pytest.raises(StudyError, match=r"of 60 images .*What fails once more is left out"):
        fetched(table, tmp_path)
    found = fetched(table, tmp_path)
    assert [status[:6] for _, _, status in found] == ["failed"] * 25 + ["ok"] * 35
    museum.answer = image
    assert {status for _, _, status in fetched(table, tmp_path)} == {"ok"}


def test_a_page_for_people_is_no_image(museum, tmp_path):
    museum.first["/a"] = [Reply(b"<html>Slow down</html>", type="text/html")] * 3
    with pytest.raises(StudyError, match=r"a web page instead of image/\*"):
        fetched(wanted(museum, "a"), tmp_path)


def test_a_museum_that_asks_for_days_is_left_alone(museum, tmp_path):
    museum.answer = lambda path, query: Reply(status=429, headers={"Retry-After": "86400"})
    with pytest.raises(StudyError, match="asks to wait 86400 seconds"):
        fetched(wanted(museum, *map(str, range(60))), tmp_path)
    assert len(museum.asked) <= 2 * QUICK.workers
    museum.answer = image
    found = fetched(wanted(museum, *map(str, range(60))), tmp_path)
    assert {status for _, _, status in found} == {"ok"}


def test_a_museum_that_refuses_everything_is_not_asked_for_all(museum, tmp_path):
    table = wanted(museum, *map(str, range(300)))
    museum.answer = lambda path, query: Reply(status=403)
    with pytest.raises(StudyError, match=r"100 images in a row .*403.*raise `ask_again`"):
        fetched(table, tmp_path)
    assert len(museum.asked) < 120
    museum.answer = image
    assert {status for _, _, status in fetched(table, tmp_path, ask_again=1)} == {"ok"}


def test_a_museum_that_has_stopped_to_answer_ends_the_job_with_all_kept(museum, tmp_path):
    names = [str(n) for n in range(100)]
    fetched(wanted(museum, *names[:10]), tmp_path)
    museum.asked.clear()
    museum.answer = lambda path, query: Reply(status=400)
    with pytest.raises(StudyError, match=r"20 images in a row .*status 400.*start again later"):
        fetched(wanted(museum, *names), tmp_path)
    assert len(museum.asked) < 40
    museum.answer = image
    assert {status for _, _, status in fetched(wanted(museum, *names), tmp_path)} == {"ok"}


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [{unit!r}]
import pandas as pd
from art_transfer.archive.locks import pack_lock, restore_locks
from art_transfer.checks import load_study
from art_transfer.collect.downloads import download_images
from museum_server import QUICK, visit
table = pd.read_csv({table!r}, dtype=str)
list(download_images(table, lambda address: address, visit(Path({kept!r})), "1-0000"))
"""


def test_a_job_killed_at_any_point_goes_on_with_the_same_bytes(museum, tmp_path):
    table = wanted(museum, *[str(n) for n in range(300)])
    whole = fetched(table, tmp_path / "whole")
    museum.asked.clear()
    table.to_csv(tmp_path / "table.csv", index=False)
    kept = tmp_path / "killed"
    code = KILLED.format(
        unit=str(Path(__file__).parent), table=str(tmp_path / "table.csv"), kept=str(kept)
    )
    environment = os.environ | {"PYTHONPATH": "workflow/scripts"}
    for until in (40, 150):
        job = subprocess.Popen([sys.executable, "-c", code], env=environment)
        while len(museum.asked) < until and job.poll() is None:
            pass
        job.send_signal(signal.SIGKILL)
        job.wait()
    assert fetched(table, kept) == whole
    twice = len(museum.asked) - len(set(museum.asked))
    assert twice <= 2 * QUICK.workers, "nothing is asked for twice beyond what was in flight"
    assert len(set(museum.asked)) == 300


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.text(max_size=3), st.none() | st.integers(), max_size=4),
            st.booleans(),
        ),
        max_size=6,
    )
)
@settings(max_examples=30)
def test_a_store_holds_what_a_dictionary_would(tmp_path_factory, pages):
    path = tmp_path_factory.mktemp("store") / "s.sqlite"
    expected: dict[str, int] = {}
    for number, (page, anew) in enumerate(pages):
        with Store(path, "question") as store:
            if anew:
                store.restart()
                expected.clear()
            store.keep(page.items(), str(number))
            for key, value in page.items():
                expected.pop(key, None)
                if value is not None:
                    expected[key] = value
            assert store.position == str(number)
            assert all((key in store) == (key in expected) for key in page)
    with Store(path, "question") as store:
        assert list(store) == sorted(expected.items()) and len(store) == len(expected)


def test_a_page_is_kept_whole_or_not_at_all(tmp_path):
    def page():
        yield "a", 1
        raise StudyError("broken record")

    with Store(tmp_path / "s.sqlite", "question") as store:
        store.keep([("z", 0)], "1")
        with pytest.raises(StudyError):
            store.keep(page(), "2")
        assert list(store) == [("z", 0)] and store.position == "1"


def test_another_question_starts_an_empty_store_and_empties_none(tmp_path):
    with Store(tmp_path / "s.sqlite", "one") as store:
        store.keep([("a", 1)], END)
    with Store(tmp_path / "s.sqlite", "two") as store:
        assert len(store) == 0 and store.position == ""
    with Store(tmp_path / "s.sqlite", "one") as store:
        assert list(store) == [("a", 1)] and store.position == END


SETTINGS = SourceSettings("json_api", {"address": "x"})


def museum_objects(*titles: str) -> pd.DataFrame:
    empty = dict.fromkeys(OBJECTS.names, "") | {n: [] for n in ("creators", "materials", "types")}
    return pd.DataFrame(
        [empty | {"object_id": f"id-{n}", "title": t} for n, t in enumerate(titles) if t]
    )


def freeze(folder: Path, table: pd.DataFrame, settings: SourceSettings = SETTINGS) -> None:
    write_parquet(folder / "objects.parquet", table, OBJECTS)
    with MuseumServer(image) as server:
        freeze_objects(source(server, "/list", {}), folder / "objects.parquet", settings)


def test_a_second_fetch_of_the_same_objects_passes_and_the_lock_stays(tmp_path):
    freeze(tmp_path, museum_objects("A", "B"))
    lock = (tmp_path / "source.lock.yaml").read_bytes()
    assert yaml.safe_load(lock)["records"] == 2
    freeze(tmp_path, museum_objects("A", "B"))
    assert (tmp_path / "source.lock.yaml").read_bytes() == lock


def test_a_museum_that_changed_is_told_exactly(tmp_path):
    freeze(tmp_path, museum_objects("A", "B", "C", "D", ""))
    with pytest.raises(StudyError) as error:
        freeze(tmp_path, museum_objects("A", "", "C", "D, retouched", "E"))
    assert "1 added (id-4), 1 removed (id-1), 1 changed (id-3)" in str(error.value)
    listing = pd.read_csv(tmp_path / "source.lock" / "objects-differences.csv")
    assert listing.to_numpy().tolist() == [
        ["id-1", "removed"],
        ["id-3", "changed"],
        ["id-4", "added"],
    ]


def test_a_reviewer_with_the_lock_alone_is_told_too(tmp_path):
    freeze(tmp_path / "author", museum_objects("A", "B"))
    (tmp_path / "reviewer").mkdir()
    for name in ("source.lock.yaml", "source.lock"):
        copy = shutil.copytree if name == "source.lock" else shutil.copy
        copy(tmp_path / "author" / name, tmp_path / "reviewer" / name)
    with pytest.raises(StudyError, match=r"1 removed \(id-1\)"):
        freeze(tmp_path / "reviewer", museum_objects("A"))


def test_the_lock_travels_in_the_archive_and_one_made_here_stays(tmp_path):
    museum, results = tmp_path / "here" / "resources" / "museum", tmp_path / "results"
    museum.mkdir(parents=True)
    freeze(museum, museum_objects("A", "B"))
    pack_lock(museum, results / "sources" / "museum.lock.zip")
    restore_locks(results, tmp_path / "there")
    with pytest.raises(StudyError, match=r"1 removed \(id-1\)"):
        freeze(tmp_path / "there" / "resources" / "museum", museum_objects("A"))
    other = SourceSettings("json_api", {"address": "y"})
    freeze(museum, museum_objects("A"), other)
    restore_locks(results, tmp_path / "here")
    freeze(museum, museum_objects("A"), other)


@pytest.mark.parametrize("name", SOURCES)
def test_the_plan_and_the_source_agree_on_who_is_remote(name, tmp_path):
    study, _ = load_study(small_config(), tmp_path)
    museum = dataclasses.replace(study.settings.collections["museum"], source=name)
    settings = dataclasses.replace(study.settings, collections={"museum": museum})
    assert Study(settings).remote("museum") == SOURCES[name].remote


def test_other_settings_are_another_fetch(tmp_path):
    freeze(tmp_path, museum_objects("A", "B"))
    freeze(tmp_path, museum_objects("A"), SourceSettings("json_api", {"address": "y"}))
    assert yaml.safe_load((tmp_path / "source.lock.yaml").read_text())["records"] == 1


def shard(folder: Path, *hashes: str) -> Path:
    rows = [
        {"object_id": f"id-{n}", "shard": "0000", "sha256": h, "status": "ok" if h else "missing"}
        for n, h in enumerate(hashes)
    ]
    path = folder / "images" / "0000.csv"
    write_csv(path, pd.DataFrame(rows, columns=IMAGES))
    return path


def test_images_that_changed_are_told_and_images_that_came_are_welcome(museum, tmp_path):
    remote = source(museum, "/list", {})
    freeze_images(remote, shard(tmp_path, "aa", "bb", ""), "1-0000")
    freeze_images(remote, shard(tmp_path, "aa", "bb", "cc"), "1-0000")
    with pytest.raises(StudyError, match=r"images are not those .* 1 changed \(id-2\)"):
        freeze_images(remote, shard(tmp_path, "aa", "bb", "dd"), "1-0000")
    with pytest.raises(StudyError, match=r"1 changed \(id-0\)"):
        freeze_images(remote, shard(tmp_path, "", "bb", "cc"), "1-0000")
    table = shard(tmp_path, "", "bb", "cc")
    table.write_text(table.read_text().replace("missing", "failed: status 500"))
    with pytest.raises(StudyError, match=r"1 images .* did not come this time \(id-0\): start"):
        freeze_images(remote, table, "1-0000")


def test_a_folder_needs_no_lock(tmp_path):
    local = folder(tmp_path, "id,file\n1,a.jpg\n")
    write_parquet(tmp_path / "objects.parquet", museum_objects("A"), OBJECTS)
    freeze_objects(local, tmp_path / "objects.parquet", SETTINGS)
    freeze_images(local, shard(tmp_path, "aa"), "1-0000")
    assert not list(tmp_path.glob("source.lock*"))


def test_manners_are_not_part_of_what_is_asked(museum, tmp_path):
    """A slower visit goes on with what a quick one kept."""
    fetched(wanted(museum, "a"), tmp_path)
    slow = visit(tmp_path, dataclasses.replace(QUICK, requests_per_second=1))
    list(download_images(wanted(museum, "a"), lambda address: address, slow, "1-0000"))
    assert museum.asked == ["/a"]
