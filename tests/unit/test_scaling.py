"""Pixels as networks are fed them."""

import keras
import numpy as np
import pytest
from art_transfer.networks import NETWORKS
from art_transfer.train.scaling import on_pixels, scale
from training_data import FOUR

RGB = np.array([[[[0, 0, 0], [255, 255, 255], [10, 20, 200]]]], dtype=np.uint8)
BLACK = {"unit": [0, 0, 0], "raw": [0, 0, 0], "tf": [-1, -1, -1]}
WHITE = {"unit": [1, 1, 1], "raw": [255, 255, 255], "tf": [1, 1, 1]}
COLOUR = {
    "unit": [10 / 255, 20 / 255, 200 / 255],
    "raw": [10, 20, 200],
    "tf": [10 / 127.5 - 1, 20 / 127.5 - 1, 200 / 127.5 - 1],
}
# blue, green, red less the means of ImageNet
BLACK["caffe"] = [-103.939, -116.779, -123.68]
WHITE["caffe"] = [255 - 103.939, 255 - 116.779, 255 - 123.68]
COLOUR["caffe"] = [200 - 103.939, 20 - 116.779, 10 - 123.68]
# [0, 1] less the means of ImageNet, over their standard deviations
BLACK["torch"] = [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225]
WHITE["torch"] = [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
COLOUR["torch"] = [
    (10 / 255 - 0.485) / 0.229,
    (20 / 255 - 0.456) / 0.224,
    (200 / 255 - 0.406) / 0.225,
]


@pytest.mark.parametrize("scaling", ["unit", "raw", "tf", "caffe", "torch"])
def test_black_white_and_a_colour_by_hand(scaling):
    scaled = scale(RGB, scaling)
    assert scaled.dtype == np.float32 and scaled.shape == RGB.shape
    for pixel, wanted in zip(scaled[0, 0], (BLACK, WHITE, COLOUR), strict=True):
        assert pixel.tolist() == pytest.approx(wanted[scaling], rel=1e-5, abs=1e-5)


def test_the_papers_pixels_lie_between_0_and_1_exactly():
    every = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    unit = scale(every, "unit")
    assert (unit.min(), unit.max()) == (0, 1)
    np.testing.assert_array_equal(unit, every / np.float32(255))


@pytest.mark.parametrize("network", FOUR)
def test_the_scaling_of_each_networks_weights_is_its_own_in_keras(network):
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 3), dtype=np.uint8)
    wanted = getattr(keras.applications, network).preprocess_input(images.astype(np.float32))
    np.testing.assert_array_equal(scale(images, NETWORKS[network].scaling), wanted)


@pytest.mark.parametrize("scaling", ["unit", "raw", "tf", "caffe", "torch"])
def test_the_pixels_that_were_given_stay_as_they_are(scaling):
    images = RGB.copy()
    scale(images, scaling)
    np.testing.assert_array_equal(images, RGB)


@pytest.mark.parametrize("scaling", ["unit", "raw", "tf", "caffe", "torch"])
def test_a_network_scales_every_value_of_every_channel_bit_for_bit(scaling):
    ramp = np.arange(256, dtype=np.uint8)
    pixels = np.stack([ramp, np.roll(ramp, 85), np.roll(ramp, 170)], axis=-1).reshape(4, 8, 8, 3)
    inputs, wanted = keras.Input((8, 8, 3)), scale(pixels, scaling)
    same = on_pixels(keras.Model(inputs, keras.layers.Identity()(inputs)), scaling)
    for compiled in (False, True):
        same.compile(jit_compile=compiled)
        assert np.array_equal(same.predict_on_batch(pixels), wanted)


def test_a_network_that_is_fed_pixels_has_the_same_weights():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs))
    fed = on_pixels(model, "unit")
    model.set_weights([np.ones((3, 3, 3, 2)), np.zeros(2)])
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    wanted = model.predict_on_batch(scale(pixels, "unit"))
    assert np.array_equal(fed.predict_on_batch(pixels), wanted) and wanted.any()
