"""Objects' images as the museum gave them, and which of them figures show."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from art_transfer.collect.shards import read_images
from art_transfer.images import decode


def originals(
    folder: str | Path, object_ids: Iterable[str], shards: int
) -> list[NDArray[np.uint8]]:
    """Images (height, width, 3) uint8 of some objects, in their order, at their own size.

    ``folder`` holds a museum's shards of images.
    """
    return [np.asarray(decode(data)) for data in read_images(folder, object_ids, shards).values()]


def sample(object_ids: Iterable[str], n: int, purpose: str = "mosaic") -> list[str]:
    """``n`` objects in an order that depends on their ids alone: those of the smallest hashes.

    Another ``purpose`` is another order.
    """

    def place(name: str) -> tuple[bytes, str]:
        return hashlib.sha256(f"{purpose}/{name}".encode()).digest(), name

    return sorted(object_ids, key=place)[:n]
