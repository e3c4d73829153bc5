"""Several museums of the study as one, to train on them together."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path
from typing import ClassVar

import pandas as pd

from art_transfer.collect.shards import read_each, shard_of
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.errors import StudyError
from art_transfer.formats import IMAGES, OBJECTS, read_csv, read_parquet

PARTING = "/"
"""Between a museum's name, which has none, and an object's own id."""


@dataclass(frozen=True)
class Pooled:
    """The settings of a ``pooled`` source; see the config's reference."""

    remote: ClassVar[bool] = False

    collections: tuple[str, ...]

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """All objects of the museums, their ids after their museums' names, sorted by id."""
        for name in sorted(self.collections, key=lambda name: name + PARTING):
            table = read_parquet(_folder(visit, name) / "objects.parquet", OBJECTS)
            yield table.assign(object_id=name + PARTING + table["object_id"])

    def images(self, objects: pd.DataFrame, visit: Visit, shard: str) -> Iterator[FetchedImage]:
        """The image of each object as its own museum has it, or what was said there."""
        split = (pooled_id.split(PARTING, 1) for pooled_id in objects["object_id"])
        for name, own in groupby(split, key=lambda names: names[0]):
            ids = [object_id for _, object_id in own]
            folder = _folder(visit, name) / "images"
            shards, statuses = _statuses(folder, ids)
            files = read_each(folder, (i for i in ids if statuses[i] == "ok"), shards)
            for object_id in ids:
                data = next(files)[1] if statuses[object_id] == "ok" else None
                yield FetchedImage(name + PARTING + object_id, data, statuses[object_id])


def _statuses(folder: Path, ids: list[str]) -> tuple[int, dict[str, str]]:
    """How many shards a museum has, and what its tables say of the images of these objects.

    The fewest shards by which each object is where it belongs. Tables beyond them may be left from
    a time when the museum had more, and are not even read.
    """
    tables: list[dict[str, str]] = []
    for shards in count(1):
        path = folder / f"{shards - 1:04d}.csv"
        if not path.exists():
            break
        table = read_csv(path, IMAGES)
        tables.append(dict(zip(table["object_id"], table["status"], strict=True)))
        if all(i in tables[int(shard_of(i, shards))] for i in ids):
            return shards, {i: tables[int(shard_of(i, shards))][i] for i in ids}
    lost = next((i for i in ids if not any(i in table for table in tables)), ids[0])
    raise StudyError(
        f"{folder}: the {len(tables)} image tables there do not go with the museum's objects: each "
        f"was expected in the table of its shard, but object {lost!r} or others are not. Delete "
        "the folder to have the images made again"
    )


def _folder(visit: Visit, name: str) -> Path:
    """Where one of the museums lies: beside the pool."""
    return visit.kept.parent.parent / name
