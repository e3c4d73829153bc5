"""What a job has fetched so far, on disk: a job that was killed goes on where it stopped."""

import hashlib
import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

END = "end"
"""The position of a list that has been read to its end."""


def open_database(path: str | Path) -> sqlite3.Connection:
    """Open a SQLite file, made if it is missing, that survives a kill at any time.

    Its journal is a file: SQLite's newer kind maps memory, which does not work on a network's disk,
    and ends the job by a signal where a quota is used up.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=60)
    database.executescript("PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=NORMAL;")
    return database


class Store:
    """The records of one museum by their ids, and how far its list has been read.

    Memory does not grow with the number of records. Records are JSON values as the museum gave
    them, so that another choice of fields needs no second visit.
    """

    def __init__(self, path: str | Path, asked: str) -> None:
        """Open the store of what was ``asked``; a hash of it is added to the file's name.

        Each question has a file of its own, so that a slip in the config empties none.
        """
        path, digest = Path(path), hashlib.sha256(asked.encode()).hexdigest()[:12]
        self._db = open_database(path.with_name(f"{path.stem}-{digest}{path.suffix}"))
        self._db.executescript(
            "CREATE TABLE IF NOT EXISTS state (asked TEXT PRIMARY KEY, position TEXT);"
            "CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, record BLOB) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS failed (id TEXT PRIMARY KEY) WITHOUT ROWID;"
        )
        with self._db:  # the question itself is for people who look into the file
            self._db.execute("INSERT OR IGNORE INTO state VALUES (?, '')", (asked,))

    def __enter__(self) -> Self:
        """Use the store in a ``with`` block, which closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the store."""
        self._db.close()

    @property
    def position(self) -> str:
        """Where to go on: empty at the beginning, ``END``, or what ``keep`` was given last."""
        return str(self._db.execute("SELECT position FROM state").fetchone()[0])

    def keep(self, records: Iterable[tuple[str, Any]], position: str) -> None:
        """Keep records and the new position, both or neither.

        A later record replaces an earlier one of the same id. None forgets a record: the museum
        has withdrawn it. Halves of characters, which no file can hold, become question marks.
        """
        with self._db:
            for record_id, record in records:
                if record is None:
                    self._db.execute("DELETE FROM records WHERE id = ?", (record_id,))
                else:
                    text = json.dumps(record, ensure_ascii=False).encode(errors="replace")
                    data = zlib.compress(text, 1)
                    self._db.execute("REPLACE INTO records VALUES (?, ?)", (record_id, data))
            self._db.execute("UPDATE state SET position = ?", (position,))

    @property
    def failed(self) -> set[str]:
        """The ids of records that failed to come in some job."""
        return {row[0] for row in self._db.execute("SELECT id FROM failed")}

    def note_failed(self, record_ids: Iterable[str]) -> None:
        """Note that these records failed to come."""
        with self._db:
            rows = ((record_id,) for record_id in record_ids)
            self._db.executemany("INSERT OR IGNORE INTO failed VALUES (?)", rows)

    def restart(self) -> None:
        """Forget all records: the list is read from its beginning again."""
        with self._db:
            self._db.execute("DELETE FROM records")
            self._db.execute("UPDATE state SET position = ''")

    def __contains__(self, record_id: str) -> bool:
        """Whether there is a record of this id."""
        found = self._db.execute("SELECT 1 FROM records WHERE id = ?", (record_id,))
        return found.fetchone() is not None

    def __len__(self) -> int:
        """The number of records."""
        return int(self._db.execute("SELECT count(*) FROM records").fetchone()[0])

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """The records, sorted by the bytes of their ids."""
        for record_id, data in self._db.execute("SELECT id, record FROM records ORDER BY id"):
            yield record_id, json.loads(zlib.decompress(data))


def sorted_rows(
    rows: Iterable[dict[str, Any]], path: Path, counts: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Objects sorted by their ids in a store at ``path``; of those with one id the last is kept.

    ``counts`` learns what is left out.
    """
    with Store(path, "objects") as objects:
        objects.restart()
        objects.keep(_each_once(rows, objects, counts), END)
        yield from (row for _, row in objects)


def _each_once(
    rows: Iterable[dict[str, Any]], kept: Store, counts: Counter[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in rows:
        if not row["object_id"]:
            counts["records without the object's id; left out"] += 1
            continue
        if row["object_id"] in kept:
            counts["objects with the id of an earlier one, which they replace"] += 1
        yield row["object_id"], row
