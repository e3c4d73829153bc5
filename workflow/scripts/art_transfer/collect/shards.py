"""Images of a museum in a few shards: zip files of image files, each with a table beside it."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from art_transfer.collect.source import FetchedImage
from art_transfer.files import atomic_path
from art_transfer.formats import IMAGES, read_csv, write_csv
from art_transfer.images import UnreadableImageError, decode

_OPEN = 128  # shards at a time: systems allow few open files, and a list of 5,000 images is 3 MB


def shard_of(object_id: str, shards: int) -> str:
    """The shard that an object belongs to, by a hash of its id: a new object disturbs no other."""
    digest = hashlib.sha256(object_id.encode()).digest()
    return f"{int.from_bytes(digest[:8], 'big') % shards:04d}"


def member_name(object_id: str) -> str:
    """An object's name inside a zip file: readable, unique, and never a path."""
    name = quote(object_id, safe=" ")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def write_shard(
    images: Iterable[FetchedImage], shard: str, zip_path: str | Path, csv_path: str | Path
) -> None:
    """Store the images that can be decoded, and a row of ``formats.IMAGES`` for every object.

    The zip file holds each image as it came, unpacked and with fixed dates, so that the same
    images in the same order give the same bytes. Width and height are in pixels, after turning.
    """
    rows = []
    with atomic_path(zip_path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for image in images:
                row: dict[str, object] = {
                    "object_id": image.object_id,
                    "shard": shard,
                    "status": image.status,
                }
                if image.data is not None:
                    row |= _checked(image.data)
                if row["status"] == "ok" and image.data is not None:
                    info = zipfile.ZipInfo(member_name(image.object_id), (1980, 1, 1, 0, 0, 0))
                    archive.writestr(info, image.data)
                rows.append(row)
        table = pd.DataFrame(rows, columns=IMAGES)
        sizes = ["bytes", "width", "height"]
        table[sizes] = table[sizes].astype("Int64")
        write_csv(csv_path, table)


def _checked(data: bytes) -> dict[str, object]:
    row: dict[str, object] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    try:
        row["width"], row["height"] = decode(data).size
    except UnreadableImageError as error:
        row["status"] = f"unreadable: {error}"
    return row


def read_shard(zip_path: str | Path, csv_path: str | Path) -> Iterator[tuple[str, bytes]]:
    """The id and the file of each readable image of a shard, in the order of the table."""
    table = readable(read_csv(csv_path, IMAGES))
    with zipfile.ZipFile(zip_path) as archive:
        for object_id in table["object_id"]:
            yield object_id, archive.read(member_name(object_id))


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of an image table whose image is there and can be decoded."""
    return table[table["status"] == "ok"]


def read_images(folder: str | Path, object_ids: Iterable[str], shards: int) -> dict[str, bytes]:
    """The image files of some objects of a museum; ``folder`` holds its shards."""
    return dict(read_each(folder, object_ids, shards))


def read_each(
    folder: str | Path, object_ids: Iterable[str], shards: int
) -> Iterator[tuple[str, bytes]]:
    """The id and the image file of some objects of a museum, in their order.

    A shard stays open for the next object: to open one of 5,000 images takes 14 ms.
    """
    opened: dict[str, zipfile.ZipFile] = {}
    try:
        for object_id in object_ids:
            shard = shard_of(object_id, shards)
            if shard not in opened:
                if len(opened) == _OPEN:
                    opened.pop(next(iter(opened))).close()
                opened[shard] = zipfile.ZipFile(Path(folder) / f"{shard}.zip")
            yield object_id, opened[shard].read(member_name(object_id))
    finally:
        for archive in opened.values():
            archive.close()
