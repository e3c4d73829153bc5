"""A finished run's network with its saliency maps, by one of four methods."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from art_transfer.files import read_json
from art_transfer.report.class_maps import grad_cam, integrated_gradients
from art_transfer.report.visual_backprop import mapper, stretched
from art_transfer.train.checkpoint import read_checkpoint
from art_transfer.train.scaling import scale

Pixels = NDArray[np.uint8]
Maps = NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """A finished run's network, for pixels (n, size, size, 3) uint8 as they lie in the store."""

    model: keras.Model
    maps: Callable[[Pixels], Maps]  # (n, size, size) in [0, 1]
    probabilities: Callable[[Pixels], Maps]  # (n, classes)


def network_of_run(folder: str | Path, algorithm: str) -> Network:
    """Load a run's network; its maps are each image's, from its smallest value to its largest.

    ``algorithm``: ``grad_cam``, ``integrated_gradients`` (the sizes of its values, whatever their
    signs), or one of ``visual_backprop.ALGORITHMS``.
    """
    scaling = read_json(Path(folder) / "preprocessing.json")["scaling"]
    model = read_checkpoint(Path(folder) / "model.keras")

    def of_class(pixels: Pixels) -> Maps:
        images = scale(pixels, scaling)
        if algorithm == "grad_cam":
            return stretched(grad_cam(model, images))
        black = scale(np.zeros((1, *pixels.shape[1:]), np.uint8), scaling)[0]
        return stretched(np.abs(integrated_gradients(model, images, black)))

    def of_all() -> Callable[[Pixels], Maps]:
        mapped = mapper(model, algorithm)
        fed = "raw" if algorithm == "released_code" else scaling
        return lambda pixels: mapped(scale(pixels, fed))

    return Network(
        model,
        of_class if algorithm in ("grad_cam", "integrated_gradients") else of_all(),
        lambda pixels: np.concatenate(
            [
                keras.ops.convert_to_numpy(model(scale(pixels[start : start + 32], scaling)))
                for start in range(0, len(pixels), 32)
            ]
        ),
    )
