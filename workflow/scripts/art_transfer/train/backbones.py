"""Networks without their heads, and where their first weights come from."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import keras
import numpy as np

from art_transfer.errors import StudyError
from art_transfer.job_settings import Architecture, FirstWeights
from art_transfer.networks import NETWORKS
from art_transfer.train.checkpoint import read_checkpoint
from art_transfer.train.demo_backbones import demo_plain, demo_residual
from art_transfer.train.keras_2 import load_keras_2_1

FEATURES, HEAD = "features", "head"
"""Names of the layer of pooled features and of the softmax, in every model of the study."""


def head_of(task: str) -> str:
    """The name of a task's softmax, and of its outputs, in a network that has several."""
    return f"{HEAD}_{task}"


_APPLICATIONS: dict[str, Callable[..., keras.Model]] = {
    "xception": keras.applications.Xception,
    "inception_v3": keras.applications.InceptionV3,
    "resnet50": keras.applications.ResNet50,
    "vgg19": keras.applications.VGG19,
    "densenet121": keras.applications.DenseNet121,
    "densenet169": keras.applications.DenseNet169,
    "densenet201": keras.applications.DenseNet201,
    "resnet50_v2": keras.applications.ResNet50V2,
    # These would scale pixels themselves; here that is a setting, as for all others.
    "efficientnet_v2_b0": partial(keras.applications.EfficientNetV2B0, include_preprocessing=False),
    "efficientnet_v2_b3": partial(keras.applications.EfficientNetV2B3, include_preprocessing=False),
    "convnext_tiny": partial(keras.applications.ConvNeXtTiny, include_preprocessing=False),
    "convnext_base": partial(keras.applications.ConvNeXtBase, include_preprocessing=False),
    "mobilenet_v3_large": partial(keras.applications.MobileNetV3Large, include_preprocessing=False),
    "mobilenet_v3_small": partial(keras.applications.MobileNetV3Small, include_preprocessing=False),
}
_OWN = {"demo_plain": demo_plain, "demo_residual": demo_residual}


def build(
    architecture: Architecture,
    first: FirstWeights,
    file: str | Path,
    scope: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> keras.Model:
    """A network from pixels (n, size, size, 3) float32 to features (n, |x|) float32.

    Its top is removed and its last (or the named) layer pooled globally (paper, section 2.3).
    ``file`` holds the first weights, unless they are random; it is built within ``scope``. Raises
    StudyError where a file of weights does not fit, or the network has no such layer.
    """
    keras.utils.clear_session()  # so that Keras names the layers alike in every process
    with scope():
        return _built(architecture, first, file)


def _built(architecture: Architecture, first: FirstWeights, file: str | Path) -> keras.Model:
    backbone = _network(architecture)
    if first.kind == "weights":
        _load(backbone, Path(file), architecture.network)
    elif first.kind == "keras_2_1":
        load_keras_2_1(backbone, Path(file), architecture.network)
    output = backbone.output if architecture.layer == "last" else _layer(backbone, architecture)
    pooled = keras.layers.GlobalAveragePooling2D(name=FEATURES)(output)
    model = keras.Model(backbone.input, pooled, name=architecture.network)
    if first.kind == "random":
        randomize(model, first.seed)
    elif first.kind in ("run", "batch_norm"):
        _copy_from_run(model, Path(file))
    return model


def with_head(backbone: keras.Model, classes: int, seed: int) -> keras.Model:
    """The network with a new softmax of so many classes, Glorot-uniform from ``seed``."""
    return keras.Model(backbone.input, head(classes, seed)(backbone.output))


def with_heads(backbone: keras.Model, classes: Mapping[str, int], seed: int) -> keras.Model:
    """The network with a new softmax for each task, by its ``head_of``, as in ``with_head``.

    ``classes`` says of how many classes, by task.
    """
    outputs = {
        head_of(task): head(count, seed, head_of(task))(backbone.output)
        for task, count in classes.items()
    }
    return keras.Model(backbone.input, outputs)


def head(classes: int, seed: int, name: str = HEAD) -> keras.layers.Layer:
    """A new softmax layer; float32 whatever the network computes in."""
    return keras.layers.Dense(
        classes,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        dtype="float32",
        name=name,
    )


def randomize(model: keras.Model, seed: int) -> None:
    """Set every kernel to He-uniform values from ``seed``, and everything else as Keras does.

    He et al. (2015): uniform within sqrt(6 / fan-in). The fan-in of a depthwise kernel
    (height, width, channels, multiplier) is height times width, since each output sees one
    channel; Keras's own initialiser would count them all.
    """
    for layer in model.layers:
        for variable in layer.weights:
            shape = tuple(variable.shape)
            if variable.name not in ("kernel", "depthwise_kernel", "pointwise_kernel"):
                continue
            receptive = int(np.prod(shape[:-2]))
            fan_in = receptive if _is_depthwise(layer, variable.name) else receptive * shape[-2]
            limit = np.sqrt(6 / fan_in)
            name = f"{seed}/{layer.name}/{variable.name}".encode()
            key = int.from_bytes(hashlib.sha256(name).digest()[:8], "big")
            values = np.random.default_rng(key).uniform(-limit, limit, shape)
            variable.assign(values.astype(np.float32))


def _is_depthwise(layer: keras.layers.Layer, variable: str) -> bool:
    return variable == "depthwise_kernel" or (
        variable == "kernel" and isinstance(layer, keras.layers.DepthwiseConv2D)
    )


def _network(architecture: Architecture) -> keras.Model:
    shape = (architecture.size, architecture.size, 3)
    if architecture.network in _OWN:
        inputs = keras.Input(shape)
        return keras.Model(inputs, _OWN[architecture.network](inputs))
    application = _APPLICATIONS[architecture.network]
    return application(include_top=False, weights=None, input_shape=shape)


def _layer(backbone: keras.Model, architecture: Architecture) -> keras.KerasTensor:
    names = [layer.name for layer in backbone.layers]
    if architecture.layer not in names:
        raise StudyError(
            f"{architecture.network} has no layer {architecture.layer!r}, which a preprocessing "
            f"names as its `layer`; it has: {', '.join(names)}"
        )
    return backbone.get_layer(architecture.layer).output


def _load(backbone: keras.Model, path: Path, network: str) -> None:
    try:
        backbone.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise StudyError(
            f"{path}: these are no weights of {NETWORKS[network].title} without its top: {error}"
        ) from error


def _copy_from_run(model: keras.Model, path: Path) -> None:
    """Copy the weights of each layer from the layer of the same name in a run's checkpoint.

    Batch normalisation keeps the epsilon that the run had, which is not today's where its own
    first weights are older.
    """
    known = {layer.name: layer for layer in read_checkpoint(path).layers}
    for layer in model.layers:
        try:
            layer.set_weights(known[layer.name].get_weights() if layer.weights else [])
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.epsilon = known[layer.name].epsilon
        except (KeyError, ValueError, AttributeError) as error:
            raise StudyError(
                f"{path}: this checkpoint is of another network than {model.name}, or ends at an "
                f"earlier `layer`: its layer {layer.name} is missing or of another shape"
            ) from error
