"""Objects' images as the museum gave them, for figures that people look at."""

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
