"""A fine-tuning step: ours against other engines, each of the paper's networks at full size.

    python benchmarks/fine_tuning.py [--steps 2] [--only vgg19]

Batches of 32, 1,196 classes, SGD with Nesterov's momentum, from the same random weights on the same
images of noise in the same order. What is checked: the loss after a first step. The last
entries say what share of the machine's matrix multiplication a step reaches.
"""

import dataclasses
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engines
import numpy as np
import pictures
from engines import BATCH, MOMENTUM, RATE
from measure import CORES, Benchmark

CLOSE = 0.01
SIDE = 1024  # of the matrices whose product is the peak
Losses = Callable[[], list[float]]


def ours(folder: Path, network: str, size: int, **changes: Any) -> Losses:
    """Keras's loop on our batches from a PixelStore, with the study's own method.

    ``changes`` are made to the method.
    """
    from art_transfer.train.fitting import Batches

    store = pictures.read_store(folder, size)
    rows = store.rows(store.object_ids)
    classes = engines.labels(len(rows))
    data = Batches(lambda at: store.batch(rows[at]), classes, BATCH)
    model = our_model(network, size, len(data), **changes)
    return begun(lambda: mean_loss(model.fit(data.dataset(), shuffle=False, verbose=0)))


def our_model(network: str, size: int, steps: int, **changes: Any) -> Any:
    """A network with its head, fed pixels, compiled as the study does for epochs of ``steps``."""
    from art_transfer.checks import load_study
    from art_transfer.config import read_files
    from art_transfer.train.fitting import learning_rate, make_loss, make_optimizer
    from art_transfer.train.machine import prepare
    from art_transfer.train.scaling import on_pixels
    from art_transfer.train.scope import scope

    config = Path(__file__).parents[1] / "config"
    method = load_study(read_files([config / "config.yaml"]), config)[0].settings.methods[
        "fine_tuning"
    ]
    method = dataclasses.replace(method, **changes)
    prepare(CORES, 0, 0)
    with scope(method):
        model = on_pixels(engines.with_head(network, size, "tensorflow"), "unit")
    model.compile(
        optimizer=make_optimizer(method.optimizer, learning_rate(method, steps, 1)),
        loss=make_loss(method.label_smoothing),
        metrics=["accuracy"],
        jit_compile=method.jit_compile,
    )
    return model


def keras_fit(folder: Path, network: str, size: int, backend: str) -> Losses:
    """``fit`` as it is, on arrays in memory."""
    model = engines.keras_training(network, size, backend)
    images = pictures.scaled(folder, size)
    classes = engines.labels(len(images))
    return begun(
        lambda: mean_loss(model.fit(images, classes, batch_size=BATCH, shuffle=False, verbose=0))
    )


def pytorch(folder: Path, network: str, size: int, compiled: bool, half: str = "") -> Losses:
    """PyTorch's usual loop, channels last, eager or compiled, on a GPU where there is one.

    ``half`` is the type of its automatic mixed precision.
    """
    import torch

    device = engines.torch_device()
    module = engines.torch_network(engines.with_head(network, size, "torch")).to(device).train()
    mixed = torch.autocast(device, getattr(torch, half or "bfloat16"), enabled=bool(half))
    optimizer = torch.optim.SGD(module.parameters(), RATE, MOMENTUM, nesterov=True)
    forward = torch.compile(module) if compiled else module
    images = torch.from_numpy(pictures.scaled(folder, size))
    classes = torch.from_numpy(engines.labels(len(images)))

    def once() -> list[float]:
        losses = []
        for at in range(0, len(images), BATCH):
            optimizer.zero_grad(set_to_none=True)
            batch, truth = (part[at : at + BATCH].to(device) for part in (images, classes))
            with mixed:
                loss = torch.nn.functional.cross_entropy(forward(batch), truth)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return [float(np.mean(losses))]

    return begun(once)


def begun(once: Losses) -> Losses:
    """The same after a first turn, so that the loss that is compared depends on gradients."""
    once()
    return once


def products(network: str, size: int, images: int) -> Callable[[], float]:
    """As many operations as a training step has, in products of two large matrices by TensorFlow.

    A step has three times those of the way forward: gradients of inputs and of weights.
    """
    import tensorflow as tf
    from art_transfer.train.machine import prepare

    prepare(CORES, 0, 0)
    one, other = (tf.random.normal((SIDE, SIDE), seed=seed) for seed in (1, 2))
    step = 3 * images * engines.flops(engines.with_head(network, size, "tensorflow"))

    def once() -> float:
        for _ in range(round(step / (2 * SIDE**3))):
            result = one @ other
        return float(result[0, 0])

    return once


def mean_loss(history: Any) -> list[float]:
    """What ``fit`` says of each epoch."""
    return [float(value) for value in history.history["loss"]]


def close(ours: list[float], theirs: list[float], limit: float = CLOSE) -> None:
    """Assert that losses agree."""
    assert np.allclose(ours, theirs, rtol=limit), f"losses {ours} here, {theirs} there"


def main() -> None:
    """Measure all entries."""
    bench = Benchmark(__doc__, steps=1, side=0)
    count, make = bench.given.steps * BATCH, functools.partial
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for network, full in engines.SIZES.items():
            size = bench.given.side or full
            pictures.write_store(folder, count, size)
            given = {"folder": folder, "network": network, "size": size}
            peers: list[tuple[str, Any, tuple[str, ...]]] = [
                ("Keras fit", make(keras_fit, backend="tensorflow"), ()),
                ("Keras on JAX, fit", make(keras_fit, backend="jax"), ("jax",)),
                ("PyTorch", make(pytorch, compiled=False), ("torch",)),
                ("PyTorch, compiled", make(pytorch, compiled=True), ("torch",)),
            ]
            name = f"fine-tuning, {network} at {size}, {bench.given.steps} step(s) of 32"
            mine = make(ours, **given)
            for peer, theirs, versions in peers:
                bench.compare(
                    name, mine, peer, make(theirs, **given), 0.97, close, versions=versions
                )
            bench.compare(
                name,
                mine,
                "as many operations in products of matrices of 1,024 by TensorFlow",
                make(products, network, size, count),
                None,
                lambda one, other: None,
                unit="of the peak",
            )


if __name__ == "__main__":
    main()
