"""The chain of hashes from a number in a table back to the images that it rests on."""

from collections.abc import Iterable
from pathlib import Path

from art_transfer.errors import StudyError
from art_transfer.files import sha256, write_text


def write_sha256(path: str | Path) -> None:
    """Write ``{path}.sha256`` in the format of sha256sum, so that big files are hashed once."""
    path = Path(path)
    write_text(f"{path}.sha256", f"{sha256(path)}  {path.name}\n")


def hashes(paths: Iterable[str | Path]) -> dict[str, str]:
    """The SHA-256 of each file by its path, sorted.

    Taken from ``{path}.sha256`` where it is, unless the file has been written since.
    """
    return {str(path): _hash(Path(path)) for path in sorted(map(str, paths))}


def _hash(path: Path) -> str:
    noted = Path(f"{path}.sha256")
    if not noted.is_file() or noted.stat().st_mtime_ns < path.stat().st_mtime_ns:
        return sha256(path)
    words = noted.read_text(encoding="utf-8").split()
    if len(words) != 2 or len(words[0]) != 64:
        raise StudyError(f"{noted}: expected a hash and a name, as sha256sum writes them")
    return words[0]
