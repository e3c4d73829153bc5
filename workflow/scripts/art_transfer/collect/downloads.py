"""Image files fetched one by one, each at most once, with a record of when and from where."""

import datetime
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from art_transfer.collect.records import Failures
from art_transfer.collect.rows import values
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.store import open_database
from art_transfer.collect.transport import BusyError, NotThereError, RefusedError, UnansweredError
from art_transfer.collect.web import Web
from art_transfer.errors import StudyError
from art_transfer.formats import write_csv
from art_transfer.images import UnreadableImageError, decode

RECORD = ["object_id", "address", "date", "bytes", "sha256", "status"]
"""Columns of the record of a shard's downloads."""

_SETTLED = """(status = 'ok'
    OR (asked >= :again AND (status LIKE 'missing%' OR status LIKE 'unreadable%')))"""

_REFUSALS_IN_A_ROW = 100
"""Some images are refused, as those under copyright; so many are a host that refuses us."""

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
    What the files of other shards have, as before ``shards`` was changed, is taken from there. An
    image that is missing, refused or unreadable is asked for again when ``ask_again`` has been
    raised since. With ``record_path`` what ``find`` gives is the address of a JSON record, and the
    image's address stands there at this dotted path.

    Raises StudyError, with all that came kept, where the museum has stopped to answer, and at the
    end where images failed to come that had not failed before: a server's bad minute must not leave
    out of the study what fails but once. Those that had are asked for last, and end no job.
    """
    path = visit.kept / f"images-{shard}.sqlite"
    with closing(open_database(path)) as db:
        db.executescript(
            "CREATE TABLE IF NOT EXISTS images (id TEXT PRIMARY KEY, image TEXT, address TEXT,"
            " date TEXT, bytes INT, sha256 TEXT, status TEXT, asked INT, data BLOB);"
        )
        wanted = dict(zip(objects["object_id"], objects["image"], strict=True))
        missing = _not_kept(db, wanted, visit.ask_again)
        if missing and _take(db, path, missing, visit.ask_again):
            missing = _not_kept(db, wanted, visit.ask_again)
        before = {row[0] for row in db.execute("SELECT id FROM images WHERE status LIKE 'failed%'")}
        failures = Failures("images", before=before)
        if missing:
            _fetch(db, missing, failures, find, visit, record_path)
        _write_record(db, list(wanted), path.with_suffix(".csv"))
        if failures.ids:
            raise StudyError(failures.lacking(len(wanted), "left out"))
        for object_id in wanted:
            query = "SELECT data, status FROM images WHERE id = ?"
            yield FetchedImage(object_id, *db.execute(query, (object_id,)).fetchone())


def _not_kept(db: sqlite3.Connection, wanted: dict[str, str], ask_again: int) -> dict[str, str]:
    """The objects whose image was never asked for, was missing long ago, or failed to come."""
    rows = db.execute(f"SELECT id, image FROM images WHERE {_SETTLED}", {"again": ask_again})
    kept = {object_id for object_id, image in rows if image == wanted.get(object_id)}
    return {object_id: wanted[object_id] for object_id in wanted if object_id not in kept}


def _take(db: sqlite3.Connection, path: Path, missing: dict[str, str], ask_again: int) -> int:
    """Copy images from the files of other shards beside ``path``; gives how many there were."""
    taken = 0
    db.execute("CREATE TEMP TABLE missing (id TEXT PRIMARY KEY, image TEXT)")
    with db:
        db.executemany("INSERT INTO missing VALUES (?, ?)", missing.items())
    for other in sorted(set(path.parent.glob("images-*.sqlite")) - {path}):
        db.execute("ATTACH ? AS other", (str(other),))
        if db.execute("SELECT 1 FROM other.sqlite_master WHERE name = 'images'").fetchone():
            with db:
                taken += db.execute(
                    "REPLACE INTO main.images SELECT kept.* FROM missing"
                    f" JOIN other.images AS kept USING (id, image) WHERE {_SETTLED}",
                    {"again": ask_again},
                ).rowcount
                db.execute(
                    "DELETE FROM missing WHERE (id, image) IN"
                    " (SELECT id, image FROM main.images WHERE status = 'ok')"
                )
        db.execute("DETACH other")
    return taken


def _fetch(
    db: sqlite3.Connection,
    objects: dict[str, str],
    failures: Failures,
    find: Finder,
    visit: Visit,
    record_path: str,
) -> None:
    """Ask for these images, keep what comes, and note what fails. Raises StudyError as above."""
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
            try:
                data = web.get(address, "image/*")
            except RefusedError as error:  # this file, which says nothing of the others
                return _Answer(object_id, image, address, None, f"missing: refused: {error}")
        except NotThereError as error:
            return _Answer(object_id, image, address, None, f"missing: nothing at {error}")
        except BusyError:
            raise
        except UnansweredError as error:
            return _Answer(object_id, image, address, None, f"failed: {error}")
        return _Answer(object_id, image, address, data, "ok")

    advice = "once the museum lets us in again, raise `ask_again` and start again"
    refusals = Failures("images", _REFUSALS_IN_A_ROW, advice)
    items = [(object_id, objects[object_id]) for object_id in failures.new_first(objects)]
    with visit.progress("image", len(items)) as bar:
        for answer in map(_decoded, web.each(items, ask)):
            _keep(db, answer, visit.ask_again)
            bar.update()
            for kind, noted in (("failed", failures), ("missing: refused", refusals)):
                said = answer.status if answer.status.startswith(kind) else ""
                noted.note(answer.object_id, said)


def _decoded(answer: _Answer) -> _Answer:
    """The answer, whose status says why its file is no image, if it is none.

    A server may answer with a message, or half an image, and call it good.
    """
    if answer.data is not None:
        try:
            decode(answer.data)
        except UnreadableImageError as error:
            return replace(answer, status=f"unreadable: {error}")
    return answer


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
