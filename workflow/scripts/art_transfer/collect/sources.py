"""The kinds of source by the name that the config gives them."""

from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from art_transfer.collect.antwerp_dams import AntwerpDams
from art_transfer.collect.folder import Folder
from art_transfer.collect.json_api import JsonApi
from art_transfer.collect.oai_pmh import OaiPmh
from art_transfer.collect.open_csv import OpenCsv
from art_transfer.collect.pooled import Pooled
from art_transfer.collect.rijksmuseum_challenge import RijksmuseumChallenge
from art_transfer.collect.source import Source, Visit
from art_transfer.collect.synthetic import Synthetic
from art_transfer.collect.transport import Manners
from art_transfer.job_settings import SourceSettings
from art_transfer.settings import from_mapping

SOURCES: dict[str, type[Source]] = {
    "antwerp_dams": AntwerpDams,
    "csv": OpenCsv,
    "folder": Folder,
    "json_api": JsonApi,
    "oai_pmh": OaiPmh,
    "pooled": Pooled,
    "rijksmuseum_challenge": RijksmuseumChallenge,
    "synthetic": Synthetic,
}


def open_source(settings: SourceSettings) -> Source:
    """The source with its settings."""
    return from_mapping(SOURCES[settings.source], settings.options)


def visit(collection: str, config: dict[str, Any], terminal: TextIO) -> Visit:
    """A job's visit to a museum, from the whole config.

    How fast and as whom we fetch changes nothing of what is fetched, and so is no parameter of a
    rule, whose change would run it again.
    """
    block = config["collections"][collection]
    return Visit(
        Path("resources") / collection / "downloads",
        config["contact"],
        from_mapping(Manners, block["web"] | {"hosts": sorted(hosts(block))}),
        block["ask_again"],
        terminal,
    )


def hosts(value: Any) -> set[str]:
    """The hosts of all addresses in a block of the config."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return {host for item in value for host in hosts(item)}
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return set()
    return {urlsplit(value).hostname or ""}
