"""The two ways to train: a head on features, or the whole network; both leave the same files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

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
from art_transfer.train.fitting import Batches, Reader, fit, probabilities
from art_transfer.train.scaling import moments, scale
from art_transfer.train.scope import scope
from art_transfer.train.state import State


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
        """The batches of one split, in a fixed order unless ``fitting.Batches`` is told how."""
        positions = np.flatnonzero(self.table["split"] == split)
        numbers = pd.Index(self.classes).get_indexer(pd.Index(self.table["label"].iloc[positions]))

        def read(chosen: NDArray[np.int64]) -> NDArray[np.float32]:
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
    history = _fit(small, data, training.method, seed, lambda: None, state)
    whole = with_head(build(training.architecture, training.first, file), len(data.classes), seed)
    kernel, bias = layer.get_weights()
    kernel /= deviation[:, None]  # the whole network's features come as they are
    whole.get_layer(HEAD).set_weights([kernel, bias - mean @ kernel])
    return _tested(whole, small, data, history, training)


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
    rows = pixels.rows(split["object_id"])
    data = Data(split, lambda positions: scale(pixels.batch(rows[positions]), training.scaling))
    seed, method = training.run.seed, training.method
    backbone = build(training.architecture, training.first, file, partial(scope, method))
    with scope(method):
        model = with_head(backbone, len(data.classes), seed)
        history = _fit(model, data, method, seed, lambda: thaw(backbone, method), state)
    if method.mixed_precision != "none" or method.gpus > 1:  # what is left is for any machine
        weights = model.get_weights()
        backbone = build(training.architecture, training.first, file)
        model = with_head(backbone, len(data.classes), seed)
        model.set_weights(weights)
    return _tested(model, model, data, history, training)


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
    data: Data,
    method: Method,
    seed: int,
    thaw: Callable[[], None],
    state: State | None,
) -> pd.DataFrame:
    """Fit on the train split: first the head alone if the method says so, then what it thaws."""
    change = AUGMENTATIONS[method.augmentation]
    how = {"seed": seed, "order": method.order, "change": change}
    train = data.batches("train", method.batch_size, **how)
    validation = data.batches("validation", method.batch_size)
    warmup = []
    if method.head_warmup_epochs:
        for layer in model.layers:
            layer.trainable = layer.name == HEAD
        warmup = [fit(model, train, validation, method, 1, method.head_warmup_epochs, state)]
    thaw()
    first = method.head_warmup_epochs + 1
    rest = fit(model, train, validation, method, first, method.epochs, state)
    return pd.concat([*warmup, rest])


def _tested(
    model: keras.Model, tested: keras.Model, data: Data, history: pd.DataFrame, training: Training
) -> Trained:
    """Test the weights of the epoch that early stopping chose, on every object of the split."""
    method = training.method
    candidates = history[history["epoch"] > method.head_warmup_epochs]
    best = int(candidates["epoch"].iloc[int(candidates["val_loss"].argmin())])
    probability = {
        name: probabilities(tested, data.batches(name, method.batch_size))
        for name in ("test", "validation")
    }
    return Trained(model, evaluation.tested(data.table, probability, history, best))
