"""From uint8 pixels to what a network is fed, and from features to what a head is."""

from typing import Any

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


class Scale(keras.layers.Layer):
    """``scale`` as a layer, bit for bit wherever it computes: values come from a table of 256."""

    def __init__(self, scaling: str) -> None:
        """``scaling`` as for ``scale``."""
        super().__init__(dtype="float32")
        grey = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 1, 3)
        self._table = scale(grey, scaling)[0, :, 0].T.ravel()  # of each channel in turn
        self._turned = scaling == "caffe"  # whose channels are blue, green, red

    def call(self, pixels: Any) -> Any:
        """Pixels (n, size, size, 3) uint8, scaled to float32."""
        channels = pixels[..., ::-1] if self._turned else pixels
        places = keras.ops.cast(channels, "int32") + np.array([0, 256, 512], np.int32)
        return keras.ops.take(self._table, places)


def on_pixels(model: keras.Model, scaling: str) -> keras.Model:
    """The network itself, fed uint8 pixels, which it scales: a quarter of the bytes to hand over.

    ``model`` takes pixels that are scaled already; both have the same weights.
    """
    inputs = keras.Input(model.input_shape[1:], dtype="uint8")
    return keras.Model(inputs, model(Scale(scaling)(inputs)))


def moments(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each feature; 1 for those that are all the same."""
    mean, deviation = features.mean(axis=0, dtype=float), features.std(axis=0, dtype=float)
    deviation[deviation == 0] = 1
    return mean.astype(np.float32), deviation.astype(np.float32)
