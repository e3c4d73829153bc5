"""Networks without their heads, and their first weights."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from art_transfer.errors import StudyError
from art_transfer.job_settings import FirstWeights
from art_transfer.networks import NETWORKS
from art_transfer.train.backbones import build, with_head
from art_transfer.train.run_folder import write_model
from art_transfer.train.scaling import scale
from training_data import CHECKPOINT, FOUR, RANDOM, WEIGHTS, architecture

WIDTH = {"xception": 2048, "inception_v3": 2048, "resnet50": 2048, "vgg19": 512}
PARAMETERS = {
    "xception": 20_861_480,
    "inception_v3": 21_802_784,
    "resnet50": 23_587_712,
    "vgg19": 20_024_384,
}
APPLICATIONS = {
    "xception": keras.applications.Xception,
    "inception_v3": keras.applications.InceptionV3,
    "resnet50": keras.applications.ResNet50,
    "vgg19": keras.applications.VGG19,
}
DEMOS = ("demo_plain", "demo_residual")


@pytest.fixture(scope="module", params=FOUR)
def network(request):
    return build(architecture(request.param), RANDOM, "")


def noise(network: str, count: int = 2) -> np.ndarray:
    size = NETWORKS[network].min_size
    return np.random.default_rng(0).random((count, size, size, 3), dtype=np.float32)


def assert_same_weights(one: keras.Model, two: keras.Model) -> None:
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_features_are_the_pooled_output_of_keras_own_network(network):
    size = NETWORKS[network.name].min_size
    own = APPLICATIONS[network.name](include_top=False, weights=None, input_shape=(size, size, 3))
    assert network.output_shape == (None, WIDTH[network.name])
    assert network.count_params() == own.count_params() == PARAMETERS[network.name]
    own.set_weights(network.get_weights())
    images = noise(network.name)
    features = network.predict_on_batch(images)
    pooled = own.predict_on_batch(images).mean(axis=(1, 2))
    np.testing.assert_allclose(features, pooled, rtol=1e-4, atol=1e-5 * np.abs(pooled).max())
    assert features.std() > 0


def fan_in(layer: keras.layers.Layer, variable: keras.Variable) -> int:
    """How many numbers each output of a kernel is a sum of."""
    height, width, channels, _ = variable.shape
    one_channel = variable.name == "depthwise_kernel" or isinstance(
        layer, keras.layers.DepthwiseConv2D
    )
    return height * width * (1 if one_channel else channels)


def test_every_kernel_is_he_uniform_and_everything_else_as_keras_sets_it(network):
    kernels = 0
    for layer in network.layers:
        for variable in layer.weights:
            values = variable.numpy()
            where = f"{layer.name}/{variable.name}"
            if "kernel" not in variable.name:
                constant = 1 if variable.name in ("gamma", "moving_variance") else 0
                assert (values == constant).all(), where
                continue
            kernels += 1
            limit = np.sqrt(6 / fan_in(layer, variable))
            assert np.abs(values).max() <= limit, where
            # five standard errors of the mean and the standard deviation of a uniform variable
            assert abs(values.mean()) < 5 * limit / np.sqrt(3 * values.size), where
            spread = values.std() * np.sqrt(3) / limit
            assert abs(spread - 1) < 5 * np.sqrt(0.2 / values.size), where
    assert (
        kernels == {"xception": 74, "inception_v3": 94, "resnet50": 53, "vgg19": 16}[network.name]
    )


def test_random_weights_come_from_the_seed_alone(network):
    keras.utils.set_random_seed(99)
    keras.layers.Conv2D(3, 3)  # would shift the numbers in Keras's names of layers
    again = build(architecture(network.name), RANDOM, "")
    assert_same_weights(network, again)
    other = build(architecture(network.name), FirstWeights("random", 2), "")
    for layer, changed in zip(network.layers, other.layers, strict=True):
        for one, two in zip(layer.weights, changed.weights, strict=True):
            same = np.array_equal(one.numpy(), two.numpy())
            assert same == ("kernel" not in one.name), (layer.name, one.name)


def test_no_two_kernels_of_a_network_begin_alike():
    kernels = [w for w in build(architecture("vgg19"), RANDOM, "").get_weights() if w.ndim == 4]
    assert len({kernel.ravel()[:4].tobytes() for kernel in kernels}) == len(kernels)


def trained(network: str) -> keras.Model:
    """A network none of whose weights is what a new one would have, and none negative."""
    model = build(architecture(network), RANDOM, "")
    random = np.random.default_rng(7)
    model.set_weights([random.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    return model


def write_legacy(model: keras.Model, path: Path) -> None:
    """Weights as Keras 1 and 2 laid them out, and as Keras releases those of ImageNet.

    Layers have the names of another session, as the released ones have; order is what counts.
    """
    with h5py.File(path, "w") as file:
        names = [f"{layer.name}_95".encode() for layer in model.layers]
        file.attrs["layer_names"] = names
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.1.2"
        for name, layer in zip(names, model.layers, strict=True):
            group = file.create_group(name)
            weights = [name + b"/" + w.name.encode() + b":0" for w in layer.weights]
            group.attrs["weight_names"] = weights
            for weight, variable in zip(weights, layer.weights, strict=True):
                group[weight] = variable.numpy()


def write_v3(model: keras.Model, path: Path) -> None:
    model.save_weights(path)


WRITERS = {"notop.h5": write_legacy, "notop.weights.h5": write_v3}


@pytest.mark.parametrize(
    ("network", "name"),
    [
        *((network, name) for network in DEMOS for name in WRITERS),
        ("xception", "notop.h5"),
        ("xception", "notop.weights.h5"),
    ],
)
def test_weights_come_from_a_file_of_either_layout(tmp_path, network, name):
    wanted = trained(network)
    WRITERS[name](wanted, tmp_path / name)
    assert_same_weights(build(architecture(network), WEIGHTS, tmp_path / name), wanted)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("fault", ["other", "top", "layers", "text", "cut", "none"])
def test_a_wrong_file_of_weights_is_named(tmp_path, name, fault):
    path = tmp_path / name
    if fault == "other":
        WRITERS[name](trained("demo_residual"), path)
    elif fault == "layers":
        WRITERS[name](build(architecture(layer="block2_pool"), RANDOM, ""), path)
    elif fault == "top":
        WRITERS[name](with_head(trained("demo_plain"), 3, 1), path)
        if name == "notop.weights.h5":
            assert_same_weights(build(architecture(), WEIGHTS, path), trained("demo_plain"))
            return  # found by name there, so the top does no harm
    elif fault == "text":
        path.write_text("404: not found")
    elif fault == "cut":
        WRITERS[name](trained("demo_plain"), path)
        path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(StudyError) as caught:
        build(architecture(), WEIGHTS, path)
    assert str(path) in str(caught.value) and "DemoPlain" in str(caught.value)


def checkpoint(network: str, path: Path) -> keras.Model:
    """What a run leaves: a network with a head of its own classes."""
    model = trained(network)
    write_model(with_head(model, 7, 3), path)
    return model


@pytest.mark.parametrize("network", DEMOS)
def test_a_runs_checkpoint_gives_its_weights_but_not_its_head(tmp_path, network):
    parent = checkpoint(network, tmp_path / "model.keras")
    child = build(architecture(network), CHECKPOINT, tmp_path / "model.keras")
    assert child.output_shape == parent.output_shape
    assert_same_weights(child, parent)


@pytest.mark.parametrize(
    ("network", "layer", "width"),
    [("demo_plain", "block2_pool", 32), ("demo_residual", "stem_relu", 16)],
)
def test_features_of_a_named_layer_are_its_pooled_output(tmp_path, network, layer, width):
    parent = checkpoint(network, tmp_path / "model.keras")
    parent.save_weights(tmp_path / "notop.weights.h5")
    images = noise(network)
    for first, file in ((CHECKPOINT, "model.keras"), (WEIGHTS, "notop.weights.h5")):
        short = build(architecture(network, layer), first, tmp_path / file)
        assert short.output_shape == (None, width)
        maps = keras.Model(parent.input, parent.get_layer(layer).output).predict_on_batch(images)
        features = short.predict_on_batch(images)
        np.testing.assert_allclose(features, maps.mean(axis=(1, 2)), rtol=1e-5)
    random, whole = (build(architecture(network, at), RANDOM, "") for at in (layer, "last"))
    for kept, same in zip(random.get_weights(), whole.get_weights(), strict=False):
        np.testing.assert_array_equal(kept, same)


def test_an_unknown_layer_is_named_beside_those_there_are():
    with pytest.raises(StudyError, match=r"no layer 'block9_pool'.*block2_pool, block3_conv"):
        build(architecture(layer="block9_pool"), RANDOM, "")


@pytest.mark.parametrize("fault", ["other", "cut", "bits", "text", "none"])
def test_a_wrong_checkpoint_is_named(tmp_path, fault):
    path = tmp_path / "model.keras"
    if fault == "text":
        path.write_text("nothing")
    elif fault != "none":
        checkpoint("demo_residual" if fault == "other" else "demo_plain", path)
    if fault in ("cut", "bits"):
        data = path.read_bytes()
        half = len(data) // 2
        path.write_bytes(data[:half] + (bytes(8) + data[half + 8 :] if fault == "bits" else b""))
    with pytest.raises(StudyError) as caught:
        build(architecture(), CHECKPOINT, path)
    assert str(path) in str(caught.value)
    assert ("another network" if fault == "other" else "no checkpoint") in str(caught.value)


NEWER = {
    "densenet121": (keras.applications.DenseNet121, keras.applications.densenet),
    "resnet50_v2": (keras.applications.ResNet50V2, keras.applications.resnet_v2),
    "efficientnet_v2_b0": (keras.applications.EfficientNetV2B0, None),  # None: within the network
    "convnext_tiny": (keras.applications.ConvNeXtTiny, None),
    "mobilenet_v3_small": (keras.applications.MobileNetV3Small, None),
}


SAMPLE = ("convnext_tiny", "mobilenet_v3_small")
SLOW = [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.full) for name in NEWER]


@pytest.mark.parametrize("name", SLOW)
def test_a_newer_network_sees_pixels_as_keras_own_does_and_survives_its_checkpoint(name, tmp_path):
    network, (application, module) = build(architecture(name), RANDOM, ""), NEWER[name]
    size = NETWORKS[name].min_size
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    features = network.predict_on_batch(scale(pixels, NETWORKS[name].scaling))
    assert features.std() > 0
    keras.utils.clear_session()
    own = application(include_top=False, weights=None, input_shape=(size, size, 3))
    own.set_weights(network.get_weights())
    raw = pixels.astype(np.float32)
    pooled = own.predict_on_batch(module.preprocess_input(raw) if module else raw).mean(axis=(1, 2))
    np.testing.assert_allclose(features, pooled, rtol=1e-3, atol=1e-4 * np.abs(pooled).max())
    write_model(with_head(network, 3, 1), tmp_path / "model.keras")
    again = build(architecture(name), CHECKPOINT, tmp_path / "model.keras")
    assert_same_weights(again, network)
