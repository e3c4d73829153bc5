"""The Rijksmuseum Challenge of 2014, the paper's museum: two tars and their list on figshare.

One tar has a record in XML for each object, the other a JPEG of the same name: they are joined by
that name (``0000001_SK-A-4878``), which is number and object id; the number is the object's place
in the challenge's own ground truth.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from lxml import etree

from art_transfer.collect.archives import download_file, file_record
from art_transfer.collect.figshare import Article
from art_transfer.collect.rows import tables
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.store import END, Store
from art_transfer.collect.strict_xml import strict_parser
from art_transfer.collect.tars import Member, Tar
from art_transfer.errors import StudyError

_DC = "{http://purl.org/dc/elements/1.1/}"
_LARGEST_RECORD = 1_000_000  # bytes; a real one has some thousand
_BATCH = 5_000  # records
_EXAMPLES = 20  # of what was left out, in the log
_PARSER = strict_parser()
_NUMBER = re.compile(r"^\d+_(?=.)")


class BadRecordError(Exception):
    """A member of the records' tar that is no usable record; the message says why."""


@dataclass(frozen=True)
class RijksmuseumChallenge:
    """The settings of a ``rijksmuseum_challenge`` source; see the config's reference."""

    remote: ClassVar[bool] = True

    address: str
    record_archive: str
    image_archive: str
    max_broken_share: float

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """Read the records straight from their tar (``source.Source``).

        Raises StudyError where more than ``max_broken_share`` of them cannot be used.
        """
        path = self._archive(self.record_archive, visit)
        with Store(visit.kept / "records.sqlite", "") as store:
            store.restart()  # it serves for sorting without memory only
            with Tar(path) as tar:
                self._keep_records(tar, store, visit)
            yield from tables(row for _, row in store)

    def images(self, objects: pd.DataFrame, visit: Visit, shard: str) -> Iterator[FetchedImage]:
        """Read the images of a shard from their tar (``source.Source``).

        The tar is read in its own order, which disks and packed archives like best, and the images
        wait in a temporary file for their turn.
        """
        path = self._archive(self.image_archive, visit)
        places = self._places(path, set(objects["image"]), visit)
        most = visit.manners.max_megabytes * 1e6
        with (
            Tar(path) as tar,
            tempfile.TemporaryFile(dir=visit.kept) as waiting,
            visit.progress("image", len(objects)) as bar,
        ):
            copies: dict[str, int] = {}
            for image, (offset, size) in sorted(places.items(), key=lambda item: item[1]):
                if size <= most:
                    copies[image] = waiting.tell()
                    waiting.write(tar.read(offset, size))
            for object_id, image in zip(objects["object_id"], objects["image"], strict=True):
                bar.update()
                if image not in places:
                    reason = f"missing: {self.image_archive} has no {image}"
                    yield FetchedImage(object_id, None, reason)
                elif image not in copies:
                    reason = f"refused: {places[image][1]} bytes, more than web.max_megabytes"
                    yield FetchedImage(object_id, None, reason)
                else:
                    waiting.seek(copies[image])
                    yield FetchedImage(object_id, waiting.read(places[image][1]), "ok")

    def _archive(self, name: str, visit: Visit) -> Path:
        file = Article(self.address, visit).file(name)
        return download_file(visit, file.address, visit.kept / name, file.size, file.md5)

    def _keep_records(self, tar: Tar, store: Store, visit: Visit) -> None:
        """Keep a row for each record, and say what was left out."""
        read = broken = 0
        batch: list[tuple[str, Any]] = []
        with visit.progress("record") as bar:
            for member in tar.members():
                try:
                    row = _row(member, tar)
                except BadRecordError as error:
                    broken += 1
                    if broken <= _EXAMPLES:
                        print(f"left out: {member.name!r}: {error}")
                    continue
                batch.append((row["object_id"], row))
                read += 1
                if len(batch) == _BATCH:
                    store.keep(batch, "")
                    bar.update(len(batch))
                    batch = []
            store.keep(batch, END)
            bar.update(len(batch))
        if broken:
            print(f"{broken} members of {self.record_archive} were left out")
        if read > len(store):
            print(f"{read - len(store)} records have the id of a later one and were left out")
        if broken > self.max_broken_share * (read + broken) or not read:
            raise StudyError(
                f"{self.record_archive}: {broken} of {read + broken} members are no usable "
                f"records, more than `max_broken_share` ({self.max_broken_share}) allows; the log "
                "names the first ones with the reasons. Expected members like "
                "xml2/0000001_SK-A-4878.xml, each one record of Dublin Core in XML."
            )

    def _places(self, path: Path, wanted: set[str], visit: Visit) -> dict[str, list[int]]:
        """Offset and size of the wanted images; the tar is looked through once, for all jobs."""
        sha256 = str(file_record(path)["sha256"])
        with Store(visit.kept / f"{path.name}.sqlite", sha256) as store:
            if store.position != END:
                store.restart()
                with Tar(path) as tar:
                    self._keep_places(tar.members(), store)
            return {image: place for image, place in store if image in wanted}

    def _keep_places(self, members: Iterable[Member], store: Store) -> None:
        """Keep where each image is, by its name without folders; of equal names the last counts."""
        skipped = read = 0
        batch: list[tuple[str, Any]] = []
        for member in members:
            if member.trouble:
                skipped += 1
                continue
            batch.append((_file_name(member), [member.offset, member.size]))
            read += 1
            if len(batch) == _BATCH:
                store.keep(batch, "")
                batch = []
        store.keep(batch, END)
        if skipped or read > len(store):
            print(
                f"{self.image_archive}: left out {skipped} members that are no plain files with "
                f"safe names, and {read - len(store)} that have the name of a later one"
            )


def _row(member: Member, tar: Tar) -> dict[str, Any]:
    """An object from a member of the records' tar."""
    if member.trouble:
        raise BadRecordError(member.trouble)
    stem = _file_name(member).removesuffix(".xml")
    if stem == _file_name(member) or stem.startswith(".") or not stem:
        raise BadRecordError("not named like a record")
    if member.size > _LARGEST_RECORD:
        raise BadRecordError(f"{member.size} bytes are too many for a record")
    fields = dublin_core(tar.read(member.offset, member.size))
    formats = fields.get("format", [])
    links = [text for text in formats if _is_link(text)]  # the image, then the object's page
    pages = [text for text in fields.get("identifier", []) if _is_link(text)] or links[1:]
    return {
        "object_id": _NUMBER.sub("", stem),
        "title": _first(fields, "title"),
        "creators": fields.get("creator", []),
        "materials": [
            text for text in formats if not _is_link(text) and not text.startswith("afmetingen:")
        ],
        "types": fields.get("type", []),
        "date": _first(fields, "date"),
        "image": f"{stem}.jpg",
        "rights": _first(fields, "rights"),
        "source_url": pages[0] if pages else "",
    }


def dublin_core(data: bytes) -> dict[str, list[str]]:
    """The texts of a record by the names of their elements (``creator``), in their order.

    White space around them and empty ones are left out. Raises BadRecordError where the record is
    broken or could do harm.
    """
    try:
        root = etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRecordError(f"broken XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadRecordError("it has a document type, which may hide entities; refused")
    fields: dict[str, list[str]] = {}
    for element in root.iter(f"{_DC}*"):
        text = (element.text or "").strip()
        if text:
            fields.setdefault(element.tag[len(_DC) :], []).append(text)
    if not fields:
        raise BadRecordError("it has nothing of Dublin Core")
    return fields


def _file_name(member: Member) -> str:
    return member.name.rpartition("/")[2]


def _is_link(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _first(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0]
