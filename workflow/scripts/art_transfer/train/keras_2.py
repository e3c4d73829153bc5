"""A whole network as Keras 2.1 saved it (``save_weights``), read for today's network of that name.

The file is HDF5: the attribute ``layer_names`` lists the layers; each is a group whose attribute
``weight_names`` lists its arrays. Layers meet by name and never by place in the list, which goes by
depth and deals differently with layers of equal depth in each version of Keras: in ResNet50 two
convolutions of one shape would change places. Layers that nobody named have numbers in the order in
which they were made, counted through all networks of a process; so they meet by their rank. That
order, the shapes and the order of arrays are the same in Keras 2.1 and 3 for the paper's networks
(keras-team/keras-applications 1.0, the code of Keras 2.1's networks), with two exceptions:

- Keras 2.1 normalised batches with an epsilon of 0.001 throughout, today's ResNet50 with 1.001e-5.
  The layers get the old one.
- Keras 2.1's ResNet50 did not pad before its max pooling (55 pixels from 224, not 56); today's
  does. That shifts its feature maps by a pixel, which no weights can undo.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.networks import NETWORKS

EPSILON = 1e-3
"""Keras 2.1's default for batch normalisation, which none of its networks changed but DenseNet."""

_NUMBERED = re.compile(r"(.+?)(?:_([0-9]+))?")
_RESNET = re.compile(r"conv([2-5])_block([1-6])_([0-3])_(conv|bn)")


def load_keras_2_1(backbone: keras.Model, path: Path, network: str) -> None:
    """Give a network without its top the weights of a whole one, but for its softmax.

    ``network`` is its name in NETWORKS. Raises StudyError where the file is none of Keras 2, or of
    another network: a layer is missing, is too much or has other shapes.
    """
    try:
        file = _read(path)
        layers = {
            _old_name(layer.name, network): layer for layer in backbone.layers if layer.weights
        }
        pairs, rest = _paired(layers, file)
        _check_softmax({name: file[name] for name in rest}, backbone.output_shape[-1])
        arrays = {
            ours: _fitting(layers[ours], theirs, file[theirs]) for ours, theirs in pairs.items()
        }
    except (ValueError, TypeError, OSError, RuntimeError, KeyError) as error:
        raise StudyError(
            f"{path}: this is no {NETWORKS[network].title} with its softmax as Keras 2.1 saved "
            f"it: {error}"
        ) from error
    for name, layer in layers.items():
        layer.set_weights(arrays[name])
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = EPSILON


def _read(path: Path) -> dict[str, dict[str, NDArray[np.float32]]]:
    """The arrays of each layer that has any, by their names without the layer's."""
    with h5py.File(path, "r") as file:
        version, backend = (_text(file.attrs[name]) for name in ("keras_version", "backend"))
        if not version.startswith("2.") or backend != "tensorflow":
            raise ValueError(
                f"it was saved by Keras {version} with {backend}; expected Keras 2 with "
                "tensorflow, whose kernels lie as they do today"
            )
        found = {}
        for layer in map(_text, file.attrs["layer_names"]):
            names = map(_text, file[layer].attrs["weight_names"])
            arrays = {_last(name): _array(file, f"{layer}/{name}") for name in names}
            if arrays:
                found[layer] = arrays
    return found


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _last(name: str) -> str:
    """``kernel`` of ``conv2d_1/kernel:0``."""
    return name.rsplit("/", 1)[-1].removesuffix(":0")


def _array(file: h5py.File, name: str) -> NDArray[np.float32]:
    """An array that lies in this very file; one may also name other files, or hold objects."""
    found = file[name]
    if (
        not isinstance(found, h5py.Dataset)
        or found.dtype != np.float32
        or found.external
        or found.is_virtual
        or found.file.filename != file.filename
    ):
        raise ValueError(f"{name} is no array of 32-bit numbers in this file")
    return found[()]


def _old_name(name: str, network: str) -> str:
    """What Keras 2.1 called a layer of today's network; only ResNet50's have other names."""
    if network != "resnet50":
        return name
    if (block := _RESNET.fullmatch(name)) is None:
        return {"conv1_conv": "conv1", "conv1_bn": "bn_conv1"}.get(name, name)
    stage, number, part, kind = block.groups()
    branch = "1" if part == "0" else f"2{'_abc'[int(part)]}"
    return f"{'res' if kind == 'conv' else 'bn'}{stage}{'_abcdef'[int(number)]}_branch{branch}"


def _paired(ours: Iterable[str], theirs: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The file's layer for each of the network's, and what is left over in the file."""
    mine, found = _ranked(ours), _ranked(theirs)
    rest = [name for key, name in found.items() if key not in mine]
    missing = [name for key, name in mine.items() if key not in found]
    if missing:
        raise ValueError(
            f"it has no layer for {missing[0]} and {len(missing) - 1} others of "
            f"{len(mine)}, but layers of its own: {', '.join(rest[:3])}"
        )
    return {name: found[key] for key, name in mine.items()}, rest


def _ranked(names: Iterable[str]) -> dict[tuple[str, int], str]:
    """The names by what stands before their number, and the number's rank among those alike.

    ``conv2d`` is Keras 3's first, ``conv2d_1`` Keras 2.1's, or ``conv2d_95`` after another network.
    """
    kinds: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        kind, number = _NUMBERED.fullmatch(name).groups()  # type: ignore[union-attr]
        kinds.setdefault(kind, []).append((int(number or 0), name))
    return {
        (kind, rank): name
        for kind, found in kinds.items()
        for rank, (_, name) in enumerate(sorted(found))
    }


def _check_softmax(rest: dict[str, dict[str, NDArray[np.float32]]], width: int) -> None:
    """What the file has beside the network must be one softmax on its features."""
    shapes = {
        layer: {name: array.shape for name, array in arrays.items()}
        for layer, arrays in rest.items()
    }
    softmax = [
        layer
        for layer, found in shapes.items()
        if found.keys() == {"kernel", "bias"} and found["kernel"] == (width, *found["bias"])
    ]
    if len(rest) != 1 or not softmax:
        raise ValueError(
            f"beside the network's own layers it has {shapes or 'none'}; expected one softmax, "
            f"kernel ({width}, classes) and bias (classes)"
        )


def _fitting(
    layer: keras.layers.Layer, name: str, arrays: dict[str, NDArray[np.float32]]
) -> list[NDArray[np.float32]]:
    """The arrays of the file's layer ``name`` in the order of the network's, all of its shapes."""
    wanted = {variable.name: tuple(variable.shape) for variable in layer.weights}
    found = {key: array.shape for key, array in arrays.items()}
    if found != wanted:
        raise ValueError(f"its layer {name} has {found}; expected {wanted}")
    return [arrays[key] for key in wanted]
