"""Training by Keras's own loop, with an order of objects that comes from (seed, epoch) alone."""

import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.formats import HISTORY
from art_transfer.settings import Method, Optimizer
from art_transfer.train.backbones import head_of
from art_transfer.train.state import Keeper, State

Inputs = NDArray[np.float32] | NDArray[np.uint8]
Reader = Callable[[NDArray[np.int64]], Inputs]
"""Gives the inputs at some positions: features, or pixels."""

HEAD_STEPS = 32
"""Steps of a head that TensorFlow does at a time: each takes less than what Python needs between
two. They are the same steps, with the same bits."""

Change = Callable[[Inputs, np.random.Generator], Inputs]
"""Changes the inputs of a batch at random."""


AHEAD = 2
"""Batches that are made while a step computes."""


class Batches:
    """Inputs and class numbers in batches; the last batch may be smaller, nothing is dropped."""

    def __init__(
        self,
        read: Reader,
        classes: NDArray[np.int64],
        batch_size: int,
        seed: int = 0,
        order: str = "given",
        change: Change | None = None,
        gpus: int = 1,
    ) -> None:
        """``classes`` (n,) are in the order of positions; ``order`` as a method's, or theirs.

        ``change`` is made to the inputs of each batch, at random from ``seed``. The first batch
        has as many objects for each of ``gpus``, for Keras builds a network on their mean: fewer
        than ``batch_size`` where there are not as many.
        """
        self._read, self.classes = read, classes
        self._batch_size = min(batch_size, max(1, len(classes) // gpus) * gpus)
        self._seed, self._kind, self._change = seed, order, change
        self.epoch = 1
        self._deal()

    def __len__(self) -> int:
        """The number of batches."""
        return -(-len(self.classes) // self._batch_size)

    @property
    def last(self) -> int:
        """How many objects the last batch has."""
        return len(self.classes) - (len(self) - 1) * self._batch_size

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """One batch: inputs and their targets."""
        start = index * self._batch_size
        positions = self._order[start : start + self._batch_size]
        inputs = self._read(positions)
        if self._change is not None:
            # From 1 on: NumPy takes [seed, epoch, 0] for the [seed, epoch] that dealt the order.
            key = [self._seed, self.epoch, index + 1]
            inputs = self._change(inputs, np.random.default_rng(key))
        return inputs, *self.targets(positions)

    def targets(self, positions: NDArray[np.int64]) -> tuple[Any, ...]:
        """What Keras takes beside the inputs at these positions: class numbers."""
        return (self.classes[positions],)

    def dataset(self) -> tf.data.Dataset:
        """The batches for Keras to go through, in the order of the epoch that was started last.

        Keras makes the same of its own PyDataset, but lets TensorFlow tune it as it runs. The end
        of an epoch waits for the thread that tunes, which sleeps twice as long each time, up to a
        minute (TensorFlow 2.21): short epochs took up to twice their time.
        """
        kinds = keras.tree.map_structure(
            lambda part: tf.TensorSpec((None, *part.shape[1:]), part.dtype), self[0]
        )
        data = tf.data.Dataset.from_generator(
            lambda: map(self.__getitem__, range(len(self))), output_signature=kinds
        )
        options = tf.data.Options()
        options.autotune.enabled = False
        known = data.apply(tf.data.experimental.assert_cardinality(len(self)))
        return known.prefetch(AHEAD).with_options(options)

    def start(self, epoch: int) -> None:
        """Take the order of ``epoch``, counted from 1."""
        self.epoch = epoch
        self._deal()

    def _deal(self) -> None:
        # A fixed order is a shuffled one that stays: by id, objects often come sorted by class.
        epoch = 0 if self._kind == "fixed" else self.epoch
        count, random = len(self.classes), np.random.default_rng([self._seed, epoch])
        if self._kind == "given":
            self._order = np.arange(count)
        elif self._kind in ("fixed", "shuffled"):
            self._order = random.permutation(count)
        else:
            share = 1 / np.bincount(self.classes)[self.classes]
            self._order = random.choice(count, size=count, p=share / share.sum())


def fit(
    model: keras.Model,
    train: Batches,
    validation: Batches,
    method: Method,
    first_epoch: int,
    last_epoch: int,
    state: State | None = None,
) -> pd.DataFrame:
    """Train from ``first_epoch`` to at most ``last_epoch``; give the history of these epochs.

    Its columns are ``history_columns``.

    Stops when the validation loss has not fallen for ``patience`` epochs, and leaves the weights
    of the epoch with the smallest one (paper, section 2.3), or the last's if the method says so.
    Goes on from ``state`` if that holds one of these epochs, and does nothing if it holds a later
    one, whose call restores the weights.

    Raises StudyError when the loss is no longer a number, and when the job is told to end.
    """
    assert method.optimizer is not None  # checks.py
    steps = len(train), last_epoch - first_epoch + 1
    model.compile(
        optimizer=make_optimizer(method.optimizer, learning_rate(method, *steps)),
        jit_compile=method.jit_compile,
        steps_per_execution=HEAD_STEPS if method.kind == "head" else 1,
        **objective(method),
    )
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss",
        patience=method.patience,
        restore_best_weights=method.restore_best_weights,
    )
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: train.start(epoch + 1))
    keeper = Keeper(state, stopping, first_epoch, last_epoch)
    if not keeper.over:
        with keeper.listening():
            model.fit(
                train.dataset(),
                validation_data=validation.dataset(),
                initial_epoch=keeper.first - 1,
                epochs=keeper.last,
                shuffle=False,  # the order is the dataset's own
                callbacks=[order, stopping, keras.callbacks.TerminateOnNaN(), keeper],
                verbose=1 if sys.stdout.isatty() else 2,
            )
    values = pd.DataFrame(keeper.rows).reindex(columns=history_columns(method))
    finite = np.isfinite(values.to_numpy(dtype=float)).all(axis=1)
    if not finite.all():
        epoch = values["epoch"][~finite].iloc[0]
        raise StudyError(
            f"the loss is no longer a number in epoch {epoch}; a smaller learning rate than "
            f"{method.optimizer.learning_rate} may help, or another `batch_size` where batch "
            f"normalisation sees few objects: an epoch's last batch has {train.last}"
        )
    return values


def objective(method: Method) -> dict[str, Any]:
    """What Keras compiles of a method's loss and what it counts, of one softmax or of several."""
    loss = make_loss(method.label_smoothing)
    if not method.loss_weights:
        return {"loss": loss, "metrics": ["accuracy"]}
    heads = {head_of(task): weight for task, weight in method.loss_weights.items()}
    each = keras.losses.get(loss)
    return {
        "loss": dict.fromkeys(heads, loss),
        "loss_weights": heads,
        # Keras's own losses by output count all batches alike, though the last one is smaller.
        "weighted_metrics": {
            name: [keras.metrics.MeanMetricWrapper(each, name="mean_loss"), "accuracy"]
            for name in heads
        },
    }


def history_columns(method: Method) -> list[str]:
    """HISTORY; for several tasks the sum of losses, and each softmax's own loss and accuracy."""
    if not method.loss_weights:
        return HISTORY
    names = ("mean_loss", "accuracy")
    heads = [f"{head_of(task)}_{name}" for task in method.loss_weights for name in names]
    return ["epoch", "loss", *heads, "val_loss", *(f"val_{name}" for name in heads)]


def learning_rate(method: Method, batches: int, epochs: int) -> Any:
    """A method's learning rate: a number, or Keras's schedule over epochs of so many batches.

    The cosine falls to zero after ``epochs``, even if early stopping ends the training before.
    """
    assert method.optimizer is not None  # checks.py
    rate = method.optimizer.learning_rate
    if method.schedule == "constant":
        return rate
    rising = min(method.schedule_warmup_epochs, epochs - 1) * batches
    falling = epochs * batches - rising
    if not rising:
        return keras.optimizers.schedules.CosineDecay(rate, falling)
    return keras.optimizers.schedules.CosineDecay(
        0.0, falling, warmup_target=rate, warmup_steps=rising
    )


def make_loss(smoothing: float) -> Any:
    """Keras's cross-entropy of class numbers, smoothed or not (Szegedy et al. 2016, section 7)."""
    if not smoothing:
        return "sparse_categorical_crossentropy"

    def smoothed(truth: keras.KerasTensor, probability: keras.KerasTensor) -> keras.KerasTensor:
        one_hot = keras.ops.one_hot(keras.ops.reshape(truth, (-1,)), probability.shape[-1])
        return keras.losses.categorical_crossentropy(
            one_hot, probability, label_smoothing=smoothing
        )

    return smoothed


def make_optimizer(settings: Optimizer, rate: Any) -> keras.optimizers.Optimizer:
    """The optimiser as Keras builds it, with this learning rate."""
    if settings.name == "sgd":
        return keras.optimizers.SGD(rate, settings.momentum, settings.nesterov)
    if settings.name == "rmsprop":
        return keras.optimizers.RMSprop(rate, settings.rho, settings.momentum, settings.epsilon)
    if settings.name == "adamw":
        return keras.optimizers.AdamW(rate, settings.weight_decay, epsilon=settings.epsilon)
    return keras.optimizers.Adam(rate, epsilon=settings.epsilon)


def probabilities(model: keras.Model, data: Batches) -> NDArray[np.float32]:
    """The probability of each class for each object, (n, classes), in the order of positions."""
    return np.concatenate([model.predict_on_batch(data[index][0]) for index in range(len(data))])
