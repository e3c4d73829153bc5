"""Networks that normalise with other statistics than those that came with their weights.

What a "frozen" network did in the paper's time hangs on this: until Keras 2.1.2 a batch-norm layer
that was not trained still used each batch's own statistics while a head was trained on it, and let
its moving ones follow; from 2.1.3 on the moving ones stayed, so that training and testing saw
different features (keras-team/keras, pull request 9965).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from art_transfer.prepare.pixels import PixelStore
from art_transfer.train.scaling import on_pixels

BATCH = 32
"""Objects at most that go through a network at a time, where nothing is trained."""

EPOCHS = 10
"""As many as the moving statistics follow, of a head's training in Keras before 2.1.3; after ten
they are the museum's own, but for the part of the weights' that is left in a small museum."""


def mixed(object_ids: Sequence[str]) -> NDArray[np.int64]:
    """Places of objects in an order that says nothing of them: by a hash of their ids.

    Museums number as they acquire, so that neighbours are often one artist's or of one kind. The
    statistics of a batch of neighbours would take away what tells such objects from others.
    """
    keys = [hashlib.sha256(object_id.encode()).digest() for object_id in object_ids]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def batches(places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Parts of at most BATCH, as equal as can be: no part's statistics are those of few objects."""
    return np.array_split(places, -(-len(places) // BATCH)) if len(places) else []


def batch_statistics(
    backbone: keras.Model, scaling: str
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """From pixels (n, size, size, 3) to features (n, |x|) by this batch's statistics alone.

    The moving statistics of ``backbone`` follow each batch, by the momentum of its layers. Its
    dropout, if it has some, drops nothing.
    """
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    fed = on_pixels(backbone, scaling)

    def forward(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(fed(batch, training=True))

    return forward


def folded(backbone: keras.Model) -> keras.Model:
    """The network with each batch normalisation folded into the convolution before it.

    To be used as it is, not to be trained. The convolution takes the scale into its kernel and the
    shift into its bias, which saves a pass over its output; features differ in their last bits.
    What does not follow a convolution, or a convolution that something else reads too, stays.
    """
    norms = _folding(backbone)
    gone = {norm.name for norm in norms.values()}

    def clone(layer: keras.Layer) -> keras.Layer:
        if layer.name in gone:
            return keras.layers.Identity(name=layer.name)
        changes = {"use_bias": True} if layer.name in norms else {}
        return type(layer).from_config(layer.get_config() | changes)

    def call(layer: keras.Layer, *given: Any, **more: Any) -> Any:
        return given[0] if isinstance(layer, keras.layers.Identity) else layer(*given, **more)

    made = keras.models.clone_model(backbone, clone_function=clone, call_function=call)
    for layer in backbone.layers:
        if layer.weights and layer.name not in gone:
            norm = norms.get(layer.name)
            values = layer.get_weights() if norm is None else _with_norm(layer, norm)
            made.get_layer(layer.name).set_weights(values)
    return made


def _folding(backbone: keras.Model) -> dict[str, keras.layers.BatchNormalization]:
    """The batch normalisation that each convolution can take up, by the convolution's name."""
    readers = Counter(id(x) for layer in backbone.layers for x in keras.tree.flatten(layer.input))
    makers = {id(layer.output): layer for layer in backbone.layers}
    found = {}
    for norm in backbone.layers:
        if not isinstance(norm, keras.layers.BatchNormalization):
            continue
        layer = makers[id(norm.input)]
        plain = type(layer) in (keras.layers.Conv2D, keras.layers.SeparableConv2D)
        if plain and layer.activation is keras.activations.linear and readers[id(norm.input)] == 1:
            found[layer.name] = norm
    return found


def _with_norm(
    layer: keras.Layer, norm: keras.layers.BatchNormalization
) -> list[NDArray[np.float32]]:
    """A convolution's weights with a batch normalisation in its last kernel and its bias."""
    kernels = [value.astype(np.float64) for value in layer.get_weights()]
    bias = kernels.pop() if layer.use_bias else 0.0
    known = {value.name: np.asarray(value, np.float64) for value in norm.weights}
    scale = known.get("gamma", 1.0) / np.sqrt(known["moving_variance"] + norm.epsilon)
    kernels[-1] *= scale  # outputs are the last axis of a kernel, of a pointwise one too
    new = (bias - known["moving_mean"]) * scale + known.get("beta", 0.0)
    return [value.astype(np.float32) for value in (*kernels, new)]


def take_statistics(backbone: keras.Model, pixels: PixelStore, scaling: str, how: str) -> None:
    """Take a network's batch-norm statistics anew from all images, in batches (``mixed``).

    ``updated`` lets the weights' own statistics follow by each layer's momentum, as EPOCHS epochs
    of training in Keras before 2.1.3 did. ``reestimated`` forgets them: the mean over all batches
    takes their place. No label is used.
    """
    layers = [x for x in backbone.layers if isinstance(x, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in layers]
    before = [_statistics(layer) for layer in layers]
    forward = batch_statistics(backbone, scaling)
    object_ids = pixels.object_ids
    parts = batches(pixels.rows(object_ids)[mixed(object_ids)])
    for number, rows in enumerate(parts):
        if how == "reestimated":
            for layer in layers:
                layer.momentum = number / (number + 1)  # so the moving mean is that of all batches
        forward(pixels.batch(rows))
    for layer, value, first in zip(layers, momentum, before, strict=True):
        layer.momentum = value
        if how == "updated":  # no need for more turns: no batch's own statistics hang on these
            left = value ** len(parts)  # of the first ones, after an epoch
            more = (1 - left**EPOCHS) / (1 - left)
            followed = zip(
                (layer.moving_mean, layer.moving_variance), first, _statistics(layer), strict=True
            )
            for variable, old, new in followed:
                variable.assign(left**EPOCHS * old + more * (new - left * old))


def _statistics(layer: keras.layers.BatchNormalization) -> list[NDArray[np.float64]]:
    return [np.asarray(x, np.float64) for x in (layer.moving_mean, layer.moving_variance)]
