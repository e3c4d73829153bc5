"""Image files to pixels: ours (decode, check, turn, resize, write) against the usual decoders.

    python benchmarks/pixels.py [--images 200] [--rounds 5] [--only pyvips]

The same JPEG files of 300-1,000 pixels a side become squares of 224 and of 299, uint8, on one core.
With `nearest`, the paper's filter, a peer's pixels may lie one source pixel beside ours: the mean
difference must be below NEAREST grey levels; smoothing filters must agree within SMOOTH.
"""

import functools
import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pictures
from measure import Benchmark

SIZES = (224, 299)
NEAREST, SMOOTH = 12.0, 2.0
Array = np.ndarray[Any, Any]
PEER_FILES, SHOWN = "images", 50  # images that are compared


def ours(folder: Path, filter_: str, shards: int = 1) -> Callable[[], list[Array]]:
    """Our shards, as the rule pixels makes them; ``shards`` processes share the files."""
    from art_transfer.settings import Pixels

    parts = [sorted((folder / PEER_FILES).iterdir())[n::shards] for n in range(shards)]
    jobs = [(part, folder / f"{n}", Pixels("stretch", filter_)) for n, part in enumerate(parts)]
    if shards == 1:
        return functools.partial(_shard, *jobs[0])
    pool = multiprocessing.get_context("fork").Pool(shards)

    def together() -> list[Array]:
        pool.starmap(_shard, jobs)
        return []

    return together


def _shard(paths: list[Path], target: Path, pixels: Any) -> list[Array]:
    from art_transfer.prepare.pixels import write_pixels

    for size in SIZES:
        files = ((path.name, path.read_bytes()) for path in paths)
        write_pixels(files, len(paths), size, pixels, f"{target}-{size}.npy")
    return [np.load(f"{target}-{size}.npy")[:SHOWN] for size in SIZES]


def one_by_one(folder: Path, load: Callable[[Path, int], Array]) -> Callable[[], list[Array]]:
    """A loop over files by another library, into an array of each size that is saved."""
    paths = sorted((folder / PEER_FILES).iterdir())

    def once() -> list[Array]:
        found = []
        for size in SIZES:
            pixels = np.empty((len(paths), size, size, 3), np.uint8)
            for row, path in enumerate(paths):
                pixels[row] = load(path, size)
            np.save(folder / f"peer-{size}.npy", pixels)
            found.append(pixels[:SHOWN])
        return found

    return once


def pillow(folder: Path, filter_: str) -> Callable[[], list[Array]]:
    """Pillow's own loop, without any check."""
    from PIL import Image

    resample = Image.Resampling[filter_.upper()]

    def load(path: Path, size: int) -> Array:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB").resize((size, size), resample))

    return one_by_one(folder, load)


def opencv(folder: Path, filter_: str) -> Callable[[], list[Array]]:
    """OpenCV on one thread; area averaging is its antialiased filter."""
    import cv2

    cv2.setNumThreads(1)
    how = cv2.INTER_NEAREST if filter_ == "nearest" else cv2.INTER_AREA

    def load(path: Path, size: int) -> Array:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        return cv2.resize(image, (size, size), interpolation=how)

    return one_by_one(folder, load)


def vips_nearest(folder: Path) -> Callable[[], list[Array]]:
    """libvips, the nearest pixel, read in one pass."""
    import pyvips

    pyvips.cache_set_max(0)

    def load(path: Path, size: int) -> Array:
        image = pyvips.Image.new_from_file(str(path), access="sequential")
        across, down = size / image.width, size / image.height
        return image.resize(across, vscale=down, kernel="nearest").numpy()

    return one_by_one(folder, load)


def vips_thumbnail(folder: Path) -> Callable[[], list[Array]]:
    """libvips's thumbnail, which lets the JPEG decoder shrink."""
    import pyvips

    pyvips.cache_set_max(0)

    def load(path: Path, size: int) -> Array:
        image = pyvips.Image.thumbnail(str(path), size, height=size, size="force")
        return image.numpy()

    return one_by_one(folder, load)


def keras_folder(folder: Path) -> Callable[[], list[Array]]:
    """``image_dataset_from_directory``, whose batches are collected and saved."""
    import keras

    def once() -> list[Array]:
        found = []
        for size in SIZES:
            data = keras.utils.image_dataset_from_directory(
                folder,
                labels=None,
                image_size=(size, size),
                interpolation="nearest",
                shuffle=False,
                batch_size=32,
                verbose=False,
            )
            pixels = np.concatenate([batch.numpy().astype(np.uint8) for batch in data])
            np.save(folder.parent / f"keras-{size}.npy", pixels)
            found.append(pixels[:SHOWN])
        return found

    return once


def within(limit: float, ours: list[Array], theirs: list[Array]) -> None:
    """Assert that the mean difference of grey levels is small."""
    for one, other in zip(ours, theirs, strict=True):
        difference = float(np.abs(one.astype(int) - other.astype(int)).mean())
        assert difference < limit, f"pixels differ by {difference:.1f} grey levels on average"


def main() -> None:
    """Measure all entries."""
    bench = Benchmark(__doc__, images=200)
    with tempfile.TemporaryDirectory() as temporary:
        folder, make = Path(temporary), functools.partial
        pictures.write_files(folder / PEER_FILES, bench.given.images)
        name = f"{bench.given.images} JPEGs to pixels of 224 and 299, one core"
        exact = make(within, NEAREST)
        plain = f"{name}, nearest"
        one = {"cores": (1, 1)}
        mine = make(ours, folder, "nearest")
        peers = [
            ("Pillow loop", make(pillow, folder, "nearest"), ("pillow",)),
            (
                "image_dataset_from_directory",
                make(keras_folder, folder / PEER_FILES),
                ("tensorflow",),
            ),
            ("pyvips", make(vips_nearest, folder), ("pyvips", "pyvips-binary")),
            ("OpenCV", make(opencv, folder, "nearest"), ("opencv-python-headless",)),
        ]
        for peer, theirs, versions in peers:
            bench.compare(plain, mine, peer, theirs, 1.3, exact, versions=versions, **one)
        smooth = make(within, SMOOTH)
        blurred = f"{name}, averaged"
        mine = make(ours, folder, "box")
        peers = [
            ("pyvips thumbnail", make(vips_thumbnail, folder), ("pyvips", "pyvips-binary")),
            ("OpenCV, INTER_AREA", make(opencv, folder, "box"), ("opencv-python-headless",)),
        ]
        for peer, theirs, versions in peers:
            bench.compare(blurred, mine, peer, theirs, 1.3, smooth, versions=versions, **one)
        bench.compare(
            f"{bench.given.images} JPEGs to pixels, two shards on two cores",
            make(ours, folder, "nearest", 2),
            "the same on one core",
            make(ours, folder, "nearest"),
            1.9,
            lambda one, other: None,
            cores=(2, 1),
        )


if __name__ == "__main__":
    main()
