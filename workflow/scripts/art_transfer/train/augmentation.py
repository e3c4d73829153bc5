"""Changes to training images that leave their labels true."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHIFT = 0.1
"""Images are shifted by up to this share of their sides."""


def flip_and_shift(images: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """Mirror every other image (n, height, width, channels), and shift each a little.

    What a shift uncovers repeats the border.
    """
    count, height, width, _ = images.shape
    mirrored = random.random(count) < 0.5
    down = random.integers(-int(height * SHIFT), int(height * SHIFT), (count, 1), endpoint=True)
    right = random.integers(-int(width * SHIFT), int(width * SHIFT), (count, 1), endpoint=True)
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    columns[mirrored] = columns[mirrored, ::-1]
    return images[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


AUGMENTATIONS = {"none": None, "flip_and_shift": flip_and_shift}
"""By the name that a method has for them."""
