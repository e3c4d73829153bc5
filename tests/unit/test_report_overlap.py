"""Gains on shared and unshared classes, told apart and matched by class size."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from art_transfer.formats import PREDICTIONS, write_parquet
from art_transfer.prepare.splits import SPLIT_NAMES
from art_transfer.report.gains import gains
from art_transfer.report.grid import markdown
from art_transfer.report.overlap import overlap, overlap_table
from art_transfer.report.statistics import difference, generator
from art_transfer.report_settings import Transfer
from art_transfer.settings import Run
from builders import used

OVER = Run("own", "type", "net", "photos", "shelf", 1)
OF = Run("own", "type", "net", "big_net", "shelf", 1)


def study(
    folder: Path, classes: dict[str, tuple[int, list[bool], list[bool]]], source: list[str]
) -> list[Transfer]:
    """A transfer to classes of so many training objects; what theta and theta-hat got right."""
    split = [(f"more {part}", "more", part) for part in SPLIT_NAMES]  # a split has two classes
    over, of = [], []
    for label, (train, *rights) in classes.items():
        split += [(f"{label} train {n}", label, "train") for n in range(train)]
        split.append((f"{label} validation", label, "validation"))
        for n, pair in enumerate(zip(*rights, strict=True)):
            split.append((f"{label} test {n}", label, "test"))
            for side, right in zip((over, of), pair, strict=True):
                side.append((f"{label} test {n}", label, label if right else "?", 0.5, 1))
    for run, rows in ((OVER, over), (OF, of)):
        table = pd.DataFrame(rows, columns=PREDICTIONS.names)
        write_parquet(folder / run.folder / "predictions.parquet", table, PREDICTIONS)
    paths = [folder / "own.csv", folder / "big.csv"]
    rows = [split, [(f"big {n}", label, "train") for n, label in enumerate(source)]]
    for path, some in zip(paths, rows, strict=True):
        pd.DataFrame(some, columns=["object_id", "label", "split"]).to_csv(path, index=False)
    return [Transfer(OF, OVER, used(paths[0]), ("big",), (str(paths[1]),))]


def row(table: pd.DataFrame, classes: str, matched: bool) -> pd.Series:
    return table[(table["classes"] == classes) & (table["matched"] == matched)].iloc[0]


def test_the_gain_is_told_apart_by_what_the_source_has(tmp_path):
    no, yes = [False] * 10, [True] * 10
    classes = {"Coin": (20, no, yes), "lace": (20, no, no), "medal": (20, yes, no)}
    table = overlap(study(tmp_path, classes, ["coin", "map"]), str(tmp_path))
    gains = {group: row(table, group, False)["gain"] for group in ("all", "shared", "unshared")}
    assert gains == pytest.approx({"all": 0, "shared": 1, "unshared": -0.5})
    unshared = row(table, "unshared", False)
    assert (unshared["n"], unshared["number_of_classes"]) == (20, 2)
    assert (unshared["accuracy_over"], unshared["accuracy_of"]) == (0.5, 0)
    for group, of, over in (("unshared", no + no, no + yes), ("shared", yes, no)):
        alone = difference([of], [over], generator(OF.folder, OVER.folder)).interval()
        assert tuple(row(table, group, False)[["low", "high"]]) == alone


def test_matching_takes_away_what_class_size_explains(tmp_path):
    """Large classes gain and small ones do not; the shared ones happen to be large."""
    flat, up = ([False] * 30, [False] * 30), ([False] * 30, [True] * 30)
    short = tuple(some[:10] for some in flat), tuple(some[:10] for some in up)
    classes = {
        "a": (40, *up),  # shared
        "b": (5, *short[0]),
        "c": (45, *short[1]),  # not shared
        "d": (6, *flat),
        "e": (900, *up),  # a size that no shared class has
    }
    table = overlap(study(tmp_path, classes, ["a", "b"]), str(tmp_path))
    plain = {group: row(table, group, False)["gain"] for group in ("shared", "unshared")}
    assert plain == pytest.approx({"shared": 0.75, "unshared": 4 / 7})
    matched = {group: row(table, group, True) for group in ("shared", "unshared")}
    assert {group: found["gain"] for group, found in matched.items()} == pytest.approx(
        {"shared": 0.5, "unshared": 0.5}
    )
    assert {group: found["n"] for group, found in matched.items()} == {"shared": 40, "unshared": 40}


def test_the_interval_is_of_the_right_width_and_seeded(tmp_path):
    rng = np.random.default_rng(3)
    right = rng.random((2, 400)) < [[0.4], [0.7]]
    given = study(tmp_path, {"a": (9, *(some.tolist() for some in right))}, ["b"])
    found = row(overlap(given, str(tmp_path)), "unshared", False)
    difference = right[1].astype(int) - right[0]
    spread = 1.96 * difference.std() / 20
    assert found["gain"] == pytest.approx(difference.mean())
    assert found["low"] == pytest.approx(found["gain"] - spread, abs=0.01)
    assert found["high"] == pytest.approx(found["gain"] + spread, abs=0.01)
    again = row(overlap(given, str(tmp_path)), "unshared", False)
    assert (again["low"], again["high"]) == (found["low"], found["high"])


def test_all_classes_gain_what_the_table_of_gains_says(tmp_path):
    """To the last digit of the interval, near-duplicates included."""
    rng = np.random.default_rng(3)
    right = (rng.random((2, 60)) < [[0.4], [0.7]]).tolist()
    given = study(tmp_path, {"a": (9, *right)}, ["b"])
    ids = [f"a test {n}" for n in range(60)]
    groups = {"own": pd.DataFrame({"object_id": ids, "group": [n // 2 for n in range(60)]})}
    table = overlap(given, str(tmp_path), groups)
    (gain,) = gains([(OF, OVER)], tmp_path, groups).to_dict("records")
    names = ["gain", "low", "high", "n", "accuracy_of", "accuracy_over"]
    assert row(table, "all", False)[names].to_dict() == {name: gain[name] for name in names}
    assert row(table, "unshared", False)[names].to_dict() == {name: gain[name] for name in names}
    alone = row(overlap(given, str(tmp_path)), "all", False)
    assert alone["low"] != gain["low"]


def test_classes_of_any_museum_on_the_way_are_shared(tmp_path):
    flat = [True] * 10, [True] * 10
    (one,) = study(tmp_path, dict.fromkeys(("a", "b", "c"), (9, *flat)), ["a"])
    pd.DataFrame({"object_id": ["x"], "label": ["b"], "split": ["train"]}).to_csv(
        tmp_path / "first.csv", index=False
    )
    sources = {"sources": ("first", "big"), "source_splits": (str(tmp_path / "first.csv"),)}
    sources["source_splits"] += one.source_splits
    table = overlap([replace(one, **sources)], str(tmp_path))
    assert row(table, "shared", False)["number_of_classes"] == 2
    titles = {"own": "Own", "big": "Big", "first": "First"}
    assert "| First → Big |" in markdown(overlap_table(table, titles))


def test_classes_are_matched_by_the_objects_that_were_trained_on(tmp_path):
    """Of 40 and of 8 objects a twentieth is two and one: two bins; of 40 and 44 both are two."""
    flat = [False] * 30, [True] * 30
    for sizes, matched in (((40, 8), 0), ((40, 44), 30)):
        classes = {"a": (sizes[0], *flat), "b": (sizes[1], *flat)}
        (one,) = study(tmp_path, classes, ["a"])
        few = replace(one, split=replace(one.split, share=0.05))
        assert row(overlap([few], str(tmp_path)), "unshared", True)["n"] == matched


def test_a_seed_without_such_objects_is_not_counted(tmp_path):
    """The split of the second seed has none of the classes that the source has too."""
    flat = [False] * 4, [True] * 4
    transfers = []
    for seed, name in ((1, "coin"), (2, "lace")):
        folder = tmp_path / str(seed)
        folder.mkdir()
        (one,) = study(folder, {name: (9, *flat), "map": (9, *flat)}, ["coin"])
        of, over = (replace(run, seed=seed) for run in (OF, OVER))
        for run, given in ((of, OF), (over, OVER)):
            (tmp_path / run.folder).parent.mkdir(parents=True, exist_ok=True)
            (folder / given.folder).rename(tmp_path / run.folder)
        transfers.append(replace(one, of=of, over=over))
    table = overlap(transfers, str(tmp_path))
    counts = {group: row(table, group, False)["seeds"] for group in ("all", "shared", "unshared")}
    assert counts == {"all": 2, "shared": 1, "unshared": 2}


def test_nothing_shared_is_no_row_for_readers(tmp_path):
    given = study(tmp_path, {"a": (9, [True], [False]), "b": (9, [True], [True])}, ["c"])
    table = overlap(given, str(tmp_path))
    assert row(table, "shared", False)["n"] == 0 and pd.isna(row(table, "shared", False)["gain"])
    text = markdown(overlap_table(table, {"own": "Own", "big": "Big"}))
    assert "| unshared" in text and "| shared" not in text and "same sizes  " not in text
    assert overlap([], str(tmp_path)).empty
    assert markdown(overlap_table(overlap([], str(tmp_path)), {}))
