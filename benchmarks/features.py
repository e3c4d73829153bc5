"""Features of a museum: ours against other engines, each of the paper's networks at full size.

    python benchmarks/features.py [--images 64] [--only vgg19]

The same random weights and the same images of noise in every engine, in batches of 32, once it has
started. Ours reads pixels from a PixelStore and writes the features to a file; peers hold scaled
float32 images in memory.
"""

import functools
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engines
import numpy as np
import pictures
from engines import BATCH, Array
from measure import CORES, Benchmark

EQUAL = 1e-3  # of the largest feature
Features = Callable[[], Array]


def ours(
    folder: Path, network: str, size: int, batch_norm: str = "inference", engine: str = "keras"
) -> Features:
    """The rule's own steps from pixels to a file of features, once it has started.

    ``batch_norm`` and ``engine`` as a preprocessing's.
    """
    from art_transfer.train.features import way_forward
    from art_transfer.train.machine import prepare

    prepare(CORES, 0, 0)
    model = engines.backbone(network, size, "tensorflow")
    features = way_forward(model, "unit", batch_norm, engine)
    store = pictures.read_store(folder, size)
    rows = store.rows(store.object_ids)
    parts = [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]

    def once() -> Array:
        found = np.concatenate([features(store.batch(part)) for part in parts])
        np.save(folder / "features.npy", found)
        return found

    return once


def keras_predict(folder: Path, network: str, size: int, backend: str) -> Features:
    """``predict`` on an array."""
    model = engines.backbone(network, size, backend)
    images = pictures.scaled(folder, size)
    return lambda: np.asarray(model.predict(images, batch_size=BATCH, verbose=0))


def pytorch(folder: Path, network: str, size: int, compiled: bool) -> Features:
    """PyTorch without gradients, channels last, eager or compiled by its own compiler.

    Compiled with its weights frozen, so that it folds batch normalisation; on a GPU where there is
    one, as the others are.
    """
    import torch
    import torch._inductor.config

    torch._inductor.config.freezing = compiled
    device = engines.torch_device()
    module = engines.torch_network(engines.backbone(network, size, "torch")).to(device).eval()
    if compiled:
        module = torch.compile(module)
    images = torch.from_numpy(pictures.scaled(folder, size))

    def once() -> Array:
        with torch.inference_mode():
            batches = (images[at : at + BATCH].to(device) for at in range(0, len(images), BATCH))
            return torch.cat([module(batch).cpu() for batch in batches]).numpy()

    return once


def onnx_runtime(folder: Path, network: str, size: int) -> Features:
    """ONNX Runtime with all of its graph's optimisations."""
    import onnxruntime
    import onnxscript  # noqa: F401  (what PyTorch exports with)
    import torch

    module = engines.torch_network(engines.backbone(network, size, "torch")).eval()
    path, images = folder / f"{network}.onnx", pictures.scaled(folder, size)
    example = torch.from_numpy(images[:BATCH])
    batch = {0: torch.export.Dim("n", min=2)}
    torch.onnx.export(module, (example,), path, dynamic_shapes=(batch,), verbose=False)
    provider = "CUDAExecutionProvider" if engines.on_gpu() else "CPUExecutionProvider"
    engines.need_gpu(provider in onnxruntime.get_available_providers(), "onnxruntime")
    session = onnxruntime.InferenceSession(path, providers=[provider])
    name = session.get_inputs()[0].name
    return lambda: np.concatenate(
        [
            session.run(None, {name: images[at : at + BATCH]})[0]
            for at in range(0, len(images), BATCH)
        ]
    )


def openvino(folder: Path, network: str, size: int) -> Features:
    """OpenVINO, compiled for this processor and the batch's size, in float32.

    For latency, so that all cores share a batch; for throughput each batch would have one core.
    """
    import openvino
    import torch

    engines.need_gpu(False, "openvino")
    module = engines.torch_network(engines.backbone(network, size, "torch")).eval()
    images = pictures.scaled(folder, size)
    shape = [BATCH, size, size, 3]
    found = openvino.convert_model(
        module, example_input=torch.from_numpy(images[:2]), input=[(shape, np.float32)]
    )
    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    network_ = openvino.Core().compile_model(found, "CPU", hints)
    assert len(images) % BATCH == 0
    return lambda: np.concatenate(
        [network_(images[at : at + BATCH])[0] for at in range(0, len(images), BATCH)]
    )


def equal(ours: Array, theirs: Array) -> None:
    """Assert that features are the same, against the largest of them."""
    difference = float(np.abs(ours - theirs).max() / np.abs(ours).max())
    assert difference < EQUAL, f"features differ by {difference:.2g} of the largest"


def main() -> None:
    """Measure all entries."""
    bench = Benchmark(__doc__, images=64, side=0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for network, full in engines.SIZES.items():
            size = bench.given.side or full
            pictures.write_store(folder, bench.given.images, size)
            make = functools.partial
            given = {"folder": folder, "network": network, "size": size}
            peers: list[tuple[str, Any, tuple[str, ...]]] = [
                ("Keras predict", make(keras_predict, backend="tensorflow"), ()),
                ("Keras on JAX, predict", make(keras_predict, backend="jax"), ("jax",)),
                ("PyTorch", make(pytorch, compiled=False), ("torch",)),
                ("PyTorch, compiled", make(pytorch, compiled=True), ("torch",)),
                ("ONNX Runtime", onnx_runtime, ("onnxruntime",)),
                ("OpenVINO", openvino, ("openvino",)),
            ]
            name = f"features, {network} at {size}, {bench.given.images} images"
            mine = make(ours, **given)
            for peer, theirs, versions in peers:
                bench.compare(
                    name, mine, peer, make(theirs, **given), 0.97, equal, versions=versions
                )
            if network != "vgg19":  # it has no batch normalisation
                quicker = {
                    "batch normalisation folded": make(mine, batch_norm="folded"),
                    "by the engine openvino": make(mine, engine="openvino"),
                }
                for (how, ours_), (peer, theirs, versions) in itertools.product(
                    quicker.items(), peers[-2:]
                ):
                    bench.compare(
                        f"{name}, {how}",
                        ours_,
                        peer,
                        make(theirs, **given),
                        0.97,
                        equal,
                        versions=versions,
                    )


if __name__ == "__main__":
    main()
