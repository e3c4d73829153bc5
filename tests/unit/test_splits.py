"""How objects are dealt out: the properties that docs/splits.md promises."""

import hashlib
import random
from dataclasses import replace

import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.formats import DUPLICATES, JOINT_SPLITS, SPLITS
from art_transfer.prepare.splits import SPLIT_NAMES, checked_split, split, thinned, used_split
from builders import used
from hypothesis import assume, given, settings
from hypothesis import strategies as st

NAMES = {"train", "validation", "test"}
OTHER = [f"other-{n}" for n in range(12)]  # a second class, since a task needs two
ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
classes = st.sets(ids | st.integers(0, 10**6).map(str), min_size=3, max_size=40)
seeds = st.integers(0, 2**32 - 1)
EXAMPLES = settings().max_examples // 2  # of a profile's; each deals out two museums or more


def labels_of(sizes: dict[str, list[str]]) -> pd.DataFrame:
    rows = [(object_id, label) for label, ids in sizes.items() for object_id in ids]
    return pd.DataFrame(rows, columns=["object_id", "label"])


def dealt(
    sizes: dict[str, list[str]], seed: int = 1, rule: str = "stratified"
) -> dict[tuple[str, str], str]:
    """The split by label and object id; the label is part of the key for ids that are in two."""
    table = split(labels_of(sizes), seed, rule, "museum, task type")
    assert list(table.columns) == SPLITS
    assert table["object_id"].is_monotonic_increasing
    keys = zip(table["label"], table["object_id"], strict=True)
    return dict(zip(keys, table["split"], strict=True))


def one_class(objects: list[str], seed: int) -> dict[str, str]:
    """The split of each object of a class that has another class beside it."""
    both = dealt({"class": objects, "other": OTHER}, seed)
    return {object_id: part for (label, object_id), part in both.items() if label == "class"}


def sizes_of(parts: dict[str, str]) -> tuple[int, int, int]:
    found = list(parts.values())
    return found.count("test"), found.count("validation"), found.count("train")


