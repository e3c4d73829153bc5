"""Two ways to train, a head on features or the whole network, and the test that ends both.

The third, one network for several tasks, is in ``joint``; all leave the same files.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.job_settings import Training
from art_transfer.prepare.pixels import PixelStore
from art_transfer.settings import Method
from art_transfer.train import evaluation
from art_transfer.train.augmentation import AUGMENTATIONS
from art_transfer.train.backbones import HEAD, build, head, with_head
from art_transfer.train.evaluation import Tested
from art_transfer.train.fitting import Batches, Inputs, Reader, fit, probabilities
from art_transfer.train.scaling import moments, on_pixels
from art_transfer.train.scope import in_step, scope
from art_transfer.train.state import State


class Batched(Protocol):
    """Objects that can be trained and validated on."""

    def batches(self, split: str, batch_size: int, **how: Any) -> Batches:
        """The batches of one split, in its rows' order unless ``fitting.Batches`` is told how."""


@dataclass(frozen=True)
class Data:
    """The objects of one split table in one order, and how to read their inputs by position."""

    table: pd.DataFrame  # object_id, label, split
    read: Reader

    @property
    def classes(self) -> list[str]:
        """The class names in the order of the network's outputs."""
        return sorted(self.table["label"].unique())

    def batches(self, split: str, batch_size: int, **how: Any) -> Batches:
        """The batches of one split, in its rows' order unless ``fitting.Batches`` is told how."""
        positions = np.flatnonzero(self.table["split"] == split)
        numbers = pd.Index(self.classes).get_indexer(pd.Index(self.table["label"].iloc[positions]))

        def read(chosen: NDArray[np.int64]) -> Inputs:
            return self.read(positions[chosen])

        return Batches(read, numbers.astype(np.int64), batch_size, **how)


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    model: keras.Model  # from scaled pixels to probabilities
    tested: Tested


def train_head(
    training: Training,
    split: pd.DataFrame,
    features: NDArray[np.float32],
    file: str,
    state: State | None = None,
) -> Trained:
    """Train a softmax on features (n, |x|) whose rows are the split table's.

    This is "off the shelf" (paper, section 2.3). The model that is left is the whole network.
    Goes on from ``state``, and keeps it up to date.
    """
    width = features.shape[1]
    mean, deviation = np.zeros(width, np.float32), np.ones(width, np.float32)
    if training.method.standardize:
        mean, deviation = moments(features[(split["split"] == "train").to_numpy()])
        features = (features - mean) / deviation
    data = Data(split, lambda positions: features[positions])
    seed = training.run.seed
    inputs = keras.Input((width,))
    layer = head(len(data.classes), seed)
    small = keras.Model(inputs, layer(inputs))
    history = _fit(small, data, training.method, seed, state)
    whole = with_head(build(training.architecture, training.first, file), len(data.classes), seed)
    kernel, bias = layer.get_weights()
    kernel /= deviation[:, None]  # the whole network's features come as they are
    whole.get_layer(HEAD).set_weights([kernel, bias - mean @ kernel])
    best, size = kept_epoch(history, training.method), training.method.batch_size
    return tested(whole, small, data, history, best, len(history), size)


def fine_tune(
    training: Training,
    split: pd.DataFrame,
    pixels: PixelStore,
    file: str,
    state: State | None = None,
) -> Trained:
    """Train a whole network with its new head on pixels (paper, section 2.3).

    Goes on from ``state``, and keeps it up to date.
    """
    data = Data(split, pixel_reader(pixels, split["object_id"]))
    new_head = partial(with_head, classes=len(data.classes), seed=training.run.seed)
    model, history = train_network(training, data, new_head, file, state)
    best, size = kept_epoch(history, training.method), training.method.batch_size
    trained = fed_pixels(model, training)
    return tested(model, trained, data, history, best, len(history), size)


def fed_pixels(model: keras.Model, training: Training) -> keras.Model:
    """The network as it is trained and tested: fed pixels, by XLA if the method says so."""
    made = on_pixels(model, training.scaling)
    made.compile(jit_compile=training.method.jit_compile)  # Keras's own choice is another on GPUs
    return made


