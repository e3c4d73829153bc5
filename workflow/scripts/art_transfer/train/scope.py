"""What a method computes with: its precision, and the devices that share each batch."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache

import keras
import tensorflow as tf

from art_transfer.settings import Method


@contextmanager
def scope(method: Method) -> Iterator[None]:
    """Within the block networks are built, and trained, as the method says.

    ``gpus`` copies of a network see parts of each batch and agree on one step, so the batch is as
    large as on one device (``in_step`` for batch normalisation).
    """
    policy = keras.config.dtype_policy()
    try:
        if method.mixed_precision != "none":
            keras.config.set_dtype_policy(f"mixed_{method.mixed_precision}")
        with _strategy(method.gpus).scope() if method.gpus > 1 else nullcontext():
            yield
    finally:
        keras.config.set_dtype_policy(policy)


def in_step(model: keras.Model, method: Method) -> None:
    """Let batch normalisation count whole batches, where copies of a network see parts of them.

    Else each copy would have statistics of its own, none from an empty part of a last batch, and
    what is left would be the first copy's. Keras reads what is set here when it calls a layer.
    """
    if method.gpus == 1:
        return
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True


@cache
def _strategy(count: int) -> tf.distribute.Strategy:
    """One strategy for all uses, as networks that were built in two cannot be joined."""
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    # Its own choice, collectives, mistakes sums within the step (``in_step``) for gradients'.
    return tf.distribute.MirroredStrategy(
        [f"{kind}:{number}" for number in range(count)], tf.distribute.ReductionToOneDevice()
    )
