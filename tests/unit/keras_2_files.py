"""Files of weights as Keras 2.1 saved whole networks, made from today's networks."""

import hashlib
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from art_transfer.train.backbones import build, with_head
from numpy.typing import NDArray
from training_data import RANDOM, architecture

RESNET_BLOCKS = {2: "abc", 3: "abcd", 4: "abcdef", 5: "abc"}
BRANCHES = {"2a": 1, "2b": 2, "2c": 3, "1": 0}
"""Keras 2.1's names of a block's convolutions, in its order, and today's numbers."""

Arrays = dict[str, NDArray[Any]]


def resnet_names() -> dict[str, str]:
    """Keras 2.1's names of ResNet50's layers with weights, and today's."""
    names = {"conv1": "conv1_conv", "bn_conv1": "conv1_bn"}
    for stage, blocks in RESNET_BLOCKS.items():
        for number, block in enumerate(blocks, start=1):
            for branch, part in BRANCHES.items():
                if branch == "1" and block != "a":
                    continue
                today = f"conv{stage}_block{number}_{part}"
                names[f"res{stage}{block}_branch{branch}"] = f"{today}_conv"
                names[f"bn{stage}{block}_branch{branch}"] = f"{today}_bn"
    return names


def old_names(model: keras.Model, before: int) -> dict[str, str]:
    """Keras 2.1's names of a network's layers with weights, and today's.

    ``before`` numbers of each kind were given to another network of the same process.
    """
    if model.name == "resnet50":
        return resnet_names()
    names = {}
    for layer in model.layers:
        if layer.weights:
            kind, _, number = layer.name.partition("_")
            if layer.name.startswith("batch_normalization"):
                kind, number = "batch_normalization", layer.name[len("batch_normalization_") :]
            numbered = kind in ("conv2d", "batch_normalization")
            old = f"{kind}_{int(number or 0) + 1 + before}" if numbered else layer.name
            names[old] = layer.name
    return names


def trained(network: str, seed: int = 7) -> keras.Model:
    """A network none of whose numbers are what a new one has, nor twice the same."""
    model = build(architecture(network), RANDOM, "")
    random = np.random.default_rng(seed)
    model.set_weights([random.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    return model


def whole(model: keras.Model, before: int = 0, classes: int = 5) -> dict[str, Arrays]:
    """The arrays of a network and of a softmax on it, layer by layer."""
    layers = {
        old: {w.name: w.numpy() for w in model.get_layer(name).weights}
        for old, name in old_names(model, before).items()
    }
    softmax = with_head(model, classes, 1).layers[-1].weights
    return layers | {f"dense_{1 + before}": {w.name: w.numpy() for w in softmax}}


def write(layers: dict[str, Arrays], path: Path, **attributes: str) -> None:
    """Save layers as Keras 2.1 does, those without weights among them."""
    named = {"input_1": {}, **layers, "global_average_pooling2d_1": {}}
    said = {"backend": "tensorflow", "keras_version": "2.1.3"} | attributes
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in named]
        for name, value in said.items():
            file.attrs[name] = value.encode()
        for layer, arrays in named.items():
            group = file.create_group(layer)
            names = [f"{layer}/{name}:0" for name in arrays]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, values in zip(names, arrays.values(), strict=True):
                group.create_dataset(name, data=values)


def blob_hash(content: bytes) -> str:
    """The hash by which git knows a file."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
