"""Images as square arrays, and rows found by object id."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.prepare.pixels import FILTERS, PixelStore, square, write_pixels
from art_transfer.settings import Pixels
from builders import file_of, images_of, noise
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.uint8]


def grey(rows: list[list[int]]) -> Array:
    return np.repeat(np.array(rows, dtype=np.uint8)[..., None], 3, axis=2)


def squared(rows: list[list[int]], size: int, fit: str, kind: str = "nearest") -> list[list[int]]:
    """The red channel of an image as a square."""
    found = square(Image.fromarray(grey(rows)), size, Pixels(fit, kind))
    assert found.shape == (size, size, 3) and found.dtype == np.uint8
    assert (found == found[..., :1]).all()
    return found[..., 0].tolist()


WIDE = [[10, 20, 30, 40, 50, 60], [70, 80, 90, 100, 110, 120]]
TALL = [list(row) for row in zip(*WIDE, strict=True)]


@pytest.mark.parametrize(
    ("rows", "size", "fit", "wanted"),
    [
        # stretch: the pixel under the middle of each new one, whatever the aspect ratio
        (WIDE, 2, "stretch", [[20, 50], [80, 110]]),
        (WIDE, 3, "stretch", [[20, 40, 60], [80, 100, 120], [80, 100, 120]]),
        (TALL, 2, "stretch", [[20, 80], [50, 110]]),
        ([[1, 2], [3, 4]], 4, "stretch", [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]),
        ([[7]], 2, "stretch", [[7, 7], [7, 7]]),
        # crop: the middle square
        (WIDE, 2, "crop", [[30, 40], [90, 100]]),
        (TALL, 2, "crop", [[30, 90], [40, 100]]),
        (WIDE, 4, "crop", [[30, 30, 40, 40]] * 2 + [[90, 90, 100, 100]] * 2),
        ([[1, 2], [3, 4]], 2, "crop", [[1, 2], [3, 4]]),
        # pad: everything, on black
        (WIDE, 6, "pad", [[0] * 6, [0] * 6, *WIDE, [0] * 6, [0] * 6]),
        (TALL, 6, "pad", [[0, 0, *row, 0, 0] for row in TALL]),
        (WIDE, 3, "pad", [[0, 0, 0], [80, 100, 120], [0, 0, 0]]),
        ([[9] * 30], 2, "pad", [[9, 9], [0, 0]]),
    ],
)
def test_geometry_by_hand(rows, size, fit, wanted):
    assert squared(rows, size, fit) == wanted


def test_filters_are_what_they_are_called():
    step = [[0, 0, 100, 200], [0, 0, 100, 200], [0, 0, 100, 200], [0, 0, 100, 200]]
    assert squared(step, 2, "stretch", "box") == [[0, 150], [0, 150]]
    assert squared(step, 2, "stretch", "nearest") == [[0, 200], [0, 200]]
    found = {kind: np.array(squared(step, 3, "stretch", kind)).tolist() for kind in FILTERS}
    assert set(found) == {"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"}
    assert len({str(rows) for rows in found.values()}) == 6


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_channels_stay_apart_and_an_image_of_the_size_stays_as_it_is(fit):
    image = noise(8, 8)
    assert (square(Image.fromarray(image), 8, Pixels(fit, "nearest")) == image).all()


PIXELS = Pixels("stretch", "nearest")


def store(folder: Path, shards: list[dict[str, str]]) -> tuple[PixelStore, dict[str, Array]]:
    """A store of shards with these statuses by id, and what must be in it."""
    tables: list[pd.DataFrame] = []
    paths: list[Path] = []
    wanted: dict[str, Array] = {}
    for number, statuses in enumerate(shards):
        good = [name for name, status in statuses.items() if status == "ok"]
        arrays = {name: noise(4, 4, 10 * number + row) for row, name in enumerate(good)}
        paths.append(folder / f"{number:04d}.npy")
        files = [(name, file_of(array)) for name, array in arrays.items()]
        write_pixels(files, len(files), 4, PIXELS, paths[-1])
        tables.append(images_of(statuses))
        wanted |= arrays
    return PixelStore(tables, paths), wanted


SHARDS = [
    {"b": "ok", "bad": "unreadable: empty file", "a": "ok"},
    {},
    {"gone": "missing: no file", "c": "ok", "007": "ok", "d": "ok"},
]


def test_objects_are_found_by_id_in_any_shard_and_order(tmp_path):
    pixels, wanted = store(tmp_path, SHARDS)
    assert pixels.object_ids == ["007", "a", "b", "c", "d"] == sorted(wanted)
    for ids in (["d", "a", "007", "b", "c"], ["a"], ["c", "c", "b"], []):
        batch = pixels.batch(pixels.rows(ids))
        assert batch.shape == (len(ids), 4, 4, 3) and batch.dtype == np.uint8
        for array, object_id in zip(batch, ids, strict=True):
            assert (array == wanted[object_id]).all()


def test_a_batch_is_a_copy(tmp_path):
    pixels, wanted = store(tmp_path, SHARDS)
    batch = pixels.batch(pixels.rows(["a"]))
    batch[:] = 0
    assert (pixels.batch(pixels.rows(["a"]))[0] == wanted["a"]).all()


def test_pixels_are_the_same_bytes_twice(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        store(tmp_path / name, SHARDS)
    for shard in ("0000.npy", "0001.npy", "0002.npy"):
        one, two = ((tmp_path / name / shard).read_bytes() for name in ("one", "two"))
        assert one == two
    assert np.load(tmp_path / "one" / "0002.npy").shape == (3, 4, 4, 3)


@pytest.mark.parametrize("unknown", ["nobody", "bad", "gone", "A"])
def test_an_unknown_or_unreadable_object_is_named(tmp_path, unknown):
    pixels, _ = store(tmp_path, SHARDS)
    with pytest.raises(StudyError, match=f"object '{unknown}'"):
        pixels.rows(["a", unknown])


@pytest.mark.parametrize("statuses", [{"a": "ok"}, {"a": "ok", "b": "ok", "c": "ok"}])
def test_pixels_that_do_not_fit_their_table_are_named(tmp_path, statuses):
    store(tmp_path, [{"a": "ok", "b": "ok"}])
    path = tmp_path / "0000.npy"
    with pytest.raises(StudyError) as caught:
        PixelStore([images_of(statuses)], [path])
    for word in (str(path), "2 images", f"lists {len(statuses)} readable", "delete"):
        assert word in str(caught.value)


def test_a_shard_that_fails_leaves_no_pixels(tmp_path):
    files = [("a", file_of(noise(4, 4))), ("b", b"no image")]
    with pytest.raises(Exception, match="no known image format"):
        write_pixels(files, 2, 4, PIXELS, tmp_path / "0000.npy")
    assert list(tmp_path.iterdir()) == []
