"""Files of pretrained weights, each checked against a pinned hash."""

import hashlib
import shutil
from pathlib import Path

import pooch

from art_transfer.errors import StudyError
from art_transfer.files import atomic_path


def fetch_weights(address: str, expected: str, path: str | Path) -> None:
    """Download, or copy, a file to ``path`` if its hash is the expected one.

    ``expected`` is ``sha256:...``, ``md5:...``, or ``git:...``, by which a git repository knows the
    file. Raises StudyError where the file cannot be had or is another one; nothing is left at
    ``path`` then.
    """
    algorithm, wanted = expected.split(":")
    with atomic_path(path) as temporary:
        if address.startswith(("http://", "https://")):
            _download(address, temporary)
        elif Path(address).is_file():
            shutil.copyfile(address, temporary)
        else:
            raise StudyError(f"weights: there is no file {address}")
        found = _digest(temporary, algorithm)
        if found != wanted:
            raise StudyError(
                f"weights from {address}: the {algorithm} is {found}, but the config expects "
                f"{wanted}; this is another file than the study was planned with"
            )


def _digest(path: Path, algorithm: str) -> str:
    """The hash of a file; git's is that of a header with the file's size, then the file."""
    if algorithm != "git":
        start = hashlib.new(algorithm)
    else:
        start = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: start).hexdigest()


def _download(address: str, path: Path) -> None:
    try:
        pooch.HTTPDownloader(progressbar=False, timeout=60)(address, str(path), None)
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        raise StudyError(f"weights: {address} cannot be downloaded: {error}") from error
