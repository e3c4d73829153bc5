"""A tiny museum, and the settings of a run on it; TensorFlow is held to one thread."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from art_transfer.job_settings import Architecture, FirstWeights, Training
from art_transfer.networks import NETWORKS
from art_transfer.prepare.pixels import PixelStore, write_pixels
from art_transfer.settings import Method, Optimizer, Pixels, Run
from art_transfer.train.features import extract, read_features
from art_transfer.train.machine import prepare
from builders import file_of, images_of
from numpy.typing import NDArray

prepare(threads=1, seed=0, gpus=0)

FOUR = ("xception", "inception_v3", "resnet50", "vgg19")
RANDOM = FirstWeights("random", 1)
WEIGHTS = FirstWeights("weights", 0)
CHECKPOINT = FirstWeights("run", 0)
PIXELS = Pixels("stretch", "nearest")
SGD = Optimizer("sgd", 0.02, 0.9, True, 0.9, 1e-8, 0.004)


def architecture(network: str = "demo_plain", layer: str = "last") -> Architecture:
    """A network at the smallest size that it takes."""
    return Architecture(network, NETWORKS[network].min_size, layer)


def training(
    network: str = "demo_plain",
    layer: str = "last",
    seed: int = 1,
    first: FirstWeights = RANDOM,
    scaling: str = "unit",
    **changes: Any,
) -> Training:
    """A short run; ``changes`` are of its method."""
    plain: dict[str, Any] = {
        "kind": "fine_tuning",
        "preprocessing": scaling,
        "optimizer": SGD,
        "batch_size": 16,
        "epochs": 3,
        "patience": 7,
        "restore_best_weights": True,
        "schedule": "constant",
        "schedule_warmup_epochs": 0,
        "label_smoothing": 0.0,
        "order": "shuffled",
        "augmentation": "none",
        "standardize": False,
        "classifier": "none",
        "training_preprocessing": "",
        "train_share": 1.0,
        "batch_norm": "batch",
        "frozen_layers": 0,
        "head_warmup_epochs": 0,
        "mixed_precision": "none",
        "jit_compile": False,
        "gpus": 1,
        "loss_weights": {},
    }
    run = Run("museum", "type", network, "random", "method", seed)
    shape = architecture(network, layer)
    return Training(run, Method(**(plain | changes)), shape, first, PIXELS, scaling, scaling, 1)


def split_table(train: int, validation: int, test: int, classes: int = 3) -> pd.DataFrame:
    """So many objects of each split, the classes in turn, the rows in no order."""
    parts = {"train": train, "validation": validation, "test": test}
    rows = [
        (f"{part}-{number:03d}", f"class {number % classes}", part)
        for part, count in parts.items()
        for number in range(count)
    ]
    table = pd.DataFrame(rows, columns=["object_id", "label", "split"])
    return table.sample(frac=1, random_state=0, ignore_index=True)


def painted(table: pd.DataFrame, contrast: float, size: int = 32) -> dict[str, NDArray[np.uint8]]:
    """An image of noise for each object, tinted red, green or blue by its class."""
    random = np.random.default_rng(5)
    images = random.integers(0, 160, (len(table), size, size, 3)).astype(float)
    for image, label in zip(images, table["label"], strict=True):
        image[..., int(label[-1]) % 3] += contrast
    return dict(zip(table["object_id"], images.astype(np.uint8), strict=True))


def pixel_store(folder: Path, images: dict[str, NDArray[np.uint8]], size: int = 32) -> PixelStore:
    """The images in two shards, written and memory-mapped as in a study."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = list(images)
    shards = [ids[::2], ids[1::2]]
    paths = [folder / f"{shard:04d}.npy" for shard in range(2)]
    for shard, path in zip(shards, paths, strict=True):
        files = [(object_id, file_of(images[object_id])) for object_id in shard]
        write_pixels(files, len(files), size, PIXELS, path)
    return PixelStore([images_of(dict.fromkeys(shard, "ok")) for shard in shards], paths)


def museum(
    folder: Path, table: pd.DataFrame, contrast: float = 60, network: str = "demo_plain"
) -> PixelStore:
    """The pixels of a split table's objects, as large as the network takes them."""
    size = NETWORKS[network].min_size
    return pixel_store(folder, painted(table, contrast, size), size)


def features_of(
    backbone: keras.Model,
    pixels: PixelStore,
    table: pd.DataFrame,
    folder: Path,
    scaling: str = "unit",
) -> NDArray[np.float32]:
    """The features of a split table's objects, through the files of a study."""
    path, ids = folder / "features.npy", folder / "features.ids.csv"
    extract(backbone, pixels, scaling, path, ids)
    return read_features(path, ids, table["object_id"].tolist())


def normal(table: pd.DataFrame, width: int, distance: float) -> NDArray[np.float32]:
    """Features around one place for each class; near ones cannot be told apart wholly."""
    draws = np.random.default_rng(3).normal(size=(len(table), width))
    places = table["label"].str[-1].astype(int).to_numpy()
    return (draws + distance * np.eye(width)[places]).astype(np.float32)


def same_weights(one: keras.Model, two: keras.Model) -> bool:
    pairs = zip(one.get_weights(), two.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def moved(before: keras.Model, after: keras.Model) -> dict[str, bool]:
    """For each variable of a backbone, whether it is no longer what it was."""
    return {
        f"{layer.name}/{old.name}": not np.array_equal(old.numpy(), new.numpy())
        for layer in before.layers
        for old, new in zip(layer.weights, after.get_layer(layer.name).weights, strict=True)
    }
