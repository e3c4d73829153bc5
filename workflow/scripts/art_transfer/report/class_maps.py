"""Maps of what speaks for the class that a network gives: Grad-CAM and integrated gradients.

Unlike VisualBackProp's, these maps read the head, and are about one class: the likeliest one of the
network at hand, right or wrong.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

FEATURES, HEAD = "features", "head"
"""The layers of ``train.backbones``; imported from there, a change of a network would redo maps."""

STEPS = 64
"""Points on the way from black to the image; Sundararajan et al. advise 20 to 300."""

Floats = NDArray[np.float32]


def grad_cam(model: keras.Model, images: Floats, batch_size: int = 8) -> Floats:
    """Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391): (n, height, width), 0 and more.

    ``images`` (n, height, width, 3) float32 are scaled as the network was trained with. The feature
    maps are those that are pooled before the head. Each is weighted with the mean of the score's
    derivatives, the score being what the softmax of the head is taken of; their sum is rectified
    and stretched over the image.
    """
    head = model.get_layer(HEAD)
    kernel, bias = head.kernel, head.bias
    probe = keras.Model(model.input, [model.get_layer(FEATURES).input, head.input])

    def mapped(batch: Floats) -> Floats:
        given = tf.convert_to_tensor(batch)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(given)
            maps, last = probe(given, training=False)
            scores = tf.cast(last, tf.float32) @ kernel + bias
            score = tf.reduce_max(scores, axis=1)
        weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
        found = tf.nn.relu(tf.reduce_sum(tf.cast(weights * maps, tf.float32), axis=-1))
        return tf.image.resize(found[..., None], batch.shape[1:3])[..., 0].numpy()

    return _in_batches(mapped, images, batch_size)


def integrated_gradients(
    model: keras.Model, images: Floats, black: Floats, batch_size: int = 8
) -> Floats:
    """Integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365): (n, height, width).

    ``images`` as for ``grad_cam``; ``black`` (height, width, 3) is a black image, scaled alike. A
    pixel's value is the sum of its channels: what it adds to the probability of the class, so that
    all of an image's values add up to its probability less that of a black image.
    """

    def mapped(batch: Floats) -> Floats:
        given, start = tf.convert_to_tensor(batch), tf.convert_to_tensor(black)
        classes = tf.argmax(model(given, training=False), axis=1)
        total = tf.zeros_like(given)
        for step in range(STEPS):
            point = start + (step + 0.5) / STEPS * (given - start)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(point)
                probability = tf.gather(model(point, training=False), classes, batch_dims=1)
            total += tape.gradient(probability, point)
        return tf.reduce_sum((given - start) * total / STEPS, axis=-1).numpy()

    return _in_batches(mapped, images, batch_size)


def _in_batches(mapped: Callable[[Floats], Floats], images: Floats, batch_size: int) -> Floats:
    maps = np.empty(images.shape[:3], np.float32)
    for start in range(0, len(images), batch_size):
        maps[start : start + batch_size] = mapped(images[start : start + batch_size])
    return maps
