"""The objects of a saliency figure one by one, as small pictures in one file, for a page.

The file has a row of three square tiles for each object, in the order of the figure's CSV: the
image, and each network's map over it. What is beside a picture in its tile is transparent.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from art_transfer.files import atomic_path

SIDE = 192
"""Pixels of a tile's side; a picture's longer side fills it."""

COLUMNS = 3


def write_tiles(rows: Sequence[Sequence[NDArray[np.uint8]]], path: str | Path) -> None:
    """Write the file: for each object its COLUMNS pictures (height, width, 3).

    Without objects it is one empty row, since an image has to have a size.
    """
    sheet = Image.new("RGBA", (COLUMNS * SIDE, SIDE * max(1, len(rows))))
    for y, row in enumerate(rows):
        for x, pixels in enumerate(row):
            picture = Image.fromarray(pixels)
            scale = SIDE / max(picture.size)
            size = tuple(max(1, round(scale * side)) for side in picture.size)
            picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
            sheet.paste(picture, (x * SIDE, y * SIDE))
    with atomic_path(path) as temporary:
        sheet.save(temporary, "PNG")


def read_tiles(path: str | Path, objects: int) -> Iterator[list[tuple[bytes, int, int]]]:
    """For each object its pictures: a JPEG file, its width and its height."""
    with Image.open(path) as sheet:
        for y in range(objects):
            yield [_picture(sheet, x, y) for x in range(COLUMNS)]


def _picture(sheet: Image.Image, x: int, y: int) -> tuple[bytes, int, int]:
    tile = sheet.crop((x * SIDE, y * SIDE, (x + 1) * SIDE, (y + 1) * SIDE))
    picture = tile.crop(tile.getchannel("A").getbbox()).convert("RGB")
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=82)
    return stream.getvalue(), picture.width, picture.height
