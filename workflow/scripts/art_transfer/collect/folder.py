"""A museum that is a folder: one CSV of metadata and the image files that it names."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from art_transfer.collect.rows import LISTS, LONGEST_ID
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.errors import StudyError
from art_transfer.formats import OBJECTS, read_users_csv


@dataclass(frozen=True)
class Folder:
    """The settings of a ``folder`` source; see the config's reference."""

    remote: ClassVar[bool] = False

    folder: str
    metadata: str
    columns: dict[str, str]
    list_separator: str

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """Read the CSV: one row per object, columns as ``formats.OBJECTS``, sorted by id.

        Raises StudyError for a missing file or column, and for ids that are empty or not unique.
        """
        path = Path(self.folder) / self.metadata
        table = read_users_csv(path)
        missing = [name for name in self.columns.values() if name not in table.columns]
        if missing:
            raise StudyError(
                f"{path}: there is no column {', '.join(map(repr, missing))}; the columns are "
                f"{list(table.columns)}. Name the right ones under `columns` in the config."
            )
        names = list(table.columns)
        repeated = [name for name in self.columns.values() if names.count(name) > 1]
        if repeated:
            raise StudyError(
                f"{path}: the columns {repeated} are there more than once; expected each once"
            )
        objects = pd.DataFrame(
            {
                field: table[self.columns[field]].str.strip() if field in self.columns else ""
                for field in OBJECTS.names
            },
            index=table.index,
        )
        for field in LISTS:
            objects[field] = [self._values(cell) for cell in objects[field]]
        _check_ids(path, objects["object_id"])
        yield objects.sort_values("object_id", ignore_index=True)

    def images(self, objects: pd.DataFrame, visit: Visit, shard: str) -> Iterator[FetchedImage]:
        """Read the image file of each object."""
        root = Path(self.folder).resolve()
        for object_id, name in zip(objects["object_id"], objects["image"], strict=True):
            try:
                path = (root / name).resolve()
                if not name or not path.is_relative_to(root):
                    reason = f"missing: {name!r} is no file of the folder"
                    inside = Path(os.path.normpath(root / name)).is_relative_to(root)
                    if name and inside:
                        reason += f", for a link leads out of it, to {path}"
                    yield FetchedImage(object_id, None, reason)
                elif not path.is_file():
                    yield FetchedImage(object_id, None, f"missing: there is no file {name}")
                else:
                    yield FetchedImage(object_id, path.read_bytes(), "ok")
            except (OSError, ValueError) as error:  # too long a name, no permission, a null byte
                reason = getattr(error, "strerror", None) or str(error)
                yield FetchedImage(object_id, None, f"missing: {name!r} cannot be read: {reason}")

    def _values(self, cell: str) -> list[str]:
        parts = cell.split(self.list_separator) if self.list_separator else [cell]
        return [part.strip() for part in parts if part.strip()]


def _check_ids(path: Path, ids: pd.Series) -> None:
    if len(ids) == 0:
        raise StudyError(f"{path}: there is no object in it")
    if (ids == "").any():
        rows = (ids.index[ids == ""][:5] + 2).tolist()
        raise StudyError(f"{path}: the object id is empty in line {rows}")
    broken = ids[ids.str.contains(r"[\x00-\x1f\x7f]")]
    if len(broken):
        raise StudyError(f"{path}: a line break or control character in {broken.iloc[0]!r}")
    long = ids[ids.str.len() > LONGEST_ID]
    if len(long):
        raise StudyError(
            f"{path}: an object id has {len(long.iloc[0])} characters and begins "
            f"{long.iloc[0][:40]!r}; expected at most {LONGEST_ID}"
        )
    repeated = sorted(set(ids[ids.duplicated()]))
    if repeated:
        raise StudyError(
            f"{path}: {len(repeated)} object ids stand in several rows, as {repeated[:5]}; "
            "each object needs an id of its own"
        )
