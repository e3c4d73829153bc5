"""Arrays on disk, read without trust: no objects, no other type or shape than expected."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from art_transfer.errors import StudyError


def read_array(path: str | Path, kind: DTypeLike, axes: int) -> NDArray[Any]:
    """Map a ``.npy`` file of this type and number of axes into memory; objects are never loaded.

    Raises FileNotFoundError where there is none, and StudyError for any other file.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise
    except (ValueError, EOFError, OSError) as error:
        raise StudyError(
            f"{path}: this is no array, or not all of one ({error}). Delete it to have it made "
            "again"
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype != kind or array.ndim != axes:
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else "an archive"
        raise StudyError(
            f"{path}: expected an array of {np.dtype(kind)} with {axes} axes, found {found}. "
            "Delete it to have it made again"
        )
    return array
