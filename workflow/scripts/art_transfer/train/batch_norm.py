"""Networks that normalise with other statistics than those that came with their weights.

What a "frozen" network did in the paper's time hangs on this: until Keras 2.1.2 a batch-norm layer
that was not trained still used each batch's own statistics while a head was trained on it, and let
its moving ones follow; from 2.1.3 on the moving ones stayed, so that training and testing saw
different features (keras-team/keras, pull request 9965).
"""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from art_transfer.prepare.pixels import PixelStore
from art_transfer.train.scaling import scale

BATCH = 32


def batch_statistics(backbone: keras.Model) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """From scaled pixels (n, size, size, 3) to features (n, |x|) by this batch's statistics alone.

    The moving statistics of ``backbone`` follow each batch, by the momentum of its layers. Its
    dropout, if it has some, drops nothing.
    """
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0

    def forward(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(backbone(batch, training=True))

    return forward


def take_statistics(backbone: keras.Model, pixels: PixelStore, scaling: str, how: str) -> None:
    """Take a network's batch-norm statistics anew from all images, in batches of 32 by object id.

    ``updated`` lets the weights' own statistics follow by each layer's momentum, as one epoch of
    training in Keras before 2.1.3 did. ``reestimated`` forgets them: the mean over all batches
    takes their place. No label is used.
    """
    layers = [x for x in backbone.layers if isinstance(x, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in layers]
    forward = batch_statistics(backbone)
    rows = pixels.rows(pixels.object_ids)
    for number, start in enumerate(range(0, len(rows), BATCH)):
        if how == "reestimated":
            for layer in layers:
                layer.momentum = number / (number + 1)  # so the moving mean is that of all batches
        forward(scale(pixels.batch(rows[start : start + BATCH]), scaling))
    for layer, value in zip(layers, momentum, strict=True):
        layer.momentum = value
