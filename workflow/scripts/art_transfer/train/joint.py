"""One network for several tasks: a backbone with a softmax each, trained at once, tested singly.

Objects without a label of a task, or whose label must not be seen (``prepare.joint_splits``), weigh
nothing in that task's loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.formats import HISTORY
from art_transfer.job_settings import FirstWeights, Training
from art_transfer.prepare.pixels import PixelStore
from art_transfer.prepare.splits import of_one_task
from art_transfer.train.backbones import HEAD, build, head_of, with_head, with_heads
from art_transfer.train.checkpoint import read_checkpoint
from art_transfer.train.fitting import Batches, Inputs, Reader
from art_transfer.train.state import State
from art_transfer.train.training import (
    Data,
    Trained,
    fed_pixels,
    kept_epoch,
    pixel_reader,
    tested,
    train_network,
)

UNKNOWN = -1
"""Stands for the class number of a label that does not count."""


class JointBatches(Batches):
    """Inputs and the class numbers of several tasks, each with its weight in its task's loss.

    Labels that count weigh so much that a task's loss over an epoch is the mean over its own
    labels, however few they are; the others weigh nothing.
    """

    def __init__(
        self,
        read: Reader,
        classes: NDArray[np.int64],
        tasks: tuple[str, ...],
        batch_size: int,
        **how: Any,
    ) -> None:
        """``classes`` is (n, tasks), UNKNOWN where a label does not count; ``how`` as Batches."""
        super().__init__(read, classes, batch_size, **how)
        self._tasks, known = tasks, (classes != UNKNOWN).sum(axis=0)
        self._weight = (len(classes) / known).astype(np.float32)

    def targets(self, positions: NDArray[np.int64]) -> tuple[Any, ...]:
        """Class numbers and weights of these objects, each by the softmax's name."""
        numbers = self.classes[positions]
        weights = np.where(numbers == UNKNOWN, 0, self._weight).astype(np.float32)
        columns = list(enumerate(map(head_of, self._tasks)))
        return (
            {name: np.maximum(numbers[:, place], 0) for place, name in columns},
            {name: weights[:, place] for place, name in columns},
        )


@dataclass(frozen=True)
class JointData:
    """The objects of a table of joint splits in the order of their ids, as ``training.Data``."""

    table: pd.DataFrame  # formats.JOINT_SPLITS
    classes: Mapping[str, list[str]]  # by task, in the order of its softmax
    read: Reader

    def batches(self, split: str, batch_size: int, **how: Any) -> JointBatches:
        """The batches of one split, in its rows' order unless ``fitting.Batches`` is told how."""
        objects = self.table.drop_duplicates("object_id").reset_index(drop=True)
        positions = np.flatnonzero(objects["split"] == split)
        ids = objects["object_id"].iloc[positions]
        numbers = np.full((len(ids), len(self.classes)), UNKNOWN)
        for place, (task, names) in enumerate(self.classes.items()):
            own = self.table[(self.table["task"] == task) & (self.table["split"] == split)]
            rows = pd.Index(ids).get_indexer(pd.Index(own["object_id"]))
            numbers[rows, place] = pd.Index(names).get_indexer(pd.Index(own["label"]))

        def read(chosen: NDArray[np.int64]) -> Inputs:
            return self.read(positions[chosen])

        return JointBatches(read, numbers, tuple(self.classes), batch_size, **how)


@dataclass(frozen=True)
class Joint:
    """A finished training for several tasks."""

    model: keras.Model  # from scaled pixels to each task's probabilities, by its softmax's name
    history: pd.DataFrame  # fitting.history_columns
    best_epoch: int
    classes: Mapping[str, list[str]]
    images: int  # how many passed through the network


def train_joint(
    training: Training,
    classes: Mapping[str, list[str]],
    table: pd.DataFrame,
    pixels: PixelStore,
    file: str,
    state: State | None = None,
) -> Joint:
    """Train one network for all tasks of the method on pixels.

    ``classes`` are the names of each task's classes, in the tasks' order, ``table`` the joint
    splits. The losses are summed with the method's ``loss_weights``, and the sum on the validation
    objects chooses the epoch, unless the method keeps the last. Goes on from ``state``, and keeps
    it up to date.
    """
    ids = table["object_id"].drop_duplicates()
    data = JointData(table, classes, pixel_reader(pixels, ids))
    counts = {task: len(names) for task, names in classes.items()}
    new_heads = partial(with_heads, classes=counts, seed=training.run.seed)
    model, history = train_network(training, data, new_heads, file, state)
    best = kept_epoch(history, training.method)
    return Joint(model, history, best, classes, len(ids) * len(history))


def tested_on_task(
    training: Training,
    split: pd.DataFrame,
    table: pd.DataFrame,
    history: pd.DataFrame,
    pixels: PixelStore,
    file: str,
) -> Trained:
    """Test the network in ``file`` that ``train_joint`` left on one task: its run like any other.

    ``split`` is the task's own split, whose test objects all count; ``table`` and ``history`` are
    those of the joint training. The model that is left has this task's softmax alone.
    """
    task, method = training.run.task, training.method
    objects = of_one_task(table, split, task)
    data = Data(objects, pixel_reader(pixels, objects["object_id"]))
    backbone = build(training.architecture, FirstWeights("run", 0), file)
    model = with_head(backbone, len(data.classes), training.run.seed)
    softmax = read_checkpoint(file).get_layer(head_of(task))
    model.get_layer(HEAD).set_weights(softmax.get_weights())
    best = kept_epoch(history, method)
    trained = fed_pixels(model, training)
    return tested(model, trained, data, of_task(history, task), best, 0, method.batch_size)


def of_task(history: pd.DataFrame, task: str) -> pd.DataFrame:
    """The history of one task in a joint training, with the columns of HISTORY."""
    name = head_of(task)
    columns = [f"{name}_mean_loss", f"{name}_accuracy"]
    found = history[["epoch", *columns, *(f"val_{column}" for column in columns)]]
    return found.set_axis(HISTORY, axis="columns")
