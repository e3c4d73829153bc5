"""Batch-norm statistics: a batch's own, a collection's, and those that came with the weights."""

import hashlib

import keras
import numpy as np
import pytest
from art_transfer.train import batch_norm
from art_transfer.train.backbones import build
from art_transfer.train.batch_norm import folded, take_statistics
from art_transfer.train.features import extract
from art_transfer.train.run_folder import write_model
from art_transfer.train.scaling import scale
from hypothesis import given
from hypothesis import strategies as st
from training_data import CHECKPOINT, RANDOM, architecture, moved, museum, split_table

TABLE = split_table(60, 20, 16)
PIXELS = architecture("demo_residual")


def network():
    return build(PIXELS, RANDOM, "")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return museum(tmp_path_factory.mktemp("museum"), TABLE, network="demo_residual")


def first_layer(model):
    """The first batch-norm layer, and the network up to what goes into it."""
    layer = next(x for x in model.layers if isinstance(x, keras.layers.BatchNormalization))
    return layer, keras.Model(model.input, layer.input)


def order(store):
    """Places of the objects by a hash of their ids."""
    digests = {i: hashlib.sha256(i.encode()).hexdigest() for i in store.object_ids}
    return [store.object_ids.index(i) for i in sorted(digests, key=digests.__getitem__)]


def batches(store):
    rows = store.rows(store.object_ids)[order(store)]
    return [scale(store.batch(rows[n : n + 32]), "unit") for n in range(0, len(rows), 32)]


def test_reestimated_statistics_are_the_mean_over_all_batches(store):
    model = network()
    layer, before = first_layer(model)
    inputs = [before.predict_on_batch(batch) for batch in batches(store)]
    take_statistics(model, store, "unit", "reestimated")
    means = np.mean([x.mean(axis=(0, 1, 2)) for x in inputs], axis=0)
    variances = np.mean([x.var(axis=(0, 1, 2)) for x in inputs], axis=0)
    np.testing.assert_allclose(layer.moving_mean, means, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, variances, rtol=1e-4, atol=1e-5)


def test_updated_statistics_follow_by_the_layers_momentum(store):
    model = network()
    layer, before = first_layer(model)
    mean = layer.moving_mean.numpy()
    for batch in 10 * batches(store):  # as often as ten epochs see it
        own = before.predict_on_batch(batch).mean(axis=(0, 1, 2))
        mean = layer.momentum * mean + (1 - layer.momentum) * own
    take_statistics(model, store, "unit", "updated")
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("how", ["updated", "reestimated"])
def test_only_statistics_change_and_the_file_keeps_them(how, store, tmp_path):
    model = network()
    take_statistics(model, store, "unit", how)
    changed = {name for name, other in moved(network(), model).items() if other}
    assert changed and all(name.endswith(("moving_mean", "moving_variance")) for name in changed)
    write_model(model, tmp_path / "model.keras")
    again = build(PIXELS, CHECKPOINT, tmp_path / "model.keras")
    assert not any(moved(model, again).values())


def test_a_batchs_own_statistics_make_other_features(store, tmp_path):
    paths = {name: tmp_path / f"{name}.npy" for name in ("inference", "batch")}
    for name, path in paths.items():
        extract(network(), store, "unit", path, tmp_path / f"{name}.csv", name)
    inference, batch = (np.load(path) for path in paths.values())
    expected = [np.asarray(network()(b, training=True)) for b in batches(store)]
    np.testing.assert_allclose(batch[order(store)], np.concatenate(expected), rtol=1e-4, atol=1e-5)
    assert not np.allclose(batch, inference, atol=1e-3)


def test_a_network_without_batch_norm_does_not_care(tmp_path):
    plain = museum(tmp_path / "museum", TABLE)
    for name in ("inference", "batch"):
        model = build(architecture(), RANDOM, "")
        extract(model, plain, "unit", tmp_path / f"{name}.npy", tmp_path / "ids.csv", name)
    one, other = (np.load(tmp_path / f"{name}.npy") for name in ("inference", "batch"))
    has = [isinstance(x, keras.layers.BatchNormalization) for x in model.layers]
    assert not any(has)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def with_statistics(model):
    """The same network; every batch normalisation gets values that change what it does."""
    draw = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for value in layer.weights:
                middle = 1.0 if value.name in ("gamma", "moving_variance") else 0.0
                value.assign(middle + draw.uniform(-0.5, 0.5, value.shape))
    return model


@pytest.mark.parametrize(
    ("network", "left"),
    [
        ("demo_residual", 0),
        ("resnet50", 0),
        ("inception_v3", 0),
        ("xception", 0),
        ("resnet50_v2", 17),  # before a block, after a sum
        ("mobilenet_v3_small", 11),  # after a depthwise convolution
        ("vgg19", 0),
    ],
)
def test_folded_into_convolutions_the_features_are_the_same(network, left):
    model = with_statistics(build(architecture(network), RANDOM, ""))
    size = model.input_shape[1]
    images = np.random.default_rng(4).random((3, size, size, 3), np.float32)
    expected, less = model.predict_on_batch(images), folded(model)
    np.testing.assert_allclose(
        less.predict_on_batch(images), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
    )
    norms = [x for x in less.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert len(norms) == left


def test_a_convolution_that_something_else_reads_stays_as_it_is():
    inputs = keras.Input((8, 8, 3))
    shared = keras.layers.Conv2D(4, 3, use_bias=False)(inputs)
    bent = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    norms = [keras.layers.BatchNormalization()(x) for x in (shared, bent)]
    outputs = keras.layers.GlobalAveragePooling2D()(keras.layers.Concatenate()([shared, *norms]))
    model = with_statistics(keras.Model(inputs, outputs))
    images = np.random.default_rng(4).random((3, 8, 8, 3), np.float32)
    np.testing.assert_allclose(
        folded(model).predict_on_batch(images), model.predict_on_batch(images), rtol=1e-5, atol=1e-6
    )


def test_folded_features_are_written_as_others(store, tmp_path):
    paths = {name: tmp_path / f"{name}.npy" for name in ("inference", "folded")}
    for name, path in paths.items():
        extract(with_statistics(network()), store, "unit", path, tmp_path / f"{name}.csv", name)
    one, other = (np.load(path) for path in paths.values())
    np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)
    assert not np.array_equal(other, one)  # they were folded


@given(st.integers(0, 500))
def test_no_batch_is_much_smaller_than_the_others(count):
    parts = batch_norm.batches(np.arange(count))
    sizes = [len(part) for part in parts]
    assert [place for part in parts for place in part] == list(range(count))
    assert max(sizes, default=0) <= 32 and len(parts) == -(-count // 32)
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
