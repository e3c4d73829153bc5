"""An article on figshare: which files it has, asked once and kept."""

import datetime
from typing import Any, NamedTuple

from art_transfer.collect.source import Visit
from art_transfer.collect.transport import NotThereError
from art_transfer.collect.web import Web
from art_transfer.errors import StudyError
from art_transfer.files import read_json, write_json


class ArticleFile(NamedTuple):
    """A file as its publisher describes it."""

    address: str
    size: int  # bytes
    md5: str


class Article:
    """The files of an article; a list that was fetched once stays, so that the files are pinned."""

    def __init__(self, address: str, visit: Visit) -> None:
        """Ask for the list at ``address``, that of figshare's API, if it is not kept."""
        self.address = address
        self.path = visit.kept / "article.json"
        kept = read_json(self.path) if self.path.is_file() else {}
        if kept.get("address") != address:
            kept = {
                "address": address,
                "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "files": _listed(address, visit),
            }
            write_json(self.path, kept)
        self.files: dict[str, dict[str, Any]] = kept["files"]

    def file(self, name: str) -> ArticleFile:
        """The file of this name; raises StudyError that names those there are."""
        if name not in self.files:
            raise StudyError(
                f"{self.address}: the article has no file {name!r}; it has: "
                f"{', '.join(sorted(self.files))}. Name the right one in the config."
            )
        return ArticleFile(**self.files[name])


def _listed(address: str, visit: Visit) -> dict[str, dict[str, Any]]:
    """What the article's files are called, where they are, and what they must be."""
    try:
        article = Web(visit.manners, visit.contact).json(address)
        files = {str(file["name"]): _described(file) for file in article["files"]}
    except NotThereError as error:
        raise StudyError(f"{error}: there is no such article; is `address` right?") from error
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(
            f"{address}: expected an article of figshare's API version 2, with `files` that have "
            f"`name`, `size`, `computed_md5` and `download_url` ({type(error).__name__}: {error})"
        ) from error
    if not files:
        raise StudyError(f"{address}: the article has no files")
    return files


def _described(file: Any) -> dict[str, Any]:
    return ArticleFile(
        str(file["download_url"]),
        int(file["size"]),
        str(file["computed_md5"] or "").lower(),  # a large new file may have none yet
    )._asdict()
