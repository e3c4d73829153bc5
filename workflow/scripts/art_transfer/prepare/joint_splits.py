"""Whose labels count where one network is trained for several tasks at once."""

from collections.abc import Mapping

import pandas as pd

from art_transfer.errors import StudyError
from art_transfer.formats import JOINT_SPLITS
from art_transfer.prepare.splits import SPLIT_NAMES

_STRICTNESS = {name: number for number, name in enumerate(SPLIT_NAMES)}


def joint_splits(
    splits: Mapping[str, pd.DataFrame], name: str, groups: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The labels that a network of several tasks is trained on, and those that choose its epoch.

    ``splits`` are the tasks' own (formats.SPLITS), which may differ for an object. Nobody is seen
    in training whom any of the tasks tests or validates on, and nobody in validation whom any
    tests: the network would know the image before it is asked. So an object belongs to the
    strictest of its splits, where test is stricter than validation and that than train, and its
    labels count that have this split; test objects are left out. The objects of one of ``groups``
    (formats.DUPLICATES) are taken for one. Columns: those of JOINT_SPLITS, sorted by object and
    task. ``name`` says in messages whose splits these are. Raises StudyError where a task has no
    label left to train on, or none to choose the epoch by.
    """
    table = pd.concat([split.assign(task=task) for task, split in splits.items()])
    unit = table["object_id"]
    if groups is not None:
        unit = unit.map(groups.set_index("object_id")["group"]).fillna(unit)
    strictness = table["split"].map(_STRICTNESS)
    strictest = strictness.groupby(unit.to_numpy()).transform("max")
    counts = table[(strictness == strictest) & (table["split"] != "test")]
    for task in splits:
        found = set(counts.loc[counts["task"] == task, "split"])
        for part in ("train", "validation"):
            if part not in found:
                raise StudyError(
                    f"{name}: together with {', '.join(t for t in splits if t != task)}, the task "
                    f"{task} has no object left in its {part} split: the others test or validate "
                    "on each of them. Leave a task out of `loss_weights`, or take more objects"
                )
    return counts[JOINT_SPLITS].sort_values(["object_id", "task"], ignore_index=True)
