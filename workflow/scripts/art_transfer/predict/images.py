"""Which images are to be looked at: a folder of them, or a list."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.files import files_below
from art_transfer.formats import read_csv
from art_transfer.images import UnreadableImageError, decode
from art_transfer.prepare.pixels import square
from art_transfer.settings import Pixels

COLUMNS = ["object_id", "image"]
"""What a list that is a CSV must have; paths are relative to the list."""


def find_images(place: str | Path) -> dict[str, Path]:
    """The image files at ``place`` by id, in the order of a list or of a folder's names.

    In a folder an id is the path below it, and every file counts but hidden ones; in a CSV it
    stands in ``object_id``; any other file has one path in each line, which is the id too. Raises
    StudyError where there are none, or an id stands twice.
    """
    place = Path(place)
    if place.is_dir():
        named = [(path.relative_to(place), path) for path in files_below(place)]
        rows = [
            (_printable(name.as_posix()), path)
            for name, path in named
            if not any(part.startswith(".") for part in name.parts)
        ]
    elif place.suffix.lower() == ".csv":
        table = read_csv(place, COLUMNS)
        rows = [(name, place.parent / image) for name, image in table.itertuples(index=False)]
    else:
        rows = [(line, place.parent / line) for line in _lines(place)]
    if not rows:
        raise StudyError(f"`predict.images` is {str(place)!r}, which holds no image")
    found = dict(rows)
    if len(found) < len(rows):
        names = [name for name, _ in rows]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise StudyError(f"{place}: these stand in it more than once: {twice[:5]}")
    return found


def _lines(place: Path) -> list[str]:
    try:
        lines = place.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise StudyError(
            f"`predict.images` is {str(place)!r}, but there is no such folder or file; expected a "
            "folder of images, a CSV with the columns object_id,image, or a file with a path in "
            "each line"
        ) from error
    except UnicodeDecodeError as error:
        raise StudyError(
            f"`predict.images` is {str(place)!r}, which is no list in UTF-8; one image alone is a "
            "list with one line"
        ) from error
    return [line.strip() for line in lines if line.strip()]


def listed(images: dict[str, Path]) -> str:
    """A hash of the images' ids and sizes, whatever their times; of what is not there the id."""
    text = "\n".join(f"{name}\t{_size(path)}" for name, path in images.items())
    return hashlib.sha256(text.encode()).hexdigest()


def _size(path: Path) -> int | str:
    try:
        return path.stat().st_size if path.is_file() else ""
    except (OSError, ValueError):  # a name that is too long or has a null byte; no permission
        return ""


def _printable(name: str) -> str:
    """A file's name as text; bytes that are none of UTF-8 show as ``\\xe4``."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def read_image(path: Path, size: int, pixels: Pixels) -> NDArray[np.uint8]:
    """An image (size, size, 3), prepared as those that were trained on.

    Raises UnreadableImageError that says why for what is not there or no image.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise UnreadableImageError(f"no file that can be read: {reason}") from error
    return square(decode(data), size, pixels)
