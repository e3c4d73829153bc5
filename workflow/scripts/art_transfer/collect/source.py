"""What every source of a museum gives: a table of its objects, and their images."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import pandas as pd


class FetchedImage(NamedTuple):
    """An image file as it came, or the reason why there is none."""

    object_id: str
    data: bytes | None
    status: str  # "ok", or what went wrong


class Source(Protocol):
    """A museum to collect from."""

    def read(self) -> pd.DataFrame:
        """All objects, with the columns of ``formats.OBJECTS``, sorted by ``object_id``."""
        ...

    def images(self, objects: pd.DataFrame) -> Iterator[FetchedImage]:
        """The image of each of these objects, in their order, each once."""
        ...
