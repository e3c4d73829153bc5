"""The kinds of source by the name that the config gives them."""

from art_transfer.collect.folder import Folder
from art_transfer.collect.source import Source
from art_transfer.collect.synthetic import Synthetic
from art_transfer.errors import StudyError
from art_transfer.job_settings import SourceSettings
from art_transfer.settings import from_mapping

SOURCES: dict[str, type[Source]] = {"folder": Folder, "synthetic": Synthetic}


def open_source(collection: str, settings: SourceSettings) -> Source:
    """The source of a collection with its settings; the collection's name is for messages."""
    if settings.source not in SOURCES:
        raise StudyError(
            f"collection {collection}: this version plans `source: {settings.source}` but cannot "
            "fetch from it yet; with the museum's files at hand, use `source: folder`"
        )
    return from_mapping(SOURCES[settings.source], settings.options)
