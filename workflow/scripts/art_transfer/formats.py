"""The tables that rules hand to each other: columns, types, and how they are read and written.

Every reader checks the columns, so that a broken or foreign file is a message and not a number.
"""

import csv
import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from art_transfer.errors import StudyError
from art_transfer.files import atomic_path

_TEXT, _LIST = pa.string(), pa.list_(pa.string())

OBJECTS = pa.schema(
    [
        ("object_id", _TEXT),
        ("title", _TEXT),
        ("creators", _LIST),
        ("materials", _LIST),
        ("types", _LIST),
        ("date", _TEXT),
        ("image", _TEXT),  # where the source finds the image: a path or an address
        ("rights", _TEXT),
        ("source_url", _TEXT),
    ]
)
"""One row per museum object, sorted by ``object_id``."""

PREDICTIONS = pa.schema(
    [
        ("object_id", _TEXT),
        ("label", _TEXT),
        ("predicted", _TEXT),
        ("probability", pa.float32()),  # of the predicted class
        ("rank", pa.int32()),  # of the true class; 1 is the likeliest
    ]
)
"""One row per object of the test split, sorted by ``object_id``."""

IMAGES = ["object_id", "shard", "bytes", "sha256", "width", "height", "status"]
"""Columns of an image shard's CSV. ``status`` is ``ok`` or the reason why there is no image."""

SPLITS = ["object_id", "label", "split"]
"""Columns of a split's CSV; ``split`` is ``train``, ``validation`` or ``test``."""

JOINT_SPLITS = ["object_id", "task", "label", "split"]
"""Columns of the labels that count where several tasks are trained at once (prepare.joint_splits);
``split`` is ``train`` or ``validation``."""

DUPLICATES = ["object_id", "group", "how"]
"""Columns of a museum's near-duplicates: objects of groups of two and more (prepare.duplicates)."""

BETWEEN = ["collection", "object_id", "other_collection", "other_id", "how"]
"""Columns of the near-duplicates of two museums, one row per pair."""

_TEXT_COLUMNS = {
    *["backbone", "init", "method", "network", "kind", "first"],
    *["collection", "other_collection", "other_id", "group", "how"],
    *["object_id", "image", "shard", "label", "class", "split", "predicted", "status", "sha256"],
    *["value", "concept", "raw value", "decision", "step", "task"],
}

HISTORY = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
"""Columns of a run's history; epochs count from 1."""


def write_parquet(path: str | Path, table: pd.DataFrame, schema: pa.Schema) -> None:
    """Write ``table``'s columns in the schema's order and types, atomically."""
    write_parquet_parts(path, [table], schema)


def write_parquet_parts(
    path: str | Path, tables: Iterable[pd.DataFrame], schema: pa.Schema
) -> None:
    """Write tables one after the other into one file, as ``write_parquet``."""
    with (
        atomic_path(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        for table in tables:
            arrow = pa.Table.from_pandas(table[schema.names], schema=schema, preserve_index=False)
            writer.write_table(arrow.replace_schema_metadata(None))


def columns(schema: pa.Schema, *names: str) -> pa.Schema:
    """A part of a schema, for those who read only what they need."""
    return pa.schema([schema.field(name) for name in names])


def read_parquet(path: str | Path, schema: pa.Schema) -> pd.DataFrame:
    """Read the schema's columns of a Parquet file, and check their types.

    Raises FileNotFoundError where there is none, and StudyError for another file or other columns.
    """
    return read_arrow(path, schema).to_pandas()


def read_arrow(path: str | Path, schema: pa.Schema) -> pa.Table:
    """What ``read_parquet`` reads, without the cost of making it pandas' own."""
    try:
        with pq.ParquetFile(path) as file:
            _check_types(path, file.schema_arrow, schema)
            return file.read(columns=schema.names)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise StudyError(
            f"{path}: this file cannot be read ({error}). Remove it to have it made again"
        ) from error


def _check_types(path: str | Path, found: pa.Schema, schema: pa.Schema) -> None:
    wrong = [
        field.name
        for field in schema
        if field.name not in found.names or found.field(field.name).type != field.type
    ]
    if wrong:
        raise StudyError(
            f"{path}: the columns {', '.join(wrong)} are missing or of another type; "
            f"expected {', '.join(f'{f.name} ({f.type})' for f in schema)}"
        )


def write_csv(path: str | Path, table: pd.DataFrame, columns: list[str] | None = None) -> None:
    """Write a CSV with a header and Unix line ends, atomically; floats in full precision.

    One whose name ends in ``.gz`` is packed, without a name and the time of packing.
    """
    how: dict[str, Any] = {"index": False, "columns": columns, "lineterminator": "\n"}
    with atomic_path(path) as temporary:
        if Path(path).suffix != ".gz":
            table.to_csv(temporary, **how)
            return
        with (
            temporary.open("wb") as stream,
            gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed,
        ):
            table.to_csv(packed, mode="wb", **how)


def read_csv(path: str | Path, columns: list[str]) -> pd.DataFrame:
    """Read these columns of a CSV; text columns stay text: ``007``, ``NA`` and ``1.0`` too.

    Raises StudyError where there is no such file, it is no CSV, or a column is missing.
    """
    try:
        table = pd.read_csv(
            path,
            dtype={name: str for name in columns if name in _TEXT_COLUMNS},
            keep_default_na=False,
            na_values={name: [""] for name in columns if name not in _TEXT_COLUMNS},
            index_col=False,  # or a surplus cell of each row would shift all columns
            usecols=lambda name: name in columns,
        )
    except FileNotFoundError as error:
        raise StudyError(f"{path}: there is no such file") from error
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise StudyError(f"{path}: expected a CSV in UTF-8 with a header: {error}") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        found = list(pd.read_csv(path, nrows=0))
        raise StudyError(f"{path}: column {', '.join(missing)} is missing; found {found}")
    return table[columns]


def read_users_csv(path: str | Path) -> pd.DataFrame:
    """Read all columns of a CSV that people write, as text; a short row ends in empty cells.

    The index counts rows from 0. Raises StudyError where there is no such file, it is no CSV in
    UTF-8 with a header, a quote is not closed where its cell ends, or a row has more cells than
    the header: each of these moves cells to where they do not belong.
    """
    rows: list[list[str]] = []
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            for cells in reader:
                if len(cells) > len(header):
                    raise StudyError(
                        f"{path}: the row that ends in line {reader.line_num} has {len(cells)} "
                        f"cells, more than the header, which has {len(header)}; is a cell with a "
                        "comma in it not in quotes?"
                    )
                if cells:  # a blank line is no row
                    rows.append(cells + [""] * (len(header) - len(cells)))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise StudyError(f"{path}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: expected a CSV in UTF-8 with a header: {error}") from error
    except csv.Error as error:
        raise StudyError(
            f"{path}: expected a CSV in UTF-8 with a header; trouble in line {reader.line_num}: "
            f"{error}"
        ) from error
    if not header:
        raise StudyError(f"{path}: expected a CSV in UTF-8 with a header, but it is empty")
    return pd.DataFrame(rows, columns=header, dtype=str)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read all columns of one of the study's own tables, as ``read_csv`` does."""
    return read_csv(path, pd.read_csv(path, nrows=0).columns.tolist())
