"""What every source of a museum gives: its objects, and their images."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol, TextIO

import pandas as pd
from tqdm import tqdm

from art_transfer.collect.transport import Manners


class FetchedImage(NamedTuple):
    """An image file as it came, or the reason why there is none."""

    object_id: str
    data: bytes | None
    status: str  # "ok", or what went wrong


@dataclass(frozen=True)
class Visit:
    """One job's visit to a museum."""

    kept: Path  # folder for what was fetched: it outlives the job, whatever happens to its outputs
    contact: str  # who is visiting; museums ask for it
    manners: Manners
    ask_again: int  # raised to ask once more for images that were missing
    terminal: TextIO  # where progress is shown, if somebody looks

    def progress(self, unit: str, total: int | None = None, initial: int = 0) -> tqdm:
        """A bar with rate and time left on a terminal; elsewhere a line a minute in the log."""
        looks = self.terminal.isatty()
        return tqdm(
            total=total,
            initial=initial,
            unit=unit,
            file=self.terminal if looks else sys.stderr,
            mininterval=0.2 if looks else 60,
        )


class Source(Protocol):
    """A museum to collect from."""

    remote: ClassVar[bool]  # whether it may change between two visits

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """All objects in tables with the columns of ``formats.OBJECTS``, sorted by ``object_id``.

        Together the tables are sorted too, so that a museum of any size needs little memory.
        """
        ...

    def images(self, objects: pd.DataFrame, visit: Visit, shard: str) -> Iterator[FetchedImage]:
        """The image of each of these objects, those of one shard, in their order, each once."""
        ...
