"""Image files fetched one by one, each at most once, with a record of when and from where."""

import datetime
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from art_transfer.collect.rows import values
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.store import open_database
from art_transfer.collect.web import NotThereError, UnansweredError, Web
from art_transfer.errors import StudyError
from art_transfer.formats import write_csv

RECORD = ["object_id", "address", "date", "bytes", "sha256", "status"]
"""Columns of the record of a shard's downloads."""

_FAILURES_IN_A_ROW = 20

Finder = Callable[[str], str]
"""Gives the image's address for what stands in an object's ``image``; may ask the museum."""


@dataclass(frozen=True)
class _Answer:
    object_id: str
    image: str
    address: str
    data: bytes | None
    status: str


def download_images(
    objects: pd.DataFrame, find: Finder, visit: Visit, shard: str, record_path: str = ""
) -> Iterator[FetchedImage]:
    """The images of ``objects`` in their order; only those that are not kept are asked for.

    They are kept in a SQLite file, and a CSV (``RECORD``) beside it says what was fetched when.
    An image that is missing is asked for again when ``ask_again`` has been raised since. With
    ``record_path`` what ``find`` gives is the address of a JSON record, and the image's address
    stands there at this dotted path. Raises StudyError, with all that came kept, where the museum
    has stopped to answer.
    """
    path = visit.kept / f"images-{shard}.sqlite"
    with closing(open_database(path)) as db:
        db.executescript(
            "CREATE TABLE IF NOT EXISTS images (id TEXT PRIMARY KEY, image TEXT, address TEXT,"
            " date TEXT, bytes INT, sha256 TEXT, status TEXT, asked INT, data BLOB);"
        )
        wanted = dict(zip(objects["object_id"], objects["image"], strict=True))
        missing = _not_kept(db, wanted, visit.ask_again)
        if missing:
            _fetch(db, {i: wanted[i] for i in missing}, find, visit, record_path)
        _write_record(db, list(wanted), path.with_suffix(".csv"))
        for object_id in wanted:
            query = "SELECT data, status FROM images WHERE id = ?"
            yield FetchedImage(object_id, *db.execute(query, (object_id,)).fetchone())


def _not_kept(db: sqlite3.Connection, wanted: dict[str, str], ask_again: int) -> list[str]:
    """The objects whose image was never asked for, was missing long ago, or failed to come."""
    rows = db.execute("SELECT id, image, status, asked FROM images")
    kept = {
        object_id
        for object_id, image, status, asked in rows
        if image == wanted.get(object_id)
        and (status == "ok" or (status.startswith("missing") and asked >= ask_again))
    }
    return [object_id for object_id in wanted if object_id not in kept]


def _fetch(
    db: sqlite3.Connection,
    objects: dict[str, str],
    find: Finder,
    visit: Visit,
    record_path: str,
) -> None:
    web = Web(visit.manners, visit.contact)

    def ask(item: tuple[str, str]) -> _Answer:
        object_id, image = item
        if not image:
            return _Answer(object_id, image, "", None, "missing: its record names no image")
        address = ""
        try:
            address = find(image)
            if record_path:
                address = _address_in(web.json(address), record_path, address)
            data = web.get(address, "image/*")
        except NotThereError as error:
            return _Answer(object_id, image, address, None, f"missing: nothing at {error}")
        except UnansweredError as error:
            return _Answer(object_id, image, address, None, f"failed: {error}")
        return _Answer(object_id, image, address, data, "ok")

    failures = 0
    with visit.progress("image", len(objects)) as bar:
        for answer in web.each(objects.items(), ask):
            _keep(db, answer, visit.ask_again)
            bar.update()
            failures = failures + 1 if answer.status.startswith("failed") else 0
            if failures >= _FAILURES_IN_A_ROW:
                raise StudyError(
                    f"{failures} images in a row could not be fetched, the last for this reason: "
                    f"{answer.status}. What came is kept: start again later."
                )


def _address_in(record: Any, path: str, where: str) -> str:
    found = values(record, path)
    if not found:
        raise NotThereError(f"`{path}` of {where}")
    return str(found[0])


def _keep(db: sqlite3.Connection, answer: _Answer, ask_again: int) -> None:
    data = answer.data
    sha256 = "" if data is None else hashlib.sha256(data).hexdigest()
    row = (
        answer.object_id,
        answer.image,
        answer.address,
        datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        None if data is None else len(data),
        sha256,
        answer.status,
        ask_again,
        data,
    )
    with db:
        db.execute("REPLACE INTO images VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _write_record(db: sqlite3.Connection, object_ids: list[str], path: Path) -> None:
    query = "SELECT id, address, date, bytes, sha256, status FROM images"
    table = pd.DataFrame(db.execute(query).fetchall(), columns=RECORD)
    table["bytes"] = table["bytes"].astype("Int64")
    write_csv(path, table[table["object_id"].isin(object_ids)].sort_values("object_id"))
