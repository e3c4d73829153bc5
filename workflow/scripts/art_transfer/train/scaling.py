"""From uint8 pixels to what a network is fed, and from features to what a head is."""

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


def moments(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each feature; 1 for those that are all the same."""
    mean, deviation = features.mean(axis=0, dtype=float), features.std(axis=0, dtype=float)
    deviation[deviation == 0] = 1
    return mean.astype(np.float32), deviation.astype(np.float32)
