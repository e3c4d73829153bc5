"""Grad-CAM and integrated gradients: against what is known by hand, and on a run's network."""

import json

import keras
import numpy as np
import pytest
from art_transfer.report.class_maps import grad_cam, integrated_gradients
from art_transfer.report.explained import network_of_run
from art_transfer.train.demo_backbones import demo_plain
from keras import layers

BLACK = np.zeros((8, 8, 3), np.float32)


def quarters() -> keras.Model:
    """Two feature maps of 2 x 2, means of red and of green; class 0 is red's, class 1 green's."""
    inputs = keras.Input((8, 8, 3))
    pooled = layers.Conv2D(2, 1, use_bias=False, name="colours")(inputs)
    pooled = layers.AveragePooling2D(4)(pooled)
    pooled = layers.GlobalAveragePooling2D(name="features")(pooled)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax", name="head")(pooled))
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[0, 0, 0, 0] = kernel[0, 0, 1, 1] = 1
    model.get_layer("colours").set_weights([kernel])
    model.get_layer("head").set_weights([4 * np.eye(2, dtype=np.float32), np.zeros(2, np.float32)])
    return model


def red_and_green(red: float, green: float) -> np.ndarray:
    """Red in the upper left quarter, green in the lower right one."""
    image = BLACK.copy()
    image[:4, :4, 0], image[4:, 4:, 1] = red, green
    return image


def test_grad_cam_is_where_the_evidence_of_the_given_class_is():
    found = grad_cam(quarters(), np.stack([red_and_green(1, 0.5), red_and_green(0.5, 1)]), 1)
    # The weight of a map is the mean derivative, 4 / 4 positions; red's map is 1, 0, 0, 0.
    assert found[0, 0, 0] == pytest.approx(1) and found[0, 7, 7] == 0
    assert found[1, 7, 7] == pytest.approx(1) and found[1, 0, 0] == 0


def test_integrated_gradients_add_up_to_what_the_image_changes():
    model = quarters()
    images = np.stack([red_and_green(1, 0.25), red_and_green(0.25, 1)])
    found = integrated_gradients(model, images, BLACK)
    likeliest = model.predict(images, verbose=0).max(axis=1)
    black = model.predict(BLACK[None], verbose=0)[0]
    np.testing.assert_allclose(found.sum(axis=(1, 2)), likeliest - black, atol=1e-4)
    assert (found[0, :4, :4] > 0).all() and (found[0, 4:, 4:] < 0).all()
    assert not found[0, :4, 4:].any()


@pytest.mark.parametrize("algorithm", ["bojarski", "grad_cam", "integrated_gradients"])
def test_a_run_s_network_explains_pixels(algorithm, tmp_path):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((32, 32, 3))
    pooled = layers.GlobalAveragePooling2D(name="features")(demo_plain(inputs))
    head = layers.Dense(3, activation="softmax", name="head")
    keras.Model(inputs, head(pooled)).save(tmp_path / "model.keras")
    (tmp_path / "preprocessing.json").write_text(json.dumps({"scaling": "unit"}))
    network = network_of_run(tmp_path, algorithm)
    pixels = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
    maps = network.maps(pixels)
    assert maps.shape == (9, 32, 32) and maps.dtype == np.float32
    assert maps.min(axis=(1, 2)) == pytest.approx(0) and maps.max(axis=(1, 2)) == pytest.approx(1)
    np.testing.assert_allclose(network.maps(pixels[3:4])[0], maps[3], atol=1e-4)
    kernel, bias = network.model.get_layer("head").get_weights()
    network.model.get_layer("head").set_weights([-kernel, bias])
    assert np.allclose(network.maps(pixels), maps) == (algorithm == "bojarski")
