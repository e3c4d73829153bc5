"""Images decoded once to square arrays that every run reads without copying."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from art_transfer.arrays import read_array
from art_transfer.errors import StudyError
from art_transfer.files import atomic_path, need, reserve
from art_transfer.images import decode
from art_transfer.settings import Pixels

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def square(image: Image.Image, size: int, pixels: Pixels) -> NDArray[np.uint8]:
    """An RGB image as an array (size, size, 3) of uint8.

    ``stretch`` ignores the aspect ratio, as the paper does; ``crop`` keeps the middle square;
    ``pad`` keeps everything, on black.
    """
    resample = FILTERS[pixels.filter]
    width, height = image.size
    if pixels.fit == "stretch":
        return np.asarray(image.resize((size, size), resample))
    if pixels.fit == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        return np.asarray(image.resize((size, size), resample, box=box))
    scale = size / max(width, height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = Image.new("RGB", (size, size))
    canvas.paste(image.resize(inner, resample), ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return np.asarray(canvas)


def write_pixels(
    images: Iterable[tuple[str, bytes]], count: int, size: int, pixels: Pixels, path: str | Path
) -> None:
    """Decode ``count`` image files to a ``.npy`` file of uint8 (count, size, size, 3), in order."""
    need(path, count * size * size * 3)
    with atomic_path(path) as temporary:
        array = np.lib.format.open_memmap(
            temporary, mode="w+", dtype=np.uint8, shape=(count, size, size, 3)
        )
        reserve(temporary)
        for row, (_, data) in enumerate(images):
            array[row] = square(decode(data), size, pixels)
        array.flush()
        del array


class PixelStore:
    """A museum's pixels, memory-mapped, found by object id."""

    def __init__(self, tables: Sequence[pd.DataFrame], paths: Sequence[str | Path]) -> None:
        """``tables`` are the image tables of the shards, ``paths`` their pixels, in one order."""
        self._arrays = [read_array(path, np.uint8, 4) for path in paths]
        self._rows: dict[str, tuple[int, int]] = {}
        for shard, (table, path) in enumerate(zip(tables, paths, strict=True)):
            ids = table.loc[table["status"] == "ok", "object_id"]
            if len(ids) != len(self._arrays[shard]):
                raise StudyError(
                    f"{path}: {len(self._arrays[shard])} images, but its image table lists "
                    f"{len(ids)} readable ones; delete the file to have it made again"
                )
            self._rows |= {object_id: (shard, row) for row, object_id in enumerate(ids)}

    @property
    def object_ids(self) -> list[str]:
        """The ids of all objects, sorted."""
        return sorted(self._rows)

    def rows(self, object_ids: Iterable[str]) -> NDArray[np.int64]:
        """Where these objects lie: (n, 2) of shard and row, for ``batch``."""
        try:
            found = [self._rows[object_id] for object_id in object_ids]
        except KeyError as error:
            raise StudyError(f"object {error}: a split names it, but it has no pixels") from error
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def batch(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The pixels (n, size, size, 3) at ``rows``, in their order."""
        pixels = np.empty((len(rows), *self._arrays[0].shape[1:]), np.uint8)
        for place, (shard, row) in enumerate(rows):
            pixels[place] = self._arrays[shard][row]
        return pixels
