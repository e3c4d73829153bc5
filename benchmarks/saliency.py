"""Saliency maps: ours in batches against one image at a time, as keras-vis and its like do.

    python benchmarks/saliency.py [--images 1000] [--anew 20] [--side 224]

VisualBackProp of VGG19. Both peers fetch each layer's feature maps and average them. One builds its
function once, which is the best that this style can do; the other builds it anew for each image,
as keras-vis does, and is given few images.
"""

import functools
from collections.abc import Callable
from typing import Any

import engines
import numpy as np
from engines import Array
from measure import CORES, Benchmark

EQUAL = 1e-3


def ours(images: int, size: int) -> Callable[[], Array]:
    """As the rule saliency does."""
    from art_transfer.report.visual_backprop import mapper
    from art_transfer.train.machine import prepare
    from art_transfer.train.scaling import scale

    prepare(CORES, 0, 0)
    maps = mapper(engines.with_head("vgg19", size, "tensorflow"), "bojarski")
    pixels = engines.pixels(images, size)
    return lambda: maps(scale(pixels, "unit"))


def one_by_one(images: int, size: int, anew: bool) -> Callable[[], Array]:
    """Each image by itself; ``anew`` builds the function for each."""
    from art_transfer.report.layer_graph import stages
    from art_transfer.report.visual_backprop import combined

    model = engines.with_head("vgg19", size, "tensorflow")
    import keras

    found = stages(model, "features")
    pixels = engines.pixels(images, size).astype(np.float32) / np.float32(255)

    def function() -> Any:
        return keras.Model(model.input, [stage.layer.output for stage in found])

    kept = function()

    def once() -> Array:
        masks = []
        for image in pixels:
            outputs = (function() if anew else kept).predict_on_batch(image[None])
            averaged = [np.maximum(maps, 0).mean(axis=-1) for maps in outputs]
            masks.append(combined(averaged, [stage.windows for stage in found])[0])
        return np.stack(masks)

    return once


def equal(ours: Array, theirs: Array) -> None:
    """Assert that maps, which lie in [0, 1], are the same."""
    difference = float(np.abs(ours - theirs).max())
    assert difference < EQUAL, f"maps differ by {difference:.2g}"


def main() -> None:
    """Measure both entries."""
    bench = Benchmark(__doc__, images=1000, anew=20, side=224)
    size, make = bench.given.side, functools.partial
    peers = [
        (bench.given.images, "one image at a time", False),
        (bench.given.anew, "one image at a time, its function built anew (keras-vis)", True),
    ]
    for images, peer, anew in peers:
        bench.compare(
            f"saliency of {images:,} images, VGG19 at {size}",
            make(ours, images, size),
            peer,
            make(one_by_one, images, size, anew),
            10,
            equal,
        )


if __name__ == "__main__":
    main()
