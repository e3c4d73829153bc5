"""The digital collections of Antwerp's museums: a paged search, linked data and IIIF images.

The site is moving to another system; whatever may move with it is config.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

import pandas as pd
from tqdm import tqdm

from art_transfer.collect.downloads import download_images
from art_transfer.collect.linked_data import (
    Pair,
    local_name,
    parse_xml,
    rdf_pairs,
    texts,
    xml_pairs,
)
from art_transfer.collect.listing import ChangedError, read_list
from art_transfer.collect.manifests import draw, read_manifest, write_manifest
from art_transfer.collect.records import fetch_records
from art_transfer.collect.rows import LISTS, tables
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.store import END, Store
from art_transfer.collect.transport import NotThereError, UnansweredError
from art_transfer.collect.web import Web
from art_transfer.errors import StudyError
from art_transfer.settings import canonical

_MOVED = (
    "The site was moving to another system with addresses as /assets/{uuid}: look up its new "
    "addresses and set `address`, `record_address`, `image_address` and `id_pattern`."
)


@dataclass(frozen=True)
class Sample:
    """How many objects are drawn, and by which seed."""

    objects: int
    seed: int


@dataclass(frozen=True)
class AntwerpDams:
    """The settings of an ``antwerp_dams`` source; see the config's reference."""

    remote: ClassVar[bool] = True

    address: str
    searches: tuple[dict[str, str], ...]
    limit: int
    result: str
    id_attribute: str
    id_pattern: str
    record_address: str
    fields: dict[str, tuple[str, ...]]
    language: str
    image_address: str
    sample: Sample
    manifest: str
    gone_allowed: int

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """Read the searches, draw the sample, and read its records; or those of the manifest.

        A sample is written down as ``manifest.csv`` in the folder of what was fetched. Raises
        StudyError where an answer or an id is not as the config says, and where objects of a
        pinned manifest have gone.
        """
        search = canonical([self.address, self.searches, self.limit])
        record = canonical([self.record_address])
        with (
            Store(visit.kept / "list.sqlite", search) as listed,
            Store(visit.kept / "records.sqlite", record) as fetched,
        ):
            pinned = self._checked(read_manifest(self.manifest)) if self.manifest else []
            if listed.position != END and not (pinned and self.record_address):
                self._read_list(listed, visit)
            chosen = pinned or self._drawn(listed)
            gone: list[str] = []
            if self.record_address:  # how many of a manifest may have gone is checked below
                allowed = len(pinned) if pinned else None
                gone = fetch_records(
                    chosen, fetched, self.record_address, _read_record, visit, allowed
                )
            records = self._records(chosen, fetched if self.record_address else listed)
            licences: dict[str, str] = {}
            yield from tables(self._rows(records, licences))
            self._check_gone([i for i in chosen if i not in licences])
            fetched.keep(((object_id, []) for object_id in gone), "")
        if not pinned:
            write_manifest(visit.kept / "manifest.csv", licences)

    def images(self, objects: pd.DataFrame, visit: Visit, shard: str) -> Iterator[FetchedImage]:
        """Fetch the image of each object (``source.Source``)."""
        return download_images(objects, lambda address: address, visit, shard)

    def _read_list(self, store: Store, visit: Visit) -> None:
        web = Web(visit.manners, visit.contact)
        read_list(
            store,
            visit,
            self.address,
            lambda bar: self._read_page(store, web, bar),
            "try again at a quieter hour. If it never stands still, the site pages in another way",
        )

    def _read_page(self, store: Store, web: Web, bar: tqdm) -> None:
        """Keep one page's ids and where the next page is.

        There is no number of all results to watch, so each page begins with the last result of the
        page before: where another stands there, records came or went.
        """
        first: dict[str, Any] = {"search": 0, "seen": 0, "last": ""}
        state = json.loads(store.position) if store.position else first
        search = self.searches[state["search"]]
        again = min(state["seen"], 1)
        results = self._results(web, search, state["seen"] - again)
        if again and [name for name, _ in results[:1]] != [state["last"]]:
            raise ChangedError(f"{state['last']} was result {state['seen']} of {search} before")
        new = results[again:]
        if new:
            state |= {"seen": state["seen"] + len(new), "last": new[-1][0]}
        else:
            state = first | {"search": state["search"] + 1}
        bar.update(len(new))
        store.keep(new, json.dumps(state) if state["search"] < len(self.searches) else END)

    def _results(
        self, web: Web, search: dict[str, str], offset: int
    ) -> list[tuple[str, list[Pair]]]:
        """The ids and records of one page; the first page of a search must have some."""
        numbers = {"limit": str(self.limit), "offset": str(offset)}
        try:
            data = web.get(self.address, "application/xml, text/xml", search | numbers)
        except NotThereError as error:
            raise StudyError(f"{self.address}: there is nothing any more. {_MOVED}") from error
        root = parse_xml(data, self.address)
        found = [item for item in root.iter("{*}*") if local_name(item.tag) == self.result]
        if not found and offset == 0:
            elements = sorted({local_name(item.tag) for item in root.iter("{*}*")})
            raise StudyError(
                f"{self.address}: the search for {search} found nothing: there is no element "
                f"`{self.result}` (config key `result`) among {elements[:10]}"
            )
        ids = self._checked([str(item.get(self.id_attribute, "")).strip() for item in found])
        return list(zip(ids, map(xml_pairs, found), strict=True))

    def _checked(self, ids: list[str]) -> list[str]:
        try:
            pattern = re.compile(self.id_pattern)
        except re.error as error:
            raise StudyError(
                f"config key `id_pattern`: {self.id_pattern} is no regular expression: {error}"
            ) from error
        for object_id in ids:
            if not pattern.fullmatch(object_id):
                raise StudyError(
                    f"{self.manifest or self.address}: the id {object_id!r} does not look like "
                    f"{self.id_pattern} (config key `id_pattern`). {_MOVED}"
                )
        return ids

    def _drawn(self, listed: Store) -> list[str]:
        chosen = draw((name for name, _ in listed), self.sample.objects, self.sample.seed)
        print(f"{len(chosen)} of {len(listed)} objects drawn with seed {self.sample.seed}")
        if len(chosen) < self.sample.objects:
            print(f"the museum has fewer than the {self.sample.objects} of `sample.objects`")
        return chosen

    def _records(self, chosen: list[str], store: Store) -> Iterator[tuple[str, list[Pair]]]:
        wanted = set(chosen)
        for object_id, record in store:
            if object_id in wanted and record:
                yield object_id, [Pair(*pair) for pair in record]

    def _rows(
        self, records: Iterator[tuple[str, list[Pair]]], licences: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Objects; their ids and licences are noted in ``licences`` on the way."""
        for object_id, pairs in records:
            found = {
                column: texts(pairs, names, self.language) for column, names in self.fields.items()
            }
            # All that is said of rights: the licence, and whom to credit.
            rights = [texts(pairs, (name,), self.language) for name in self.fields["rights"]]
            licences[object_id] = "; ".join(dict.fromkeys(text for part in rights for text in part))
            addresses = [text for text in found["image"] if re.match("https?://", text)]
            built = self.image_address.replace("{id}", quote(object_id, safe=""))
            page = self.record_address.replace("{id}", quote(object_id, safe=""))
            yield {
                column: values if column in LISTS else "".join(values[:1])
                for column, values in found.items()
            } | {
                "object_id": object_id,
                "image": addresses[0] if addresses else built,
                "rights": licences[object_id],
                "source_url": page,
            }

    def _check_gone(self, gone: list[str]) -> None:
        """Of a sample those that went are left out; of a pinned manifest none may be missing."""
        if not gone:
            return
        message = (
            f"{len(gone)} objects have gone from the museum since they were listed, as {gone[:3]}"
        )
        if self.manifest and len(gone) > self.gone_allowed:
            raise StudyError(
                f"{self.manifest}: {message}. If the museum is being rebuilt, start again later: "
                "they are asked for again. To study those that are left, set `gone_allowed` to "
                f"{len(gone)}; to fetch exactly what was published, take the study's archive."
            )
        print(f"{message}; they are left out")


def _read_record(web: Web, address: str, object_id: str) -> list[Pair]:
    data = web.get(address, "application/rdf+json, application/json")
    try:
        graph = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnansweredError(
            f"{address}: expected RDF/JSON, but the answer begins {data[:60]!r}"
        ) from error
    return rdf_pairs(graph, object_id, address)
