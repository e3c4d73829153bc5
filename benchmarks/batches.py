"""Shuffled batches for training: ours from pixel shards against tf.data and grain.

    python benchmarks/batches.py [--images 2000]

One epoch of batches of 32 uint8 images at 224 pixels, each image once, in a shuffled order, handed
by Keras to a model that scales them and only looks at four pixels of each row and column, so that
the way from each library's batches to TensorFlow's is in it. Each peer begins from what its library
stores best: JPEG files of 300-1,000 pixels, TFRecords of raw pixels, ArrayRecords of raw pixels.
What is checked: the mean that this model gives of every image.
"""

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pictures
from measure import Benchmark

SIZE, BATCH = 224, 32
STEPS = 4
MEAN = 0.02  # in [0, 1]: what a decoder and its nearest pixel may differ in an image's mean
Means = np.ndarray[Any, Any]


def taker() -> Callable[[Any], Means]:
    """What takes every batch, as a training would; gives the means of the images, sorted.

    It scales uint8 pixels itself, as the study's networks do.
    """
    import keras
    from art_transfer.train.scaling import on_pixels

    inputs = keras.Input((SIZE, SIZE, 3))
    outputs = keras.ops.mean(inputs[:, ::56, ::56], axis=(1, 2, 3))
    model = on_pixels(keras.Model(inputs, outputs), "unit")
    return lambda data: np.sort(model.predict(data, verbose=0))


def ours(folder: Path, images: int | None = None) -> Callable[[], Means]:
    """An epoch of ``fitting.Batches`` over a PixelStore, or over its first ``images``."""
    from art_transfer.train.fitting import Batches

    store, take = pictures.read_store(folder, SIZE), taker()
    rows = store.rows(store.object_ids)[:images]
    classes = np.zeros(len(rows), np.int64)
    data = Batches(lambda at: store.batch(rows[at]), classes, BATCH, 1, "shuffled")

    def epoch() -> Means:
        data.start(data.epoch + 1)
        return take(data.dataset())

    return epoch


def jpegs(folder: Path) -> Callable[[], Means]:
    """tf.data: files shuffled, decoded in parallel, batched ahead."""
    import tensorflow as tf

    names = sorted(str(path) for path in (folder / "images").iterdir())

    def load(name: Any) -> Any:
        image = tf.io.decode_jpeg(tf.io.read_file(name), channels=3)
        return tf.image.resize(image, (SIZE, SIZE), method="nearest")

    data = tf.data.Dataset.from_tensor_slices(names).shuffle(len(names))
    data = data.map(load, tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    return functools.partial(taker(), data)


def tfrecords(folder: Path) -> Callable[[], Means]:
    """tf.data: records of raw pixels, shuffled over all of them, parsed in batches."""
    import tensorflow as tf

    path = str(folder / "pixels.tfrecord")
    pixels = np.load(folder / f"pixels-{SIZE}.npy", mmap_mode="r")
    with tf.io.TFRecordWriter(path) as writer:
        for image in pixels:
            writer.write(image.tobytes())

    def parsed(records: Any) -> Any:
        return tf.reshape(tf.io.decode_raw(records, tf.uint8), (-1, SIZE, SIZE, 3))

    data = tf.data.TFRecordDataset(path, buffer_size=8 << 20).shuffle(len(pixels)).batch(BATCH)
    data = data.map(parsed, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    return functools.partial(taker(), data)


def grain_records(folder: Path) -> Callable[[], Means]:
    """grain: ArrayRecords of raw pixels, read at random by threads."""
    import grain
    from array_record.python.array_record_module import ArrayRecordWriter

    path = str(folder / "pixels.array_record")
    writer = ArrayRecordWriter(path, "group_size:1,uncompressed")
    for image in np.load(folder / f"pixels-{SIZE}.npy", mmap_mode="r"):
        writer.write(image.tobytes())
    writer.close()
    source, take = grain.sources.ArrayRecordDataSource(path), taker()
    seeds = iter(range(10**6))

    def pixels(record: bytes) -> Any:
        return np.frombuffer(record, np.uint8).reshape(SIZE, SIZE, 3)

    def epoch() -> Means:
        data = grain.MapDataset.source(source).shuffle(seed=next(seeds)).map(pixels).batch(BATCH)
        options = grain.ReadOptions(num_threads=2, prefetch_buffer_size=8)
        return take(data.to_iter_dataset(options))

    return epoch


def alike(limit: float, ours: Means, theirs: Means) -> None:
    """Assert that both gave every image once."""
    assert len(ours) == len(theirs), f"{len(ours)} images here, {len(theirs)} there"
    assert np.abs(ours - theirs).max() < limit, "other images came"


def some_steps() -> Callable[[], None]:
    """Training steps of ResNet50, the quickest of the four at full size."""
    from engines import keras_training, labels

    model = keras_training("resnet50", SIZE, "tensorflow")
    inputs = np.zeros((BATCH, SIZE, SIZE, 3), np.float32)

    def steps() -> None:
        for _ in range(STEPS):
            model.train_on_batch(inputs, labels(BATCH))

    return steps


def main() -> None:
    """Measure all entries."""
    bench = Benchmark(__doc__, images=2000)
    count, make = bench.given.images, functools.partial
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_all(folder, count)
        name = f"an epoch of {count} images at 224, shuffled, in batches of 32"
        peers = [
            ("tf.data on JPEGs", make(jpegs, folder), MEAN, ("tensorflow",)),
            ("tf.data on TFRecords", make(tfrecords, folder), 1e-5, ("tensorflow",)),
            (
                "grain on ArrayRecord",
                make(grain_records, folder),
                1e-5,
                ("grain", "array-record"),
            ),
        ]
        for peer, theirs, limit, versions in peers:
            same = make(alike, limit)
            bench.compare(name, make(ours, folder), peer, theirs, 3, same, versions=versions)
        bench.compare(
            f"{STEPS} batches of 32 at 224, handed over while nothing computes",
            make(ours, folder, STEPS * BATCH),
            "as many fine-tuning steps of ResNet50",
            some_steps,
            0.02,
            lambda one, other: None,
            unit="of the steps",
            at_most=True,
        )


def write_all(folder: Path, count: int) -> None:
    """Pictures as files, and their nearest pixels as a store."""
    from art_transfer.prepare.pixels import write_pixels
    from art_transfer.settings import Pixels

    paths = pictures.write_files(folder / "images", count)
    files = ((path.name, path.read_bytes()) for path in paths)
    target = folder / f"pixels-{SIZE}.npy"
    write_pixels(files, count, SIZE, Pixels("stretch", "nearest"), target)
    (folder / "ids.json").write_text(json.dumps([path.stem for path in paths]))


if __name__ == "__main__":
    main()
