"""A file appears whole or not at all."""

import hashlib
import os
import stat
from pathlib import Path

import pytest
from art_transfer import files
from art_transfer.errors import StudyError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "table.csv"
    files.write_text(target, "old\n")
    with pytest.raises(RuntimeError), files.atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("killed")
    assert target.read_text() == "old\n"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_the_file_has_the_mode_that_the_umask_asks_for(tmp_path):
    old = os.umask(0o027)
    try:
        files.write_text(tmp_path / "a" / "b.txt", "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a" / "b.txt").stat().st_mode) == 0o640


def test_json_refuses_what_is_no_number(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "m.json", {"accuracy": float("nan")})
    assert os.listdir(tmp_path) == []


def test_sha256_is_that_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"museum")
    assert files.sha256(tmp_path / "x") == hashlib.sha256(b"museum").hexdigest()


def test_a_listing_counts_what_people_put_there_and_not_what_programs_leave(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a.jpg").write_bytes(b"abc")
    (tmp_path / "metadata.csv").write_text("id\n")
    before, of_images = files.listing(tmp_path), files.listing(tmp_path, "metadata.csv")
    for name in (".DS_Store", "more/Thumbs.db", ".~lock.metadata.csv#", "~$metadata.csv"):
        (tmp_path / name).write_bytes(b"left behind")
    assert files.listing(tmp_path) == before != of_images
    (tmp_path / "metadata.csv").write_text("id\n1\n")
    assert (
        files.listing(tmp_path) != before and files.listing(tmp_path, "metadata.csv") == of_images
    )
    (tmp_path / "more/a.jpg").write_bytes(b"abcd")
    assert files.listing(tmp_path, "metadata.csv") != of_images
    assert files.listing(tmp_path, "./metadata.csv") == files.listing(tmp_path, "metadata.csv")


def test_a_listing_has_names_of_any_bytes(tmp_path):
    empty = files.listing(tmp_path)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/foto_\xe9.jpg")).write_bytes(b"a")
    assert files.listing(tmp_path) != empty


def test_a_server_s_refusal_is_not_taken_for_a_disk_s(tmp_path):
    said = "https://museum.example/x: expected JSON, but the answer begins b'Permission denied'"
    with pytest.raises(StudyError) as caught, files.atomic_path(tmp_path / "table.csv"):
        raise StudyError(said)
    assert str(caught.value) == said
