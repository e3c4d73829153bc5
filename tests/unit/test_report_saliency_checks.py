"""The numbers beside saliency maps, on networks whose right answers are known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from art_transfer.report.grid import markdown
from art_transfer.report.saliency_checks import (
    NUMBERS,
    SHARES,
    numbers,
    numbers_tables,
    randomised,
    removed,
    sample,
    similarity,
)
from art_transfer.report.visual_backprop import mapper
from art_transfer.train.demo_backbones import demo_plain
from hypothesis import given
from hypothesis import strategies as st
from keras import Input, Model, layers

IMAGES = np.random.default_rng(5).integers(0, 256, (12, 10, 10, 3), dtype=np.uint8)
IMAGES[::2, :5, :5] //= 4  # dark in the upper left quarter
IMAGES[1::2, :5, :5] = 255 - IMAGES[1::2, :5, :5] // 4  # or light there


@dataclass(frozen=True)
class Corner:
    """A network that sees the upper left quarter alone: is it light?"""

    model: Model
    maps: Callable[[np.ndarray], np.ndarray]

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        light = pixels[:, :5, :5].mean(axis=(1, 2, 3)) - 128
        sure = 1 / (1 + np.exp(-light / 20))
        return np.stack([sure, 1 - sure], axis=1).astype(np.float32)


def marks_corner(pixels: np.ndarray) -> np.ndarray:
    found = np.zeros(pixels.shape[:3], np.float32)
    found[:, :5, :5] = 1
    return found


def marks_rest(pixels: np.ndarray) -> np.ndarray:
    return 1 - marks_corner(pixels)


def network() -> Model:
    inputs = Input((32, 32, 3))
    pooled = layers.GlobalAveragePooling2D(name="features")(demo_plain(inputs))
    return Model(inputs, layers.Dense(3, activation="softmax", name="head")(pooled))


def test_likeness_is_the_correlation_of_ranks():
    maps = np.random.default_rng(1).random((3, 6, 7)).astype(np.float32)
    assert similarity(maps, maps**3) == pytest.approx([1, 1, 1])
    assert similarity(maps, -maps) == pytest.approx([-1, -1, -1])
    strangers = (
        np.random.default_rng(2).random((3, 200, 200)),
        np.random.default_rng(3).random((3, 200, 200)),
    )
    assert np.abs(similarity(*strangers)).max() < 0.02
    assert similarity(maps, np.zeros_like(maps)).tolist() == [0, 0, 0]


@given(st.sets(st.text(max_size=5), max_size=30), st.integers(1, 40))
def test_a_sample_depends_on_the_ids_alone(ids, number):
    chosen = sample(ids, number)
    assert len(chosen) == min(number, len(ids)) and set(chosen) <= ids
    assert sample(sorted(ids, reverse=True), number) == chosen
    gone = sorted(ids - set(chosen))[:1]
    assert sample(ids - set(gone), number) == chosen


def test_removed_pixels_have_the_mean_colour_and_the_others_stay():
    order = np.tile(np.arange(100), (12, 1))
    less = removed(IMAGES, order, 0.3)
    assert (less[:, 3:] == IMAGES[:, 3:]).all()
    mean = IMAGES.reshape(12, -1, 3).mean(axis=1)[:, None, None]
    assert np.abs(less[:, :3] - mean).max() <= 0.5
    assert (removed(IMAGES, order, 0) == IMAGES).all()


@pytest.mark.parametrize(("marks", "sign"), [(marks_corner, 1), (marks_rest, -1)])
def test_the_deletion_test_tells_a_right_map_from_a_wrong_one(marks, sign):
    seen = Corner(network(), marks)
    truth = seen.probabilities(IMAGES).argmax(axis=1)
    table = numbers("type", IMAGES, truth, Corner(network(), marks_corner), seen, None)
    assert list(table.columns) == NUMBERS
    falls = table.set_index(["check", "at"])["probability"]
    at_random = falls["random removed", "0.5"] - falls["most salient removed", "0.5"]
    assert sign * at_random > 0.02
    assert falls["random removed", "0"] == falls["most salient removed", "0"]
    right = table.set_index(["check", "at"])["accuracy"]
    assert right["most salient removed", "0"] == 1
    same = table.set_index("check").at["before and after", "similarity"]
    assert same == pytest.approx(sign)
    text = "\n".join(map(markdown, numbers_tables(table, False)))
    assert "no null: one seed" in text and f"{100 * SHARES[-1]:.2f}" in text


def shuffled(*likeness: float) -> str:
    """What is said of maps that are 0.7 alike before and after, and so alike once shuffled."""
    rows = [("before and after", "", 0.7)]
    rows += [("randomised", f"layer{n}", some) for n, some in enumerate(likeness)]
    table = pd.DataFrame(rows, columns=["check", "at", "similarity"])
    table = table.assign(task="type", images=9).reindex(columns=NUMBERS)
    return markdown(numbers_tables(table, False)[1])


def test_maps_that_shuffled_layers_do_not_change_are_said_to_say_little():
    assert "Shuffled down to layer2 the maps are still as alike" in shuffled(1, 0.9, 0.8, 0.6, 0.9)
    assert "still as alike" not in shuffled(1, 0.6, 0.9)


def test_two_seeds_are_the_null():
    one, other = Corner(network(), marks_corner), Corner(network(), marks_rest)
    table = numbers("type", IMAGES, [0] * 12, one, one, other)
    assert table.set_index("check").at["two seeds", "similarity"] == pytest.approx(-1)
    assert "no null" not in markdown(numbers_tables(table, False)[0])


def test_a_null_with_a_split_of_its_own_is_said_to_be_more_than_another_seed():
    one, other = Corner(network(), marks_corner), Corner(network(), marks_rest)
    table = numbers("type", IMAGES, [0] * 12, one, one, other)
    alone, both = (markdown(numbers_tables(table, own)[0]) for own in (False, True))
    assert "after, two seeds |" in alone and "split" not in alone
    assert "after, two seeds and splits |" in both
    assert "The other seed has another split as well" in both


def test_shuffled_weights_change_the_maps_but_for_the_head_which_they_do_not_read():
    model = network()
    mapped = mapper(model, "bojarski")
    images = np.random.default_rng(4).random((6, 32, 32, 3)).astype(np.float32)
    trained, first = mapped(images), model.get_weights()
    found = {name: similarity(mapped(images), trained).mean() for name in randomised(model)}
    assert next(iter(found)) == "head" and found["head"] == pytest.approx(1)
    assert list(found.values())[-1] < 0.95
    for before, after in zip(first, model.get_weights(), strict=True):
        assert sorted(before.ravel()) == sorted(after.ravel())
    assert any((a != b).any() for a, b in zip(first, model.get_weights(), strict=True))
