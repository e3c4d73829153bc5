"""Museums that publish all their objects as one large CSV, with the images in it or beside it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pandas as pd

from art_transfer.collect.archives import download_file, file_record
from art_transfer.collect.csv_rows import csv_rows
from art_transfer.collect.downloads import download_images
from art_transfer.collect.rows import LISTS, tables
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.store import END, Store
from art_transfer.errors import StudyError
from art_transfer.settings import canonical

_AT_A_TIME = 10_000


@dataclass(frozen=True)
class Images:
    """A second CSV with the images of the objects."""

    address: str
    key: str
    column: str
    where: dict[str, tuple[Any, ...]]


@dataclass(frozen=True)
class ImageLookup:
    """Where the museum is asked for the address of an object's image."""

    address: str
    path: str


@dataclass(frozen=True)
class OpenCsv:
    """The settings of a ``csv`` source; see the config's reference."""

    remote: ClassVar[bool] = True

    address: str
    columns: dict[str, str]
    where: dict[str, tuple[Any, ...]]
    list_separator: str
    image_address: str
    images_table: Images | None = None
    image_lookup: ImageLookup | None = None

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """Download the CSV files, and give their rows sorted by id, each with its image.

        Raises StudyError where a file is not as the config says, and for ids that are not unique.
        """
        with ExitStack() as stack:
            objects = stack.enter_context(
                _table(visit, "objects", self.address, self.columns, self.where, once=True)
            )
            images = None
            if self.images_table is not None:
                columns = {
                    "object_id": self.images_table.key,
                    "image": self.images_table.column,
                }
                address, where = self.images_table.address, self.images_table.where
                images = stack.enter_context(
                    _table(visit, "images", address, columns, where, once=False)
                )
            yield from tables(self._rows(objects, images))

    def images(self, objects: pd.DataFrame, visit: Visit, shard: str) -> Iterator[FetchedImage]:
        """Fetch the image of each object (``source.Source``); the museum may tell its address."""
        if self.image_lookup is None:
            return download_images(objects, lambda image: image, visit, shard)
        path = self.image_lookup.path
        return download_images(
            objects, lambda image: image.removesuffix(f"#{path}"), visit, shard, path
        )

    def _rows(self, objects: Store, images: Store | None) -> Iterator[dict[str, Any]]:
        without = 0
        for object_id, row in objects if images is None else _joined(objects, images):
            if images is not None and not row["image"]:
                without += 1
                continue
            for column in LISTS:
                row[column] = self._values(row.get(column, ""))
            yield row | {"object_id": object_id, "image": self._image(object_id, row)}
        if without:
            print(f"{without} objects were left out, for no image of theirs is in the table")

    def _values(self, cell: str) -> list[str]:
        parts = cell.split(self.list_separator) if self.list_separator else [cell]
        return [part.strip() for part in parts if part.strip()]

    def _image(self, object_id: str, row: dict[str, Any]) -> str:
        """The image's address, or where to ask for it; empty if there is none."""
        if self.image_lookup is not None:
            record = self.image_lookup.address.replace("{id}", quote(object_id, safe=""))
            return f"{record}#{self.image_lookup.path}"
        image = row.get("image", "")
        if not image:
            return ""
        whole = image.startswith(("http://", "https://"))
        return self.image_address.replace("{image}", image if whole else quote(image, safe=""))


def _table(
    visit: Visit,
    name: str,
    address: str,
    columns: dict[str, str],
    where: dict[str, tuple[Any, ...]],
    once: bool,
) -> Store:
    """The wanted rows of a CSV by object id, downloaded and sorted unless they are kept.

    An id may stand in several rows unless ``once``; the first counts.
    """
    path = download_file(visit, address, visit.kept / f"{name}.csv")
    asked = canonical([file_record(path)["sha256"], columns, where])
    store = Store(visit.kept / f"{name}.sqlite", asked)
    if store.position != END:
        store.restart()
        _fill(store, path, address, columns, where, once)
    return store


def _fill(
    store: Store,
    path: Path,
    address: str,
    columns: dict[str, str],
    where: dict[str, tuple[Any, ...]],
    once: bool,
) -> None:
    rows = csv_rows(path, address, columns, where)
    nameless = repeated = 0
    while batch := list(islice(rows, _AT_A_TIME)):
        new: dict[str, dict[str, str]] = {}
        for row in batch:
            object_id = row.pop("object_id")
            if not object_id:
                nameless += 1
            elif object_id not in new and object_id not in store:
                new[object_id] = row
            elif once:
                raise StudyError(
                    f"{address}: the id {object_id!r} stands in several rows of column "
                    f"{columns['object_id']!r}; each object needs an id of its own"
                )
            else:
                repeated += 1
        store.keep(new.items(), "")
    store.keep([], END)
    if nameless:
        print(f"{address}: {nameless} rows without an id were left out")
    if repeated:
        print(f"{address}: {repeated} rows of an object that had one before were left out")


def _joined(objects: Store, images: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with its image, or an empty one; both stores are sorted by id."""
    waiting = iter(images)
    found = next(waiting, None)
    for object_id, row in objects:
        while found is not None and found[0] < object_id:
            found = next(waiting, None)
        image = found[1]["image"] if found is not None and found[0] == object_id else ""
        yield object_id, row | {"image": image}
