"""From uint8 pixels to what a network is fed, and from features to what a head is."""

from collections.abc import Callable
from operator import sub, truediv
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

_STEPS: dict[str, list[tuple[Callable[[Any, Any], Any], float | list[float]]]] = {
    "unit": [(truediv, 255.0)],
    "raw": [],
    "tf": [(truediv, 127.5), (sub, 1.0)],
    "caffe": [(sub, [103.939, 116.779, 123.68])],
    "torch": [(truediv, 255.0), (sub, [0.485, 0.456, 0.406]), (truediv, [0.229, 0.224, 0.225])],
}
"""What is done to the values of channels, one step after the other."""


def scale(pixels: NDArray[np.uint8], scaling: str) -> NDArray[np.float32]:
    """Scale pixels (n, size, size, 3).

    ``unit`` gives [0, 1] (paper, section 2.3); ``raw`` leaves 0-255; ``tf``, ``caffe`` (blue,
    green, red) and ``torch`` are the modes of Keras's ``imagenet_utils``, each what some ImageNet
    weights were trained with.
    """
    values = [np.array(value, np.float32) for _, value in _STEPS[scaling]]
    return np.asarray(_scaled(pixels.astype(np.float32), scaling, values))


class Scale(keras.layers.Layer):
    """``scale`` as a layer, on a processor with the same bits.

    Its numbers are variables, for compilers turn division by a constant into a multiplication.
    """

    def __init__(self, scaling: str) -> None:
        """``scaling`` as for ``scale``."""
        super().__init__(dtype="float32")
        self._scaling = scaling
        self._values = [self._kept(value) for _, value in _STEPS[scaling]]

    def _kept(self, value: float | list[float]) -> Any:
        given = np.array(value, np.float32)
        return self.add_weight(given.shape, keras.initializers.Constant(given), trainable=False)

    def call(self, pixels: Any) -> Any:
        """Pixels (n, size, size, 3) uint8, scaled to float32."""
        return _scaled(keras.ops.cast(pixels, "float32"), self._scaling, self._values)


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


def _scaled(pixels: Any, scaling: str, values: list[Any]) -> Any:
    """``pixels`` in floats, of NumPy or TensorFlow, after the steps with these values."""
    pixels = pixels[..., ::-1] if scaling == "caffe" else pixels
    for (step, _), value in zip(_STEPS[scaling], values, strict=True):
        pixels = step(pixels, value)
    return pixels
