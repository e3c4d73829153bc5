"""What one gets without a network."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from art_transfer.train.baselines import baselines
from training_data import painted, pixel_store, split_table


def tables(table: pd.DataFrame, sizes: dict[str, tuple[int, int]] | None = None) -> pd.DataFrame:
    """A museum's image tables: (width, height) by class, or all the same."""
    shapes = [(sizes or {}).get(label, (30, 20)) for label in table["label"]]
    images = table[["object_id"]].assign(
        width=[width for width, _ in shapes], height=[height for _, height in shapes]
    )
    unreadable = pd.DataFrame({"object_id": ["broken"], "width": [np.nan], "height": [np.nan]})
    return pd.concat([unreadable, images.sample(frac=1, random_state=1)], ignore_index=True)


def scores(folder: Path, table: pd.DataFrame, contrast: float) -> dict[str, float]:
    """Accuracies on a museum whose classes differ so much in colour."""
    store = pixel_store(folder, painted(table, contrast))
    result = baselines(table, store, tables(table))
    assert {found["n"] for found in result.values()} == {(table["split"] == "test").sum()}
    return {name: found["accuracy"] for name, found in result.items()}


@pytest.mark.parametrize(
    ("train", "test", "share"),
    [
        ("aaabbc", "aabc", 2 / 4),
        ("aaabbc", "abbbbcc", 1 / 7),  # the largest of the train split, not of the test split
        ("bbbaaac", "abbc", 1 / 4),  # of two equally large ones the first by name
        ("cccccbba", "cccba", 3 / 5),
    ],
)
def test_the_largest_class_is_that_of_the_train_split(tmp_path, train, test, share):
    parts = {"train": train, "validation": "abc", "test": test}
    rows = [
        (f"{part}-{number}", f"class {'abc'.index(label)}", part)
        for part, labels in parts.items()
        for number, label in enumerate(labels)
    ]
    table = pd.DataFrame(rows, columns=["object_id", "label", "split"])
    assert scores(tmp_path, table, 50)["largest_class"] == pytest.approx(share, abs=1e-12)


TABLE = split_table(train=120, validation=40, test=60)


def test_thumbnails_show_a_colour_but_not_a_permuted_label(tmp_path):
    assert scores(tmp_path / "plain", TABLE, 12)["thumbnail"] > 0.95
    pixels = pixel_store(tmp_path / "permuted", painted(TABLE, 12))
    permuted = TABLE.assign(label=np.random.default_rng(0).permutation(TABLE["label"]))
    found = baselines(permuted, pixels, tables(TABLE))["thumbnail"]["accuracy"]
    assert found < 1 / 3 + 3 * np.sqrt(2 / 9 / 60)  # three standard deviations above chance


def test_the_place_of_a_colour_counts(tmp_path):
    images = painted(TABLE, 0)
    for object_id, label in zip(TABLE["object_id"], TABLE["label"], strict=True):
        column = 8 * int(label[-1])
        images[object_id][:, column : column + 4] //= 2
    result = baselines(TABLE, pixel_store(tmp_path, images), tables(TABLE))
    assert result["thumbnail"]["accuracy"] > 0.95


def test_the_aspect_ratio_counts(tmp_path):
    grey = dict.fromkeys(TABLE["object_id"], np.full((32, 32, 3), 128, np.uint8))
    pixels = pixel_store(tmp_path, grey)
    shapes = {"class 0": (10, 40), "class 1": (20, 20), "class 2": (400, 100)}
    alike, told = (
        baselines(TABLE, pixels, images)["thumbnail"]["accuracy"]
        for images in (tables(TABLE), tables(TABLE, shapes))
    )
    assert alike == pytest.approx(1 / 3) and told == 1


def test_baselines_do_not_depend_on_the_order_of_rows(tmp_path):
    one = scores(tmp_path / "one", TABLE, 3)
    pixels = pixel_store(tmp_path / "two", painted(TABLE, 3))
    shuffled = TABLE.sample(frac=1, random_state=9)
    two = baselines(shuffled, pixels, tables(TABLE))
    assert 0.4 < one["thumbnail"] < 1
    assert {name: found["accuracy"] for name, found in two.items()} == pytest.approx(one)
