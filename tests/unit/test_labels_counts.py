"""The account of what was labelled, merged and left out, and when the study stops."""

import random

import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.prepare.labels import check_images, choose_labels
from builders import FILLER, choose, decisions, images_of, labels, objects_of, task


def test_rare_classes_are_left_out_and_counted_after_merging():
    cells = {"a": ["rare"], "b": ["Rare"], "c": ["scarce"], "d": ["Scarce"], "e": ["SCARCE"]}
    result = choose(cells, task(min_objects=3))
    assert set(result.labels["label"]) == {"filler", "stuffing", "SCARCE"}
    assert ("rare", "Rare", 1, "class of fewer than 3 objects") in decisions(result)
    assert set(choose(cells, task(min_objects=2)).labels["label"]) == {
        "filler",
        "stuffing",
        "SCARCE",
        "Rare",
    }


MESSY = {
    "a": ["oil"],
    "b": ["Oil"],
    "c": ["oil"],
    "d": ["unknown"],
    "e": [],
    "f": ["rare"],
    "g": ["oil"],
    "h": ["rare"],
    "i": ["printer: gold"],
    "j": [],
}
RULE = task(unknown=("unknown",), role_separator=": ")
STATUSES = {"g": "unreadable: broken image", "h": "missing: no file", "j": "missing: no file"}


def test_every_object_is_counted_in_each_filter_and_each_decision():
    result = choose(MESSY, RULE, STATUSES)
    assert result.filters.astype(object).where(
        result.filters.notna(), None
    ).to_numpy().tolist() == [
        ["in the museum", 16, None],
        ["with a readable image", 13, None],
        ["with a label", 11, 5],
        ["class of at least 3", 9, 3],
    ]
    assert decisions(result) == {
        ("oil", "oil", 2, "kept"),
        ("Oil", "oil", 1, "merged"),
        ("unknown", "", 1, "unknown"),
        ("", "", 1, "no value"),
        ("rare", "rare", 1, "class of fewer than 3 objects"),
        ("printer: gold", "gold", 1, "class of fewer than 3 objects"),
        ("oil", "oil", 1, "no readable image"),
        ("rare", "rare", 1, "no readable image"),
        ("", "", 1, "no readable image"),
    }
    assert result.decisions["objects"].sum() == 16
    kept = result.decisions["decision"].isin(["kept", "merged"])
    assert result.decisions.loc[kept, "objects"].sum() == len(result.labels) == 9


def test_the_account_is_in_the_order_in_which_one_reads_it():
    """By decision, the commonest first; then by value and label."""
    rule = task(unknown=("unknown",), role_separator=": ", drop_roles=("of",), choose="last")
    more = {
        "k": ["by: oil", "oil", "of: wood", "unknown"],
        "l": ["of: 3 cm"],
        "m": ["gold", "wood"],
        "n": ["stuffing"],
    }
    cells = {**MESSY, **more, **FILLER}
    images = images_of({**dict.fromkeys(cells, "ok"), **STATUSES})
    result = choose_labels(objects_of(cells), images, rule, "m")
    assert list(result.decisions.columns) == ["raw value", "label", "objects", "decision"]
    assert list(result.decisions.index) == list(range(17))
    assert list(result.decisions.itertuples(index=False, name=None)) == [
        ("printer: gold", "gold", 1, "class of fewer than 3 objects"),
        ("rare", "rare", 1, "class of fewer than 3 objects"),
        ("wood", "wood", 1, "class of fewer than 3 objects"),
        ("stuffing", "stuffing", 4, "kept"),
        ("filler", "filler", 3, "kept"),
        ("oil", "oil", 3, "kept"),
        ("Oil", "oil", 1, "merged"),
        ("", "", 1, "no readable image"),
        ("oil", "oil", 1, "no readable image"),
        ("rare", "rare", 1, "no readable image"),
        ("", "", 1, "no value"),
        ("of: …", "", 1, "no value with these roles"),
        ("of: …", "", 1, "passed over: another role"),
        ("by: oil", "", 1, "passed over: not the last"),
        ("gold", "", 1, "passed over: not the last"),
        ("unknown", "", 1, "passed over: unknown"),
        ("unknown", "", 1, "unknown"),
    ]
    assert list(result.filters.columns) == ["step", "objects", "classes"]
    assert result.filters["objects"].tolist() == [20, 17, 14, 11]
    labels = [("a", "oil"), ("b", "oil"), ("c", "oil"), ("k", "oil")]
    assert list(result.labels.itertuples(index=False, name=None))[:4] == labels


