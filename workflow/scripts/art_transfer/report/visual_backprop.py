"""VisualBackProp: which pixels the feature maps of a network agree on (Bojarski et al. 2016).

arXiv 1611.05418: the feature maps of each layer are averaged after the rectifier. From the last
layer to the first, the mask so far is scaled up by a transposed convolution whose kernel is all
ones and has the forward layer's size, stride and padding, and is multiplied with the averaged maps
of the layer below, until it has the input's size. It knows no classes: a mask says what a network
carries on, not what speaks for a label.

Which layers take part in a network with branches is written in ``layer_graph.stages``.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import keras
import numpy as np
from numpy.typing import NDArray

from art_transfer.report.layer_graph import Stage, Windows, stages, window

ALGORITHMS = ("bojarski", "released_code")

Maps = NDArray[np.float32]


def maps(
    model: keras.Model,
    images: Maps,
    algorithm: str,
    end: str = "features",
    batch_size: int = 8,
) -> Maps:
    """Saliency maps (n, height, width) float32 in [0, 1] of images (n, height, width, 3) float32.

    ``end`` names the layer at which the feature maps end, the pooling before the head. The images
    must already be scaled as the network was trained with (``bojarski``), or be raw, 0 to 255
    (``released_code``).

    ``bojarski`` is the published algorithm, with maps rectified here where the network itself
    does so only on a branch. ``released_code`` is what the paper's authors ran: each layer's
    averaged maps as they come, min-max scaled for each image, and scaled up only where the size
    changes, by ones of 3 x 3 pixels with a stride of 2. Where sizes are no doubles, which their
    code did not meet, the stride is the rounded ratio; maps of one pixel count as ones. Both end
    with a min-max scaling for each image; a mask that is the same everywhere gives zeros.
    """
    return mapper(model, algorithm, end, batch_size)(images)


def mapper(
    model: keras.Model, algorithm: str, end: str = "features", batch_size: int = 8
) -> Callable[[Maps], Maps]:
    """What gives the maps of images, as ``maps``, also after the model's weights have changed."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm is {algorithm!r}; expected one of {ALGORITHMS}")
    found = stages(model, end)
    rectified = algorithm == "bojarski"
    probe = keras.Model(model.input, [_averaged(stage, rectified) for stage in found])

    def mapped(images: Maps) -> Maps:
        masks = np.empty(images.shape[:3], np.float32)
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            outputs = probe.predict_on_batch(batch)
            averaged: list[Maps] = list(outputs) if len(found) > 1 else [outputs]
            if rectified:
                windows = [stage.windows for stage in found]
            else:
                averaged = [
                    stretched(some) if some[0].size > 1 else np.ones_like(some) for some in averaged
                ]
                sizes = [batch.shape[1:3], *(some.shape[1:3] for some in averaged)]
                windows = [_doubling(above, below) for above, below in pairwise(sizes)]
            masks[start : start + batch_size] = combined(averaged, windows)
        return masks

    return mapped


def combined(averaged: Sequence[Maps], windows: Sequence[Windows]) -> Maps:
    """Masks (n, height, width) in [0, 1] from the averaged maps of each stage, first to last.

    ``averaged`` are (n, height, width) for each stage; ``windows`` say what a stage sees of the
    one before it, and the first of the input. After each step a mask is divided by its largest
    value, which changes nothing but keeps products of many layers within float32's range.
    """
    mask: Maps = averaged[-1]
    for number in range(len(averaged) - 1, -1, -1):
        rows, columns = windows[number]
        mask = (rows @ mask @ columns.T).astype(np.float32)
        if number:
            mask = mask * averaged[number - 1]
        largest = mask.max(axis=(1, 2), keepdims=True)
        mask = np.divide(mask, largest, out=np.zeros_like(mask), where=largest > 0)
    return stretched(mask)


def _averaged(stage: Stage, rectified: bool) -> keras.KerasTensor:
    """The mean over a stage's feature maps: (n, height, width)."""
    output = stage.layer.output
    return keras.ops.mean(keras.ops.relu(output) if rectified else output, axis=-1)


def stretched(mask: Maps) -> Maps:
    """Each image's smallest value becomes 0 and its largest 1; one value everywhere becomes 0."""
    low, high = mask.min(axis=(1, 2), keepdims=True), mask.max(axis=(1, 2), keepdims=True)
    return np.divide(mask - low, high - low, out=np.zeros_like(mask), where=high > low)


def _doubling(above: tuple[int, ...], below: tuple[int, ...]) -> Windows:
    """The released code's 3 x 3 ones from the size ``below`` to ``above``; equal sizes stay."""
    both = []
    for size, outputs in zip(above, below, strict=True):
        stride = max(1, round(size / outputs))
        kernel = 1 if size == outputs else 3
        padded = max((outputs - 1) * stride + kernel - size, 0)
        both.append(window(size, kernel, stride, padded // 2, outputs))
    return both[0], both[1]
