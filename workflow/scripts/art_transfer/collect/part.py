"""A file that has come in part, and what is known of it: enough to ask for the rest alone."""

from pathlib import Path
from typing import Any, NamedTuple

from art_transfer.files import read_json, write_json


class Expected(NamedTuple):
    """Which file is wanted, and what its publisher says of it."""

    address: str
    size: int | None  # bytes
    md5: str  # empty if unknown


class Part:
    """The first bytes of a file, in ``{name}.part``; ``{name}.part.json`` says of which file."""

    def __init__(self, path: Path, expected: Expected) -> None:
        """Take up what is there of the expected file; what is there of another one is dropped."""
        self.path = path.with_name(f"{path.name}.part")
        self.expected = expected
        self.total = expected.size  # bytes that the whole file has, if anybody says so
        self.validator = ""  # by which the host knows this version of the file, if it does
        self._state_path = path.with_name(f"{path.name}.part.json")
        known = read_json(self._state_path) if self._state_path.is_file() else {}
        if known.get("expected") == self._named() and self.path.is_file():
            self.total, self.validator = known["total"], known["validator"]
        else:
            self.restart()
        if self.total is not None and self.have > self.total:
            self.restart()

    def _named(self) -> dict[str, Any]:
        return self.expected._asdict()

    @property
    def have(self) -> int:
        """The bytes that have come."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def whole(self) -> bool:
        """Whether all announced bytes have come."""
        return self.path.is_file() and self.have == self.total

    def begin(self, validator: str, total: int | None) -> None:
        """Start an empty file whose size is ``total``, if the host says so."""
        self.restart()
        self.validator, self.total = validator, total
        state = {"expected": self._named(), "validator": validator, "total": total}
        write_json(self._state_path, state)
        self.path.touch()

    def restart(self) -> None:
        """Forget what has come."""
        self.path.unlink(missing_ok=True)
        self._state_path.unlink(missing_ok=True)
        self.total, self.validator = self.expected.size, ""

    def finish(self, path: Path) -> None:
        """Give the file its name."""
        self.path.rename(path)
        self._state_path.unlink(missing_ok=True)

    def headers(self) -> dict[str, str]:
        """The headers that ask for the rest; none where only the whole file can be trusted."""
        if not self.have or not (self.validator or self.expected.md5):
            return {}
        asked = {"Range": f"bytes={self.have}-"}
        return asked | ({"If-Range": self.validator} if self.validator else {})
