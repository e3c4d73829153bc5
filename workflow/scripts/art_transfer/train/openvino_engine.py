"""Features by OpenVINO on the processor, the same as Keras's but for rounding."""

import tempfile
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from art_transfer.train.batch_norm import BATCH
from art_transfer.train.scaling import scale


def forward(
    backbone: keras.Model, scaling: str
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """From pixels (n, size, size, 3), at most BATCH, to features (n, |x|) float32.

    The network is compiled for batches of BATCH and as many threads as TensorFlow has; a smaller
    batch is filled up.
    """
    import openvino  # not above: heads read features too, and have no use for it

    core = openvino.Core()
    with tempfile.TemporaryDirectory() as folder:
        backbone.export(folder, verbose=False)
        network = core.read_model(folder)
        network.reshape([BATCH, *backbone.input_shape[1:]])
        hints = {
            "PERFORMANCE_HINT": "LATENCY",  # all threads share a batch
            "INFERENCE_PRECISION_HINT": "f32",  # whatever the processor would rather have
            "INFERENCE_NUM_THREADS": tf.config.threading.get_intra_op_parallelism_threads(),
        }
        compiled = core.compile_model(network, "CPU", hints)

    def features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        filled = np.zeros((BATCH, *pixels.shape[1:]), np.float32)
        filled[: len(pixels)] = scale(pixels, scaling)
        return np.array(compiled(filled)[0][: len(pixels)])

    return features
