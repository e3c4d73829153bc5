"""The graph of a Keras network's layers: who feeds whom, and which layers all paths go through.

Sums and products that a network is written with (MobileNetV3, ConvNeXt) count as layers, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from art_transfer.errors import StudyError

Windows = tuple[NDArray[np.float32], NDArray[np.float32]]
"""For rows and for columns (pixels of a layer's input, pixels of its output): 1 where the output
sees the input, else 0; along several layers the product of these, layer by layer."""

_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
_POOLINGS = (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
_GLOBAL_POOLINGS = (keras.layers.GlobalMaxPooling2D, keras.layers.GlobalAveragePooling2D)


@dataclass(frozen=True)
class Stage:
    """One layer whose feature maps count, and what its output sees of the stage before.

    ``windows`` belong to the widest path from the stage before, or from the input.
    """

    layer: keras.Operation
    windows: Windows


def stages(model: keras.Model, end: str) -> list[Stage]:
    """The layers of ``model`` whose feature maps stand for what it has computed so far.

    Only layers through which every path from the input to the layer ``end`` goes are considered
    (its dominators). Where new convolutions have come in since the one before, a stage begins;
    the stage's maps are the last ones of that size before the next stage begins. So these are

    - of a plain network every convolution, with its activation (VGG19: 16; demo_plain: 4),
    - of ResNet50 the rectified stem and the rectified sum of each block; of demo_residual also
      each block's first convolution, which no shortcut passes by,
    - of InceptionV3 the stem's five rectified convolutions and each concatenation ("mixed"),
    - of Xception the rectified stem, each sum, and the last two rectified convolutions.

    Nothing is found by name. Raises StudyError where a layer changes an image's size in a way
    that is not known here.
    """
    known = {layer.name: layer for layer in model.operations}
    inputs = {name: [known[i] for i in names] for name, names in _inputs(model).items()}
    through = _dominators(model, inputs)[end]
    chain = [layer for layer in model.operations if isinstance(layer, keras.layers.InputLayer)]
    for layer in model.operations:
        if layer.name not in through or layer in chain or _size(layer) is None:
            continue
        if any(isinstance(part, _CONVOLUTIONS) for part in _between(layer, chain[-1], inputs)):
            chain.append(layer)
        elif len(chain) > 1 and _size(layer) == _size(chain[-1]):
            chain[-1] = layer
    return [
        Stage(layer, _windows(model, before, layer, inputs)) for before, layer in pairwise(chain)
    ]


def window(size: int, kernel: int, stride: int, before: int, outputs: int) -> NDArray[np.float32]:
    """Which of ``size`` pixels each of so many outputs sees: (size, outputs), 0 or 1.

    Multiplying by it is a transposed convolution with a kernel of ones, cropped or filled with
    zeros to the input's size; ``before`` is the padding at the start. Where a stride is larger than
    its kernel (ResNet50's 1 x 1 with stride 2) the window is as large as the stride: the pixels
    left out would punch holes into every map below.
    """
    offset = np.arange(size)[:, None] + before - np.arange(outputs)[None] * stride
    return ((offset >= 0) & (offset < max(kernel, stride))).astype(np.float32)


def _inputs(model: keras.Model) -> dict[str, list[str]]:
    """For each layer the names of the layers that feed it, as the model's config lists them."""
    return {
        layer["name"]: [name for node in layer["inbound_nodes"] for name in _sources(node)]
        for layer in model.get_config()["layers"]
    }


def _sources(node: Any) -> Iterator[str]:
    """The layers whose outputs are mentioned anywhere in a node of a model's config."""
    if isinstance(node, dict):
        if "keras_history" in node:
            yield node["keras_history"][0]
        else:
            yield from _sources(list(node.values()))
    elif isinstance(node, list | tuple):
        for part in node:
            yield from _sources(part)


def _dominators(
    model: keras.Model, inputs: dict[str, list[keras.Operation]]
) -> dict[str, set[str]]:
    """For each layer the layers through which every path from the input to it goes, and itself."""
    found: dict[str, set[str]] = {}
    for layer in model.operations:  # a layer comes after those that feed it
        before = [found[source.name] for source in inputs[layer.name]]
        found[layer.name] = {layer.name} | (set.intersection(*before) if before else set())
    return found


def _between(
    end: keras.Operation,
    start: keras.Operation,
    inputs: dict[str, list[keras.Operation]],
) -> list[keras.Operation]:
    """The layers on paths from ``start`` to ``end``, without ``start``."""
    found: dict[str, keras.Operation] = {}
    waiting = [end]
    while waiting:
        layer = waiting.pop()
        if layer.name != start.name and layer.name not in found:
            found[layer.name] = layer
            waiting += inputs[layer.name]
    return list(found.values())


def _windows(
    model: keras.Model,
    start: keras.Operation,
    end: keras.Operation,
    inputs: dict[str, list[keras.Operation]],
) -> Windows:
    """What ``end`` sees of ``start``: along the path that sees most, the first of equal ones."""
    inside = {layer.name for layer in _between(end, start, inputs)}
    height, width = _sides(start)
    seen = {start.name: (np.eye(height, dtype=np.float32), np.eye(width, dtype=np.float32))}
    for layer in model.operations:
        if layer.name not in inside or _size(layer) is None:
            continue
        for source in inputs[layer.name]:
            if source.name not in seen or _evens_out(layer, source):
                continue  # squeeze-and-excitation: a branch that says nothing of where
            (rows, columns), own = seen[source.name], _own_windows(layer, source)
            both = (rows @ own[0], columns @ own[1])
            if layer.name not in seen or _extent(both) > _extent(seen[layer.name]):
                seen[layer.name] = both
    if end.name not in seen:
        raise StudyError(
            f"{end.name} ({type(end).__name__}) sees only means over all pixels, so that "
            "VisualBackProp cannot say where; choose another backbone for this figure"
        )
    return seen[end.name]


def _evens_out(layer: keras.Operation, source: keras.Operation) -> bool:
    """Whether a layer has one pixel for all of larger maps."""
    return isinstance(layer, _GLOBAL_POOLINGS) and _sides(layer) != _sides(source)


def _extent(windows: Windows) -> int:
    return int(np.count_nonzero(windows[0])) * int(np.count_nonzero(windows[1]))


def _own_windows(layer: keras.Operation, source: keras.Operation) -> Windows:
    """What one layer sees of the layer that feeds it."""
    sizes, outputs = _sides(source), _sides(layer)
    if isinstance(layer, (*_CONVOLUTIONS, *_POOLINGS)):
        own = [_seen_by_kernel(layer, axis, sizes[axis], outputs[axis]) for axis in (0, 1)]
    elif isinstance(layer, keras.layers.ZeroPadding2D):
        own = [window(sizes[i], 1, 1, layer.padding[i][0], outputs[i]) for i in (0, 1)]
    elif isinstance(layer, keras.layers.Cropping2D):
        own = [window(sizes[i], 1, 1, -layer.cropping[i][0], outputs[i]) for i in (0, 1)]
    elif sizes == outputs:
        own = [np.eye(size, dtype=np.float32) for size in sizes]
    else:
        raise StudyError(
            f"{layer.name} ({type(layer).__name__}) turns maps of {sizes} into {outputs} pixels "
            "in a way that VisualBackProp does not know; choose another backbone for this figure"
        )
    return own[0], own[1]


def _seen_by_kernel(
    layer: keras.Operation, axis: int, size: int, outputs: int
) -> NDArray[np.float32]:
    """The windows of a convolution or pooling along one axis."""
    pooling = isinstance(layer, _POOLINGS)
    kernel = layer.pool_size[axis] if pooling else layer.kernel_size[axis]
    if not pooling:
        kernel = (kernel - 1) * layer.dilation_rate[axis] + 1
    stride = layer.strides[axis]
    padded = max((outputs - 1) * stride + kernel - size, 0) if layer.padding == "same" else 0
    return window(size, kernel, stride, padded // 2, outputs)


def _size(layer: keras.Operation) -> tuple[int, int] | None:
    """Height and width of a layer's maps; None where its output is no map."""
    shape = layer.output.shape
    return (shape[1], shape[2]) if len(shape) == 4 else None


def _sides(layer: keras.Operation) -> tuple[int, int]:
    size = _size(layer)
    assert size is not None and None not in size
    return size
