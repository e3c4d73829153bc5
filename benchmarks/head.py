"""A head on features: ours against Keras's ``fit`` on arrays, the paper's RMSprop and batch of 32.

    python benchmarks/head.py [--objects 100000] [--width 2048] [--classes 1196]

One turn is one epoch from new weights, compiling included. What is checked: the loss of the epoch
within 1 %. The features are noise with a class's own direction in it, so that there is a loss to
fall.
"""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import CORES, Benchmark

CLOSE = 0.01


def write_features(path: Path, objects: int, width: int, classes: int) -> None:
    """Features (objects, width) float32, and the class of each."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, objects)
    means = random.standard_normal((classes, width), np.float32)
    features = random.standard_normal((objects, width), np.float32) * 3 + means[labels]
    np.save(path / "features.npy", np.maximum(features, 0) / 4)
    np.save(path / "labels.npy", labels)


def ours(folder: Path, classes: int, epochs: int = 1) -> Callable[[], float]:
    """The study's own loop, as for "off the shelf"; gives the loss of the first epoch."""
    import keras
    from art_transfer.checks import load_study
    from art_transfer.config import read_files
    from art_transfer.train.backbones import head
    from art_transfer.train.fitting import Batches, fit
    from art_transfer.train.machine import prepare

    config = Path(__file__).parents[1] / "config"
    study, _ = load_study(read_files([config / "config.yaml"]), config)
    method = study.settings.methods["off_the_shelf"]
    prepare(CORES, 1, 0)
    features, labels = np.load(folder / "features.npy"), np.load(folder / "labels.npy")

    def epoch() -> float:
        train = Batches(lambda at: features[at], labels, method.batch_size, 1, method.order)
        validation = Batches(lambda at: features[at], labels[:320], method.batch_size)
        inputs = keras.Input((features.shape[1],))
        model = keras.Model(inputs, head(classes, 1)(inputs))
        return float(fit(model, train, validation, method, 1, epochs)["loss"].iloc[0])

    return epoch


def keras_fit(folder: Path, classes: int, **compiled: Any) -> Callable[[], float]:
    """Keras's ``fit`` on NumPy arrays, shuffled by itself; ``compiled`` goes to ``compile``."""
    import keras

    features, labels = np.load(folder / "features.npy"), np.load(folder / "labels.npy")

    def epoch() -> float:
        keras.utils.set_random_seed(1)
        inputs = keras.Input((features.shape[1],))
        model = keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(inputs))
        model.compile(
            optimizer=keras.optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-8),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            **compiled,
        )
        few = features[:320], labels[:320]
        found = model.fit(features, labels, batch_size=32, validation_data=few, verbose=0)
        return float(found.history["loss"][0])

    return epoch


def close(ours: float, theirs: float) -> None:
    """Assert that both losses agree within 1 %."""
    assert abs(ours - theirs) < CLOSE * theirs, f"a loss of {ours} here, {theirs} there"


def main() -> None:
    """Measure the entry."""
    bench = Benchmark(__doc__, objects=100_000, width=2048, classes=1196)
    sizes = bench.given.objects, bench.given.width, bench.given.classes
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_features(folder, *sizes)
        given = {"folder": folder, "classes": sizes[2]}
        best = {"jit_compile": True, "steps_per_execution": 32}
        for peer, compiled, target in (
            ("Keras fit on NumPy arrays", {}, 4),
            ("Keras fit on NumPy arrays, XLA, 32 steps at a time", best, None),
        ):
            bench.compare(
                "an epoch of a head on {:,} x {:,} features, {:,} classes".format(*sizes),
                functools.partial(ours, **given),
                peer,
                functools.partial(keras_fit, **given, **compiled),
                target,
                close,
            )


if __name__ == "__main__":
    main()
