"""From uint8 pixels to what a network is fed."""

import keras
import numpy as np
from numpy.typing import NDArray


def scale(pixels: NDArray[np.uint8], scaling: str) -> NDArray[np.float32]:
    """Scale pixels (n, size, size, 3).

    ``unit`` gives [0, 1] (paper, section 2.3); ``raw`` leaves 0-255; ``tf``, ``caffe`` and
    ``torch`` are Keras's modes, each what some ImageNet weights were trained with.
    """
    if scaling == "unit":
        return np.divide(pixels, np.float32(255), dtype=np.float32)  # one pass over memory
    values = pixels.astype(np.float32)
    if scaling == "raw":
        return values
    return keras.applications.imagenet_utils.preprocess_input(values, mode=scaling)