def test_the_first_five_bad_images_are_told_by_id():
    images = images_of({f"o{n}": "missing" for n in reversed(range(7))})
    with pytest.raises(StudyError) as caught:
        check_images(images, 0.99, "museum")
    assert str(caught.value).splitlines()[1:] == [f"  o{n}: missing" for n in range(5)]


def test_an_object_whose_image_nobody_lists_has_none():
    images = images_of(dict.fromkeys(FILLER, "ok"))
    result = choose_labels(objects_of({"a": ["filler"], **FILLER}), images, task(), "m")
    assert set(result.labels["object_id"]) == set(FILLER)


def test_an_unreadable_image_does_not_help_its_class_over_the_threshold():
    cells = {name: ["oil"] for name in "abc"}
    assert set(labels(cells, task())) == set("abc")
    assert labels(cells, task(), statuses={"c": "unreadable: empty file"}) == {}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_changes_nothing(seed):
    rule = task(unknown=("unknown",), role_separator=": ", permute_labels=seed == 4)
    expected = choose(MESSY, rule, STATUSES)
    every = list({**MESSY, **FILLER}.items())
    random.Random(seed).shuffle(every)
    images = images_of({**dict.fromkeys(dict(every), "ok"), **STATUSES})
    got = choose_labels(
        objects_of(dict(every)), images.sample(frac=1, random_state=seed), rule, "m"
    )
    pd.testing.assert_frame_equal(got.labels, expected.labels)
    pd.testing.assert_frame_equal(got.decisions, expected.decisions)
    pd.testing.assert_frame_equal(got.filters, expected.filters)
    assert got.labels["object_id"].is_monotonic_increasing


def test_permuted_labels_keep_the_sizes_of_classes_and_nothing_else():
    cells = {f"o{n:03}": [["oil", "gold", "wood", "oil"][n % 4]] for n in range(200)}
    plain, mixed = choose(cells, task()).labels, choose(cells, task(permute_labels=True)).labels
    assert mixed["object_id"].tolist() == plain["object_id"].tolist()
    assert mixed["label"].value_counts().to_dict() == plain["label"].value_counts().to_dict()
    agree = (mixed["label"] == plain["label"]).mean()
    assert 0.25 < agree < 0.5  # by chance 1/2 * 1/2 + 2 * (1/4 * 1/4) = 0.375
    again = choose(cells, task(permute_labels=True)).labels
    pd.testing.assert_frame_equal(again, mixed)
    pinned = "gold oil gold wood oil wood oil oil"  # the same on any host
    assert " ".join(mixed["label"].head(8)) == pinned


@pytest.mark.parametrize(
    ("cells", "count"),
    [({}, 0), ({"a": []}, 0), ({"a": ["x"], "b": ["x"], "c": ["x"]}, 1), ({"a": ["x"]}, 0)],
)
def test_fewer_than_two_classes_is_a_message(cells, count):
    images = images_of(dict.fromkeys(cells, "ok"))
    with pytest.raises(StudyError) as caught:
        choose_labels(objects_of(cells), images, task(), "antwerp, task material")
    values = sum(map(len, cells.values()))
    assert str(caught.value) == (
        f"antwerp, task material: {count} classes are left of {len(cells)} objects, and a task "
        f"needs two. Their metadata field `materials` has {values} values; see the task's "
        "`unknown`, `roles`, `drop_roles` and `min_objects` (3) in the config."
    )


def test_too_many_unreadable_images_stop_the_study_with_ids_and_reasons():
    statuses = {f"o{n:03}": "ok" for n in range(96)}
    statuses |= {"bad2": "unreadable: empty file", "bad1": "missing: there is no file b.jpg"}
    images = images_of(statuses)
    check_images(images, 2 / 98, "museum")
    with pytest.raises(StudyError) as caught:
        check_images(images, 0.02, "museum")
    assert str(caught.value).splitlines() == [
        "collection museum: 2 of 98 images cannot be used, more than `max_unreadable_share` (0.02) "
        "allows; resources/museum/images/*.csv list them all, the first are:",
        "  bad1: missing: there is no file b.jpg",
        "  bad2: unreadable: empty file",
    ]


@pytest.mark.parametrize("percent", [0, 1, 7, 29, 57, 100])
def test_exactly_the_allowed_share_is_allowed(percent):
    bad = {f"b{n:03}": "missing" for n in range(percent)}
    images = images_of({**bad, **{f"o{n:03}": "ok" for n in range(100 - percent)}})
    check_images(images, percent / 100, "museum")
    if percent:
        with pytest.raises(StudyError, match=f"{percent} of 100"):
            check_images(images, (percent - 0.5) / 100, "museum")


def test_no_images_are_not_too_many_unreadable_ones():
    check_images(images_of({}), 0.0, "museum")
