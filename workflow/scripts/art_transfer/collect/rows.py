"""From a museum's records to tables of objects, a few thousand at a time."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from art_transfer.formats import OBJECTS

LISTS = ("creators", "materials", "types")
"""The columns that hold several values."""

LONGEST_ID = 1000
"""Characters; a longer id would be no name inside a zip file."""

_ROWS = 10_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def tables(rows: Iterable[dict[str, Any]]) -> Iterator[pd.DataFrame]:
    """Objects as tables with the columns of ``formats.OBJECTS``; at least one table.

    A row maps columns to a text, or to a list of texts for ``LISTS``; a column that it lacks is
    empty. Rows whose id is empty, too long or has control characters are left out, and said so.
    Lines of a text end in ``\\n``: tables are CSVs too, where ``\\r`` alone may be taken for a row.
    """
    batch: list[dict[str, Any]] = []
    left_out = 0
    yielded = False
    for row in rows:
        if not 0 < len(row["object_id"]) <= LONGEST_ID or _CONTROL.search(row["object_id"]):
            left_out += 1
            continue
        batch.append(row)
        if len(batch) == _ROWS:
            yield _table(batch)
            batch, yielded = [], True
    if batch or not yielded:
        yield _table(batch)
    if left_out:
        print(f"{left_out} records without a usable id were left out")


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    empty = {name: [] if name in LISTS else "" for name in OBJECTS.names}
    table = pd.DataFrame([empty | row for row in rows], columns=OBJECTS.names)
    for name in (name for name in OBJECTS.names if name not in LISTS):
        if table[name].str.contains("\r", regex=False).any():
            table[name] = table[name].str.replace("\r\n?", "\n", regex=True)
    return table


def values(record: Any, path: str) -> list[Any]:
    """What lies at a dotted path of a JSON record, through all lists on the way.

    ``artists.name`` gives every artist's name. Nothing, null and empty texts are left out.
    """
    found = [record]
    for part in path.split("."):
        found = [item.get(part) for item in _flat(found) if isinstance(item, dict)]
    return [item for item in _flat(found) if item not in (None, "") and not isinstance(item, dict)]


def _flat(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def object_row(record: Any, fields: dict[str, str]) -> dict[str, Any]:
    """An object from a JSON record: each column from the dotted path that ``fields`` gives it."""
    row: dict[str, Any] = {}
    for column, path in fields.items():
        texts = [str(value).strip() for value in values(record, path)]
        row[column] = texts if column in LISTS else "".join(texts[:1])
    return row
