"""Several museums of the study as one, to train on them together."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from art_transfer.collect.shards import read_images
from art_transfer.collect.source import FetchedImage, Visit
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
        tables = {}
        for name in self.collections:
            paths = sorted((_folder(visit, name) / "images").glob("*.csv"))
            table = pd.concat([read_csv(path, IMAGES) for path in paths])
            tables[name] = len(paths), table.set_index("object_id")["status"]
        for pooled_id in objects["object_id"]:
            name, object_id = pooled_id.split(PARTING, 1)
            shards, statuses = tables[name]
            status, data = statuses[object_id], None
            if status == "ok":
                folder = _folder(visit, name) / "images"
                data = read_images(folder, [object_id], shards)[object_id]
            yield FetchedImage(pooled_id, data, status)


def _folder(visit: Visit, name: str) -> Path:
    """Where one of the museums lies: beside the pool."""
    return visit.kept.parent.parent / name
