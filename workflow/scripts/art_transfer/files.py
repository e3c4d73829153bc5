"""Files that appear whole or not at all, in formats whose bytes depend on their content only."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    The temporary name keeps the suffix, which some writers choose their format by. When the
    block raises, the temporary file is removed and an older ``path`` stays as it was; what a
    killed job left there is overwritten by the next.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".part.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8 with Unix line ends, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as readable JSON, atomically. NaN and infinity raise ValueError."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_yaml(path: str | Path, value: Any) -> None:
    """Write ``value`` as YAML with sorted keys, atomically."""
    write_text(path, yaml.safe_dump(value, sort_keys=True, allow_unicode=True))


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def listing(folder: str | Path) -> str:
    """A hash of the names and sizes of all files below a folder, whatever their times."""
    sizes = sorted(
        f"{os.path.relpath(entry, folder)}\t{os.path.getsize(entry)}"  # noqa: PTH202
        for parent, _, names in os.walk(folder)
        for name in names
        if os.path.exists(entry := os.path.join(parent, name))  # noqa: PTH110, PTH118
    )
    return hashlib.sha256("\n".join(sizes).encode()).hexdigest()
