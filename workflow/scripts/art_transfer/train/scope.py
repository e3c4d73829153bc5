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

    ``gpus`` copies of a network see equal parts of each batch and agree on one step, so the batch
    is as large as on one device. Batch normalisation sees its own part alone.
    """
    policy = keras.config.dtype_policy()
    try:
        if method.mixed_precision != "none":
            keras.config.set_dtype_policy(f"mixed_{method.mixed_precision}")
        with _strategy(method.gpus).scope() if method.gpus > 1 else nullcontext():
            yield
    finally:
        keras.config.set_dtype_policy(policy)


@cache
def _strategy(count: int) -> tf.distribute.Strategy:
    """One strategy for all uses, as networks that were built in two cannot be joined."""
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    return tf.distribute.MirroredStrategy([f"{kind}:{number}" for number in range(count)])
