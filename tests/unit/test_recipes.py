"""Ways to train that the paper did not use: each does what its name says."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from art_transfer.train.augmentation import flip_and_shift
from art_transfer.train.fitting import Batches, fit, learning_rate
from art_transfer.train.training import fine_tune, train_head
from hypothesis import given
from hypothesis import strategies as st
from test_state import MADE_FROM, State, assert_same_run, stop
from training_data import SGD, museum, normal, split_table, training

TABLE = split_table(train=45, validation=15, test=13)
MODERN = {
    "optimizer": replace(SGD, name="adamw", learning_rate=0.002),
    "schedule": "cosine",
    "schedule_warmup_epochs": 1,
    "label_smoothing": 0.1,
    "order": "class_balanced",
    "augmentation": "flip_and_shift",
    "head_warmup_epochs": 1,
}


@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 40), width=st.integers(1, 40))
def test_an_augmented_image_is_the_image_mirrored_or_not_and_shifted(seed, height, width):
    random = np.random.default_rng(seed)
    images = random.random((6, height, width, 3), dtype=np.float32)
    changed = flip_and_shift(images, np.random.default_rng(seed))
    assert changed.shape == images.shape and changed.dtype == np.float32
    for image, after in zip(images, changed, strict=True):
        found = [
            (mirror, down, right)
            for mirror in (1, -1)
            for down in range(-(height // 10), height // 10 + 1)
            for right in range(-(width // 10), width // 10 + 1)
            if np.array_equal(after[:, ::mirror], _shifted(image, down, right))
        ]
        assert found


def _shifted(image, down, right):
    """A whole image moved over its own border, by the slow and sure way of padding."""
    height, width, _ = image.shape
    pad = np.pad(image, ((height, height), (width, width), (0, 0)), mode="edge")
    return pad[height - down : 2 * height - down, width - right : 2 * width - right]


def test_augmentation_mirrors_about_half_and_shifts_all_ways():
    ramp = np.broadcast_to(np.arange(40, dtype=np.float32)[:, None, None], (400, 40, 40, 3))
    changed = flip_and_shift(np.ascontiguousarray(ramp.transpose(0, 2, 1, 3)), _random())
    rising = changed[:, 20, 30, 0] > changed[:, 20, 10, 0]
    assert 150 < rising.sum() < 250
    assert set(changed[rising, 20, 20, 0].astype(int)) == set(range(16, 25))


def test_which_objects_are_mirrored_is_not_how_they_were_drawn():
    """In each batch, the first too, some of either class are mirrored and some are not."""
    ramp = np.broadcast_to(np.arange(20, dtype=np.uint8)[:, None], (200, 20, 20, 3))
    classes = np.repeat([0, 1], 100)
    how = {"order": "class_balanced", "change": flip_and_shift}
    batches = Batches(lambda rows: ramp[rows], classes, 100, seed=1, **how)
    for number in range(2):
        images, shown = batches[number]
        rising = images[:, 10, 15, 0] > images[:, 10, 5, 0]
        assert all(0.3 < rising[shown == label].mean() < 0.7 for label in (0, 1)), number


def _random() -> np.random.Generator:
    return np.random.default_rng(1)


def test_a_cosine_rises_to_the_rate_and_falls_to_nothing():
    method = training(schedule="cosine", schedule_warmup_epochs=2).method
    rate = learning_rate(method, batches=10, epochs=12)
    values = [float(rate(step)) for step in range(121)]
    assert values[0] == 0 and values[20] == pytest.approx(0.02) and values[120] < 1e-8
    assert values[:21] == sorted(values[:21]) and values[20:] == sorted(values[20:], reverse=True)
    assert values[70] == pytest.approx(0.01)  # half way down
    plain = learning_rate(replace(method, schedule_warmup_epochs=0), batches=10, epochs=12)
    assert float(plain(0)) == pytest.approx(0.02)


def test_smoothed_labels_cost_as_the_formula_says():
    features, classes = normal(TABLE, 8, 0.5)[:32], np.arange(32) % 3
    inputs = keras.Input((8,))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(inputs))
    p = model.predict(features, verbose=0)
    data = Batches(lambda rows: features[rows], classes, 32)
    for smoothing in (0.0, 0.3):
        method = training(label_smoothing=smoothing, optimizer=replace(SGD, learning_rate=1e-9))
        history = fit(model, data, data, method.method, 1, 1)
        wanted = (1 - smoothing) * np.eye(3)[classes] + smoothing / 3
        assert history["loss"][0] == pytest.approx(-(wanted * np.log(p)).sum(axis=1).mean(), 1e-4)


def test_only_standardised_features_let_the_papers_head_move_where_they_are_tiny():
    features = 6e-5 * normal(TABLE, 96, 10)  # as a random InceptionV3 gives them
    accuracy = {}
    for standardize in (False, True):
        how = training(kind="head", epochs=30, patience=30, standardize=standardize)
        accuracy[standardize] = train_head(how, TABLE, features, "").tested.metrics["test"][
            "accuracy"
        ]
    assert accuracy[True] > 0.7 and accuracy[False] < 0.5


def test_a_modern_training_that_was_stopped_has_the_bytes_of_one_that_ran_through(tmp_path):
    how, pixels = training("demo_residual", epochs=5, **MODERN), museum(tmp_path, TABLE)
    whole = fine_tune(how, TABLE, pixels, "")
    stop(tmp_path, how, pixels, 3)
    again = fine_tune(how, TABLE, pixels, "", State(tmp_path / "state", MADE_FROM, seconds=0))
    assert_same_run(whole, again, how, tmp_path)
    assert (
        whole.tested.metrics["best_epoch"] > 1
        and np.isfinite(whole.tested.history.to_numpy()).all()
    )
