"""Seeded samples of a museum's objects, and the lists of ids by which they are fetched again."""

import datetime
import hashlib
import heapq
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from art_transfer.errors import StudyError
from art_transfer.formats import read_users_csv, write_csv

MANIFEST = ["object_id", "date", "licence"]
"""Columns of a manifest: which object, when its record was fetched, what its images allow."""


def draw(object_ids: Iterable[str], objects: int, seed: int) -> list[str]:
    """A random sample of ``objects`` ids, or all where there are fewer, sorted.

    Each id is in or out by a hash of its own, so that the sample of a museum that has grown since
    differs only by new objects that take the place of old ones.
    """

    def rank(object_id: str) -> bytes:
        return hashlib.sha256(f"{seed} {object_id}".encode()).digest()

    return sorted(heapq.nsmallest(objects, object_ids, key=rank))


def read_manifest(path: str | Path) -> list[str]:
    """The ids of a manifest. Raises StudyError for no such file, no ids, and ids that repeat."""
    if not Path(path).is_file():
        raise StudyError(f"{path}: there is no such file; the config names it as `manifest`")
    table = read_users_csv(path)
    if list(table.columns).count("object_id") != 1 or table.empty:
        raise StudyError(
            f"{path}: expected a column `object_id` with ids; the columns are {list(table)}"
        )
    ids = table["object_id"].str.strip()
    repeated = sorted(set(ids[ids.duplicated()]))
    if repeated:
        raise StudyError(f"{path}: {len(repeated)} ids stand in it twice, as {repeated[:3]}")
    return ids.tolist()


def write_manifest(path: Path, licences: dict[str, str]) -> None:
    """Write ids with their licences and today's date; the same ones keep the date they have."""
    table = pd.DataFrame(
        {
            "object_id": list(licences),
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "licence": list(licences.values()),
        },
        columns=MANIFEST,
        dtype=str,
    )
    if path.is_file():
        known = pd.read_csv(path, dtype=str, keep_default_na=False)
        if known.drop(columns="date").equals(table.drop(columns="date")):
            return
    write_csv(path, table)
