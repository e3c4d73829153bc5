"""How each object looks, small: what near-duplicates are found by.

A look is an image in grey without its even border, stretched to 64 x 64 pixels. It does not depend
on the study's pixels or networks, so that splits that keep near-duplicates together do not either.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from art_transfer.files import atomic_path, need
from art_transfer.images import decode

SIDE = 64
"""Pixels of a look, across and down."""

_EVEN = 24  # of 256 grey values that a border may differ from its corners
_LEAST = 0.5  # of each side that must be left: a small thing on an even ground is no border


def look(image: Image.Image) -> NDArray[np.uint8]:
    """An image as (SIDE, SIDE) of grey."""
    grey = _without_border(image.convert("L"))
    return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def write_looks(images: Iterable[tuple[str, bytes]], count: int, path: str | Path) -> None:
    """Write the looks of ``count`` image files to a ``.npy`` file of uint8 (count, SIDE, SIDE).

    Not through a map into memory: what a full disk refuses is then an error, and no signal.
    """
    need(path, count * SIDE * SIDE)
    kind = {"descr": "|u1", "fortran_order": False, "shape": (count, SIDE, SIDE)}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, kind)
        for _, data in images:
            stream.write(look(decode(data)).tobytes())


def _without_border(grey: Image.Image) -> Image.Image:
    width, height = grey.size
    corners = [grey.getpixel((x, y)) for x in (0, width - 1) for y in (0, height - 1)]
    ground = Image.new("L", grey.size, int(np.median(np.array(corners))))
    box = ImageChops.difference(grey, ground).point(lambda value: 255 * (value > _EVEN)).getbbox()
    if box is None or box[2] - box[0] < _LEAST * width or box[3] - box[1] < _LEAST * height:
        return grey
    return grey.crop(box)