def pixel_reader(pixels: PixelStore, object_ids: Iterable[str]) -> Reader:
    """Read the pixels of these objects by position."""
    rows = pixels.rows(object_ids)
    return lambda positions: pixels.batch(rows[positions])


def train_network(
    training: Training,
    data: Batched,
    new_head: Callable[[keras.Model], keras.Model],
    file: str,
    state: State | None,
) -> tuple[keras.Model, pd.DataFrame]:
    """Train a whole network, and what ``new_head`` puts on its backbone; give its history too.

    ``file`` and ``state`` as for ``fine_tune``.
    """
    method = training.method
    backbone = build(training.architecture, training.first, file, partial(scope, method))
    in_step(backbone, method)
    with scope(method):
        model = new_head(backbone)
        fed = fed_pixels(model, training)
        seed = training.run.seed
        history = _fit(fed, data, method, seed, state, backbone)
    if method.mixed_precision != "none" or method.gpus > 1:  # what is left is for any machine
        weights = model.get_weights()
        model = new_head(build(training.architecture, training.first, file))
        model.set_weights(weights)
    return model, history


def thaw(backbone: keras.Model, method: Method) -> None:
    """Let the layers train that the method does not freeze.

    ``batch_norm: inference`` keeps those layers wholly as they came: their statistics, and their
    scales and offsets too, as Keras couples the two.
    """
    backbone.trainable = True
    weighted = [layer for layer in backbone.layers if layer.weights]
    if method.frozen_layers > len(weighted):
        raise StudyError(
            f"a method's `frozen_layers` is {method.frozen_layers}, but {backbone.name} has only "
            f"{len(weighted)} layers with weights"
        )
    for number, layer in enumerate(weighted):
        kept = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = number >= method.frozen_layers and not (
            kept and method.batch_norm == "inference"
        )


def _fit(
    model: keras.Model,
    data: Batched,
    method: Method,
    seed: int,
    state: State | None,
    backbone: keras.Model | None = None,
) -> pd.DataFrame:
    """Fit on the train split: first the head alone if the method says so, then what it thaws.

    ``backbone`` is the part of ``model`` below its head, if that is to be trained too.
    """
    change = AUGMENTATIONS[method.augmentation]
    how = {"seed": seed, "order": method.order, "change": change, "gpus": method.gpus}
    train = data.batches("train", method.batch_size, **how)
    validation = data.batches("validation", method.batch_size, gpus=method.gpus)
    warmup = []
    if backbone is not None:
        if method.head_warmup_epochs:
            backbone.trainable = False
            last = method.head_warmup_epochs
            patient = replace(method, patience=last)  # so many epochs, whatever they gain
            warmup = [fit(model, train, validation, patient, 1, last, state)]
        thaw(backbone, method)
    first = method.head_warmup_epochs + 1
    rest = fit(model, train, validation, method, first, method.epochs, state)
    return pd.concat([*warmup, rest])


def kept_epoch(history: pd.DataFrame, method: Method) -> int:
    """The epoch whose weights are kept once all is trained: of the smallest validation loss.

    Or the last one, if the method says so.
    """
    candidates = history[history["epoch"] > method.head_warmup_epochs]
    at = int(candidates["val_loss"].argmin()) if method.restore_best_weights else -1
    return int(candidates["epoch"].iloc[at])


def tested(
    model: keras.Model,
    trained: keras.Model,
    data: Data,
    history: pd.DataFrame,
    best: int,
    epochs: int,
    batch_size: int,
) -> Trained:
    """Test ``trained``, the weights of the epoch ``best``, on every test object of ``data``.

    ``model`` is the whole network, which is left; ``epochs`` is how many of the history this job
    has trained itself.
    """
    probability = {
        name: probabilities(trained, data.batches(name, batch_size))
        for name in ("test", "validation")
    }
    found = evaluation.tested(data.table, probability, history, best, epochs)
    return Trained(model, found)