def is_low(object_id: str, seed: int) -> bool:
    """The side of an object, worked out as docs/splits.md says, from SHA-256."""
    digest = hashlib.sha256(f"side/{seed}/{object_id}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 1) % 2 == 0


def fifth(side: int) -> int:
    """What a side of a class gives away, as docs/splits.md's table says."""
    return 1 if side < 10 else round(side / 5)  # no whole number has a half as its fifth


@settings(max_examples=EXAMPLES)
@given(classes, seeds)
def test_every_class_is_in_all_three_splits_with_the_documented_sizes(objects, seed):
    parts = one_class(sorted(objects), seed)
    assert set(parts) == objects and set(parts.values()) == NAMES
    low = sum(is_low(object_id, seed) for object_id in objects)
    test, validation, train = sizes_of(parts)
    assert (test, validation) == (fifth(low), fifth(len(objects) - low))
    if len(objects) < 10:
        assert (test, validation, train) == (1, 1, len(objects) - 2)


@pytest.mark.parametrize("size", range(3, 10))
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_class_of_3_to_9_gives_one_each_to_test_and_validation(size, seed):
    assert sizes_of(one_class([f"x{n}" for n in range(size)], seed)) == (1, 1, size - 2)


@pytest.mark.parametrize("size", [100, 1000, 5000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_large_class_gives_about_a_tenth_each(size, seed):
    test, validation, train = sizes_of(one_class([f"x{n}" for n in range(size)], seed))
    spread = 4 * 0.1 * size**0.5 + 1  # four standard deviations, and a rounding
    assert abs(test - size / 10) <= spread and abs(validation - size / 10) <= spread
    assert test + validation + train == size


@settings(max_examples=EXAMPLES)
@given(classes, classes, seeds, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_their_index_change_nothing(one, two, seed, order):
    table = labels_of({"one": sorted(one), "two": sorted(two - one), "other": OTHER})
    rows = list(range(len(table)))
    order.shuffle(rows)
    expected = split(table, seed, "stratified", "m")
    for mixed in (table.iloc[rows], table.iloc[rows].reset_index(drop=True)):
        pd.testing.assert_frame_equal(split(mixed, seed, "stratified", "m"), expected)


@settings(max_examples=EXAMPLES)
@given(classes, classes, seeds)
def test_a_class_does_not_depend_on_other_classes_or_on_its_name(one, two, seed):
    alone = one_class(sorted(one), seed)
    beside = dealt({"renamed": sorted(one), "class": sorted(two), "other": OTHER}, seed)
    assert {name: part for (label, name), part in beside.items() if label == "renamed"} == alone


def excepted(objects: set[str], seed: int) -> bool:
    """The one documented exception: ten or more, all on one side."""
    return len(objects) >= 10 and len({is_low(name, seed) for name in objects}) == 1


def moved(less: set[str], more: set[str], seed: int) -> list[str]:
    before, after = one_class(sorted(less), seed), one_class(sorted(more), seed)
    return [name for name in less if before[name] != after[name]]


@settings(max_examples=EXAMPLES)
@given(st.sets(ids, min_size=4, max_size=40), seeds, st.data())
def test_one_object_more_or_less_moves_at_most_one_other(more, seed, data):
    gone = data.draw(st.sampled_from(sorted(more)))
    assume(not excepted(more, seed) and not excepted(more - {gone}, seed))
    assert len(moved(more - {gone}, more, seed)) <= 1


@pytest.mark.parametrize("low", [True, False])
@pytest.mark.parametrize("seed", [1, 2])
def test_small_and_one_sided_classes_move_one_and_larger_ones_two_at_most(low, seed):
    one_sided = [name for name in (f"x{n}" for n in range(99)) if is_low(name, seed) == low]
    rest = [name for name in (f"y{n}" for n in range(99)) if is_low(name, seed) != low]
    for size in range(3, 25):
        less = set(one_sided[:size])
        for added in (one_sided[size], rest[0], rest[size]):
            exception = size >= 10 or (size == 9 and added == one_sided[9])
            assert len(moved(less, less | {added}, seed)) <= (2 if exception else 1)


def test_a_growing_class_never_moves_two():
    everyone = [f"SK-{n}" for n in range(50)]
    random.Random(3).shuffle(everyone)
    for seed in (1, 2):
        for size in range(3, 50):
            less, more = set(everyone[:size]), set(everyone[: size + 1])
            assert not excepted(more, seed)
            assert len(moved(less, more, seed)) <= 1


def test_two_seeds_differ():
    objects = [f"x{n}" for n in range(60)]
    tests = [
        frozenset(name for name, part in one_class(objects, seed).items() if part == "test")
        for seed in range(10)
    ]
    assert len(set(tests)) == 10


LITERALS = {
    ("stratified", 1): (
        "SK-A-19 SK-A-24 SK-A-26",
        "SK-A-13 SK-A-15 SK-A-23",
    ),
    ("stratified", 2): ("SK-A-21 SK-A-32", "SK-A-0 SK-A-19 SK-A-29 SK-A-7"),
    ("random_80_10_10", 1): (
        "SK-A-19 SK-A-3 SK-A-30 SK-A-34",
        "SK-A-16 SK-A-24 SK-A-26 SK-A-5",
    ),
}


@pytest.mark.parametrize(("rule", "seed"), LITERALS)
def test_a_split_is_the_same_on_every_host_and_in_every_version(rule, seed):
    sizes = {"oil": [f"SK-A-{n}" for n in range(36) if n % 3]}
    sizes["gold"] = [f"SK-A-{n}" for n in range(0, 36, 3)]
    parts = dealt(sizes, seed, rule)
    assert len(parts) == 36
    assert (
        tuple(
            " ".join(sorted(name for (_, name), part in parts.items() if part == wanted))
            for wanted in ("test", "validation")
        )
        == LITERALS[rule, seed]
    )


@pytest.mark.parametrize(
    ("rule", "sizes"),
    [
        ("random_80_10_10", {"test": 100, "validation": 100, "train": 800}),
        ("random_81_9_10", {"test": 100, "validation": 90, "train": 810}),
    ],
)
def test_random_rules_have_their_sizes_and_drop_classes_that_are_not_everywhere(rule, sizes):
    everyone = [f"x{n}" for n in range(1000)]
    half = {"even": everyone[::2], "odd": everyone[1::2]}
    line = {name: part for (_, name), part in dealt(half, 7, rule).items()}
    assert pd.Series(line).value_counts().to_dict() == sizes

    small = {f"c{n}": everyone[n::60] for n in range(60)}  # of 16 or 17 objects
    everywhere = {label for label, members in small.items() if {line[m] for m in members} == NAMES}
    assert 5 < len(everywhere) < 55
    assert dealt(small, 7, rule) == {
        (label, name): line[name] for label in everywhere for name in small[label]
    }


def test_a_random_split_of_few_objects_cuts_at_rounded_shares():
    sizes = {"a": [f"x{n}" for n in range(0, 56, 2)], "b": [f"x{n}" for n in range(1, 56, 2)]}
    parts = pd.Series(dealt(sizes, 3, "random_81_9_10"))
    assert parts.value_counts().to_dict() == {"train": 45, "test": 6, "validation": 5}


def test_a_class_of_fewer_than_three_is_left_out():
    parts = dealt({"one": ["a"], "two": ["b", "c"], "three": ["d", "e", "f"], "other": OTHER})
    assert {label for label, _ in parts} == {"three", "other"}


@pytest.mark.parametrize("sizes", [{"a": ["x", "y", "z"]}, {"a": ["x", "y"], "b": ["z"]}])
def test_fewer_than_two_classes_is_a_message(sizes):
    with pytest.raises(StudyError) as caught:
        split(labels_of(sizes), 5, "stratified", "antwerp, task type")
    count = 0 if "b" in sizes else 1
    assert str(caught.value) == (
        f"antwerp, task type: {count} classes occur in all three splits under "
        "`splits.rule: stratified` with seed 5, and a task needs two"
    )


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("split", "trian", "unknown splits ['trian']"),
        ("object_id", "wood1", "repeated objects ['wood1']"),
        ("label", "new", "not in all three splits ['new', 'paint']"),
        ("label", "wood", "not in all three splits ['paint']"),
    ],
)
def test_an_edited_split_is_refused(column, value, named):
    sizes = {name: [f"{name}{n}" for n in range(4)] for name in ("paint", "wood")}
    table = split(labels_of(sizes), 1, "stratified", "museum, task type")
    assert checked_split(table, "splits.csv") is table
    tested = table.index[(table["label"] == "paint") & (table["split"] == "test")]
    table.loc[tested, column] = value
    with pytest.raises(StudyError, match=r"splits\.csv: .*Delete the file") as caught:
        checked_split(table, "splits.csv")
    assert named in str(caught.value)


def test_all_that_is_wrong_with_a_split_is_told_in_short():
    table = split(labels_of({"a": list("abcdef"), "b": list("ghijkl")}), 1, "stratified", "museum")
    edited = pd.concat([table, table, table.assign(object_id="")], ignore_index=True)
    edited["split"] = [f"{n}" for n in range(len(edited))]
    with pytest.raises(StudyError) as caught:
        checked_split(edited, "splits.csv")
    assert str(caught.value) == (
        "splits.csv: unknown splits ['0', '1', '10', '11', '12'], repeated objects ['a', 'b', 'c', "
        "'d', 'e'], classes that are not in all three splits ['a', 'b']; expected none of these, "
        "and at least two classes, not 2. Delete the file to have it made again."
    )


def test_an_object_without_a_name_is_refused():
    table = split(labels_of({"a": list("abc"), "b": list("efgh")}), 1, "stratified", "museum")
    table.loc[3, "object_id"] = ""
    with pytest.raises(StudyError, match=r"repeated objects \[''\]"):
        checked_split(table, "splits.csv")


def test_a_split_of_one_class_or_of_nothing_is_refused():
    table = split(labels_of({"a": list("abcd"), "b": list("efgh")}), 1, "stratified", "museum")
    for part, count in ((table[table["label"] == "a"], 1), (table.iloc[:0], 0)):
        with pytest.raises(StudyError, match=f"at least two classes, not {count}"):
            checked_split(part, "splits.csv")


@st.composite
def grouped(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Labelled objects of three classes, and groups of some of them, also across classes."""
    labels = labels_of({c: [f"{c}{n}" for n in range(draw(st.integers(5, 40)))] for c in "abc"})
    groups: dict[str, list[str]] = {}
    for object_id in labels["object_id"]:
        number = draw(st.integers(0, 30))
        if number < 8:
            groups.setdefault(str(number), []).append(object_id)
    rows = [(o, min(some), "image") for some in groups.values() for o in some if len(some) > 1]
    return labels, pd.DataFrame(rows, columns=DUPLICATES)


@settings(max_examples=EXAMPLES)
@given(grouped(), seeds, st.sampled_from(["stratified", "random_80_10_10"]), st.data())
def test_no_group_of_near_duplicates_lies_in_two_splits(made, seed, rule, data):
    labels, groups = made
    try:
        table = split(labels, seed, rule, "museum", groups)
    except StudyError:  # classes that are not everywhere
        return
    assert table.merge(groups, on="object_id").groupby("group")["split"].nunique().le(1).all()
    assert table.groupby("label")["split"].nunique().eq(3).all()
    order = data.draw(st.permutations(range(len(labels))))
    pd.testing.assert_frame_equal(split(labels.iloc[order], seed, rule, "museum", groups), table)


@settings(max_examples=EXAMPLES)
@given(st.sets(st.integers(0, 10**6).map(str), min_size=3, max_size=40), seeds)
def test_units_of_near_duplicates_have_the_documented_sizes(objects, seed):
    twice = sorted(objects) + [f"{name}+" for name in objects]
    labels = labels_of({"class": twice, "other": OTHER})
    names = [(name, name.rstrip("+"), "image") for name in twice]
    table = split(labels, seed, "stratified", "m", pd.DataFrame(names, columns=DUPLICATES))
    parts = table[table["label"] == "class"].set_index("object_id")["split"]
    alone = one_class(sorted(objects), seed)
    assert {name: parts[name] for name in objects} == alone
    assert {name: parts[f"{name}+"] for name in objects} == alone


def test_without_near_duplicates_grouping_changes_nothing():
    labels = labels_of({"a": [f"a{n}" for n in range(60)], "b": [f"b{n}" for n in range(50)]})
    none = pd.DataFrame(columns=DUPLICATES)
    for rule in ("stratified", "random_80_10_10"):
        plain = split(labels, 3, rule, "m")
        pd.testing.assert_frame_equal(split(labels, 3, rule, "m", none), plain)


def test_a_class_that_is_one_group_is_left_out():
    sizes = {"one": ["x1", "x2", "x3"], "two": ["a", "b", "c"], "other": OTHER}
    groups = pd.DataFrame([(f"x{n}", "x1", "title") for n in (1, 2, 3)], columns=DUPLICATES)
    table = split(labels_of(sizes), 1, "stratified", "m", groups)
    assert set(table["label"]) == {"two", "other"}


@settings(max_examples=60)
@given(classes, seeds, st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_share_of_the_training_objects_lies_within_a_larger_one(objects, seed, one, other):
    table = split(labels_of({"class": sorted(objects), "other": OTHER}), seed, "stratified", "x")
    small, large = (thinned(table, share, seed) for share in sorted([one, other]))
    assert set(small["object_id"]) <= set(large["object_id"])
    for kept in (small, large):
        rest = (t[t["split"] != "train"].reset_index(drop=True) for t in (kept, table))
        pd.testing.assert_frame_equal(*rest)
    train = table[table["split"] == "train"]
    share = min(one, other)
    for label, size in train["label"].value_counts().items():
        left = ((small["split"] == "train") & (small["label"] == label)).sum()
        assert left == max(1, round(size * share))


def test_the_whole_share_is_the_split_itself_and_other_seeds_keep_others():
    objects = {"class": [str(n) for n in range(80)], "other": OTHER}
    table = split(labels_of(objects), 1, "stratified", "x")
    pd.testing.assert_frame_equal(thinned(table, 1.0, 1), table)
    kept = [frozenset(thinned(table, 0.3, seed)["object_id"]) for seed in (1, 2)]
    assert kept[0] != kept[1]


def test_a_run_is_told_the_objects_that_it_was_trained_on(tmp_path):
    """A share of its split's, or what counted of it among several tasks, and its test objects."""
    rows = [(f"{part}{n}", "ab"[n // 5], part) for part in SPLIT_NAMES for n in range(10)]
    table = pd.DataFrame(rows, columns=SPLITS)
    table.to_csv(tmp_path / "split.csv", index=False)
    whole = used(tmp_path / "split.csv")
    pd.testing.assert_frame_equal(used_split(whole), table)
    some = used_split(replace(whole, share=0.4))
    assert some["split"].value_counts().to_dict() == {"train": 4, "validation": 10, "test": 10}
    assert set(some["object_id"]) == set(thinned(table, 0.4, 1)["object_id"])
    counted = [("train1", "type", "a", "train"), ("validation2", "type", "a", "validation")]
    counted += [("train1", "material", "x", "train"), ("train5", "material", "x", "train")]
    pd.DataFrame(counted, columns=JOINT_SPLITS).to_csv(tmp_path / "joint.csv", index=False)
    joint = used_split(replace(whole, joint=str(tmp_path / "joint.csv")))
    assert set(joint["object_id"]) == {"train1", "validation2", *(f"test{n}" for n in range(10))}
