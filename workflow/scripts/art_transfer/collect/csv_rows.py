"""The rows of a large CSV one by one, so that it may be larger than memory."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from art_transfer.errors import StudyError


def csv_rows(
    path: Path, name: str, columns: dict[str, str], where: dict[str, tuple[Any, ...]]
) -> Iterator[dict[str, str]]:
    """The wanted cells of each row, stripped, by the names that ``columns`` gives its columns.

    Rows with none of the values that ``where`` allows in a column are left out; their number is
    printed at the end. Raises StudyError, which calls the file ``name``, where a column is missing
    or named twice, where a row has more or fewer cells than the header, and for what is no CSV in
    UTF-8.
    """
    allowed = {column: {str(value) for value in values} for column, values in where.items()}
    rows = kept = 0
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            header = next(reader, [])
            place = _places(name, header, [*columns.values(), *where])
            for cells in reader:
                if len(cells) != len(header) and cells:  # a blank line is no row
                    raise StudyError(
                        f"{name}: the row that ends in line {reader.line_num} has {len(cells)} "
                        f"cells, but the header has {len(header)}"
                    )
                rows += bool(cells)
                if cells and all(cells[place[c]].strip() in ok for c, ok in allowed.items()):
                    kept += 1
                    yield {field: cells[place[c]].strip() for field, c in columns.items()}
        except (UnicodeDecodeError, csv.Error) as error:
            raise StudyError(
                f"{name}: expected a CSV in UTF-8 with a header; trouble after line "
                f"{reader.line_num}: {error}"
            ) from error
    print(f"{name}: {rows} rows, of which {rows - kept} were left out by `where`")
    if not kept:
        raise StudyError(f"{name}: there is no row in it that the config's `where` allows")


def _places(name: str, header: list[str], wanted: list[str]) -> dict[str, int]:
    missing = sorted({column for column in wanted if header.count(column) != 1})
    if missing:
        raise StudyError(
            f"{name}: expected each of the columns {', '.join(map(repr, missing))} once; the "
            f"columns are {header[:100]}. Name the right ones in the config."
        )
    return {column: header.index(column) for column in wanted}
