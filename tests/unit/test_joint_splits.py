"""Who is trained on, and with which labels, where one network is trained for several tasks."""

from collections.abc import Iterable

import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.formats import JOINT_SPLITS
from art_transfer.prepare.joint_splits import joint_splits
from hypothesis import given
from hypothesis import strategies as st

PARTS = ("train", "validation", "test")


def split(**parts: str) -> pd.DataFrame:
    """A split table: the objects, each one letter, of each split; their label is ``is LETTER``."""
    rows = [(letter, f"is {letter}", part) for part in parts for letter in parts[part]]
    return pd.DataFrame(rows, columns=["object_id", "label", "split"])


def found(table: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(table[["object_id", "task", "split"]].itertuples(index=False, name=None))


def counted(task: str, part: str, letters: str) -> Iterable[tuple[str, str, str]]:
    return ((letter, task, part) for letter in letters)


#   material:  a-h train, i-k validation, l-n test
#   type:      b is tested there, c validated; i and l are trained on; o only has a type
MATERIAL = split(train="abcdefgh", validation="ijk", test="lmn")
TYPE = split(train="adeilo", validation="cjm", test="bkn")


def test_the_strictest_split_of_an_object_says_which_of_its_labels_count():
    table = joint_splits({"material": MATERIAL, "type": TYPE}, "museum")
    assert list(table) == JOINT_SPLITS
    assert found(table) == {
        *counted("material", "train", "adefgh"),  # not b and c
        *counted("type", "train", "adeo"),  # not i and l
        *counted("material", "validation", "ij"),  # not k
        *counted("type", "validation", "cj"),  # not m
    }
    assert (table["label"] == "is " + table["object_id"]).all()


def test_near_duplicates_of_a_tested_object_are_not_trained_on_where_they_count_as_one():
    groups = pd.DataFrame({"object_id": ["a", "l", "e", "i"], "group": ["a", "a", "e", "e"]})
    table = joint_splits({"material": MATERIAL, "type": TYPE}, "museum", groups)
    alone = joint_splits({"material": MATERIAL, "type": TYPE}, "museum")
    gone = {*counted("material", "train", "ae"), *counted("type", "train", "ae")}
    assert found(table) == found(alone) - gone


SPLITS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(PARTS), min_size=1)


@given(st.lists(SPLITS, min_size=2, max_size=3))
def test_nobody_is_seen_whom_a_task_tests_nor_trained_on_whom_one_validates_on(parts):
    every = {"z0": "train", "z1": "validation"}  # so that no task is left without objects
    splits = {
        f"task{number}": pd.DataFrame(
            [(name, f"{name}{number}", part) for name, part in {**given, **every}.items()],
            columns=["object_id", "label", "split"],
        )
        for number, given in enumerate(parts)
    }
    table = joint_splits(splits, "museum")
    whole = pd.concat([part.assign(task=task) for task, part in splits.items()])
    seen = whole.groupby("object_id")["split"].agg(set)
    expected = whole[
        [
            part != "test"
            and "test" not in seen[name]
            and (part == "validation" or "validation" not in seen[name])
            for name, part in zip(whole["object_id"], whole["split"], strict=True)
        ]
    ]
    assert found(table) == found(expected)
    assert table.groupby("object_id")["split"].nunique().eq(1).all()
    shuffled = {task: part.sample(frac=1, random_state=0) for task, part in splits.items()}
    pd.testing.assert_frame_equal(joint_splits(shuffled, "museum"), table)


def test_a_task_whose_every_object_another_one_needs_is_a_message():
    crossed = split(train="lmn", validation="abc", test="defghijk")
    words = "museum: together with type, the task material has no object left in its train split"
    with pytest.raises(StudyError, match=words):
        joint_splits({"material": MATERIAL, "type": crossed}, "museum")
