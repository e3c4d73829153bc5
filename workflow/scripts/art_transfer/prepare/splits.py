"""Who is trained on, who chooses the epoch, and who is tested.

Every object has two numbers that come from a hash of the seed and its id alone: a side, low or
high with even chances, and a place in a line. So a split does not depend on row order, platform,
collection size or other tasks.

``stratified`` deals out each class by itself. Test objects come from the low end of the line and
validation objects from the high end: as many as a fifth of the class's low, or high, side (a tenth
of the class on average), rounded, and at least one. A side of fewer than ten objects gives one;
so a class of 3 to 9 objects gives one each to test and validation, and the rest to train. Since a
further object joins one side only, at most one other object of its class changes its split; exact
tenths cannot have that property (docs/splits.md, with the one exception: a class of ten or more
whose objects all lie on one side, a chance of less than 1 in 500, may change two).
"""

import hashlib
from pathlib import Path

import pandas as pd

from art_transfer.errors import StudyError
from art_transfer.formats import JOINT_SPLITS, SPLITS, read_csv
from art_transfer.job_settings import UsedSplit

SPLIT_NAMES = ("train", "validation", "test")


def split(
    labels: pd.DataFrame, seed: int, rule: str, name: str, groups: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Deal out labelled objects.

    ``labels`` has the columns object_id and label; the result has ``formats.SPLITS``'s, sorted by
    object_id, without the classes that do not occur in all three splits (paper, section 2.2).
    ``name`` says in messages what is split. The objects of one of ``groups`` (formats.DUPLICATES)
    go to one split: the group is dealt out like an object that has the group's name as its id, and
    the class of the least id among its labelled objects. Raises StudyError where fewer than two
    classes occur in all three.
    """
    if groups is None:
        table = labels.assign(split=_dealt(labels, seed, rule))
    else:
        group_of = groups.set_index("object_id")["group"]
        units = labels["object_id"].map(group_of).fillna(labels["object_id"])
        ordered = labels.assign(unit=units).sort_values("object_id")
        heads = ordered.drop_duplicates("unit")[["unit", "label"]]
        heads = heads.rename(columns={"unit": "object_id"})
        dealt = heads.assign(split=_dealt(heads, seed, rule)).set_index("object_id")["split"]
        table = labels.assign(split=units.map(dealt))
    everywhere = table.groupby("label")["split"].nunique() == len(SPLIT_NAMES)
    kept = table[table["label"].map(everywhere)]
    if kept["label"].nunique() < 2:
        raise StudyError(
            f"{name}: {kept['label'].nunique()} classes occur in all three splits under "
            f"`splits.rule: {rule}` with seed {seed}, and a task needs two"
        )
    return kept.sort_values("object_id", ignore_index=True)[["object_id", "label", "split"]]


def checked_split(table: pd.DataFrame, path: str | Path) -> pd.DataFrame:
    """A split table, unless it was edited into one that cannot be trained on."""
    wrong = sorted(set(table["split"]) - set(SPLIT_NAMES))
    nameless = table["object_id"] == ""
    repeated = table["object_id"][table["object_id"].duplicated() | nameless].tolist()
    everywhere = table.groupby("label")["split"].nunique() == len(SPLIT_NAMES)
    lacking = everywhere.index[~everywhere].tolist()
    if wrong or repeated or lacking or len(everywhere) < 2:
        raise StudyError(
            f"{path}: unknown splits {wrong[:5]}, repeated objects {repeated[:5]}, classes that "
            f"are not in all three splits {lacking[:5]}; expected none of these, and at least two "
            f"classes, not {len(everywhere)}. Delete the file to have it made again."
        )
    return table


def thinned(table: pd.DataFrame, kept: float, seed: int) -> pd.DataFrame:
    """A split table with a share of each class's train objects, one at least.

    ``kept`` is 0-1. Which objects stay comes from the seed and their ids alone, so that a smaller
    share lies within a larger one. The test and validation objects stay.
    """
    train = table[table["split"] == "train"]
    place = pd.Series([_hash("kept", seed, name) for name in train["object_id"]], train.index)
    rank = place.groupby(train["label"]).rank(method="first")
    size = train.groupby("label")["object_id"].transform("size")
    gone = train.index[rank > (size * kept).round().clip(lower=1)]
    return table.drop(index=gone).reset_index(drop=True)


def read_split(path: str | Path, kept: float, seed: int) -> pd.DataFrame:
    """Read a split as a training for one task sees it: checked, and ``thinned``."""
    return thinned(checked_split(read_csv(path, SPLITS), path), kept, seed)


def used_split(used: UsedSplit) -> pd.DataFrame:
    """A run's split as its training saw it: what was left out of training is not in it.

    Columns: formats.SPLITS. Raises StudyError where a file is none.
    """
    split = read_split(used.path, used.share, used.seed)
    if not used.joint:
        return split
    return of_one_task(read_csv(used.joint, JOINT_SPLITS), split, used.task)


def trained_on(used: UsedSplit, split: pd.DataFrame) -> set[str]:
    """The objects that a run was trained on; with several tasks at once, those of each of them.

    ``split`` is its own (``used_split``).
    """
    learned = read_csv(used.joint, JOINT_SPLITS) if used.joint else split
    return set(learned.loc[learned["split"] == "train", "object_id"])


def of_one_task(joint: pd.DataFrame, split: pd.DataFrame, task: str) -> pd.DataFrame:
    """The split of one of several tasks that were trained at once: what counted of it, and its test
    objects. ``joint`` has the columns of formats.JOINT_SPLITS, ``split`` is the task's own."""
    own = joint.loc[joint["task"] == task, SPLITS]
    tested = split.loc[split["split"] == "test", SPLITS]
    return pd.concat([own, tested]).sort_values("object_id", ignore_index=True)


def share(side: int) -> int:
    """How many objects a side of a class gives away: one, or from ten on a fifth, rounded."""
    return 1 if side < 10 else (side + 2) // 5


def _dealt(labels: pd.DataFrame, seed: int, rule: str) -> pd.Series:
    """The split of each labelled object, or group, by the index of ``labels``."""
    table = labels.assign(
        **{
            column: [_hash(column, seed, object_id) for object_id in labels["object_id"]]
            for column in ("side", "place")
        }
    ).sort_values("place")
    if rule == "stratified":
        return _dealt_by_sides(table)
    return _dealt_in_line(table, 0.1, 0.1 if rule == "random_80_10_10" else 0.09)


def _dealt_by_sides(table: pd.DataFrame) -> pd.Series:
    """The split of each object of all classes; ``table`` is in the order of the line."""
    sides = table.assign(high=table["side"] % 2 == 1)
    ordered = sides.sort_values(["label", "high"], kind="stable")
    classes = ordered.groupby("label")["high"]
    place, size, high = classes.cumcount(), classes.transform("size"), classes.transform("sum")
    dealt = pd.Series("train", index=ordered.index)
    dealt[place >= size - high.map(share)] = "validation"
    dealt[place < (size - high).map(share)] = "test"
    return dealt


def _dealt_in_line(table: pd.DataFrame, test: float, validation: float) -> pd.Series:
    """Random splits without regard to classes, as the paper's authors' code made them."""
    n_test, n_validation = round(len(table) * test), round(len(table) * validation)
    dealt = pd.Series("train", index=table.index)
    dealt.iloc[:n_test] = "test"
    dealt.iloc[n_test : n_test + n_validation] = "validation"
    return dealt


def _hash(what: str, seed: int, object_id: str) -> int:
    digest = hashlib.sha256(f"{what}/{seed}/{object_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1  # fits a signed integer
