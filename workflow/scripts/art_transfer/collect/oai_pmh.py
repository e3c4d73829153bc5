"""Museums that speak OAI-PMH 2.0: the Rijksmuseum, Europeana, and any other repository.

The records are listed once and kept; which element is which column, in which language, and where
the image is, is config, and another choice asks the museum nothing.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from oaipmh_scythe.exceptions import (
    BadResumptionToken,
    CannotDisseminateFormat,
    NoRecordsMatch,
    OAIPMHException,
)
from tqdm import tqdm

from art_transfer.collect.downloads import download_images
from art_transfer.collect.oai_pages import Page, Repository
from art_transfer.collect.oai_records import RecordReader, nodes_of
from art_transfer.collect.rows import tables
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.store import END, Store, sorted_rows
from art_transfer.collect.web import Web
from art_transfer.errors import StudyError
from art_transfer.settings import canonical

_RESTARTS = 2
_PAGES_WITHOUT_NEWS = 20

_COUNTED = {
    "deleted": "withdrawn by the museum",
    "twice": "that came more than once; the last is kept",
    "unnamed": "without an identifier; left out",
    "bare": "without metadata; left out",
    "mended": "with bytes that are no text; U+FFFD stands in their place",
}


@dataclass(frozen=True)
class OaiPmh:
    """The settings of an ``oai_pmh`` source; see the config's reference."""

    remote: ClassVar[bool] = True

    address: str
    metadata_prefix: str
    selection: dict[str, str]
    no_records_status: tuple[int, ...]
    languages: tuple[str, ...]
    fields: dict[str, tuple[str, ...]]
    patterns: dict[str, str]
    where: dict[str, tuple[str, ...]]
    image_address: str

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """List the repository's records, those that are not kept yet, and make objects of all.

        Raises StudyError where the repository refuses what is asked, or answers with no OAI-PMH.
        """
        reader = RecordReader(
            self.fields, self.patterns, self.languages, self.where, self.image_address
        )
        asked = canonical([self.address, self.metadata_prefix, self.selection])
        with Store(visit.kept / "records.sqlite", asked) as store:
            if store.position != END:
                self._harvest(store, visit)
            yield from tables(_rows(store, reader, visit))
        for what, count in sorted((+reader.counts).items()):
            print(f"{self.address}: {count:,} {what}")

    def images(self, objects: pd.DataFrame, visit: Visit, shard: str) -> Iterator[FetchedImage]:
        """Fetch the image of each object (``source.Source``)."""
        return download_images(objects, lambda address: address, visit, shard)

    def _harvest(self, store: Store, visit: Visit) -> None:
        """Read the pages that are not kept yet; where a token has expired, all of them again."""
        web = Web(visit.manners, visit.contact)
        repository = Repository(self.address, web, self.no_records_status)
        for _ in range(_RESTARTS + 1):
            try:
                with visit.progress("record", initial=_state(store)["seen"]) as bar:
                    while store.position != END:
                        self._read_page(repository, store, bar)
                return
            except OAIPMHException as error:
                expired = isinstance(error, BadResumptionToken | NoRecordsMatch)
                if not (expired and store.position):
                    raise self._refused(error, repository) from error
                print(
                    f"{self.address}: the list is read anew from its beginning: its resumption "
                    f"token is no longer good ({_said(error)})"
                )
                store.restart()
        raise StudyError(
            f"{self.address}: the resumption token was no longer good {_RESTARTS + 1} times; ask "
            "faster (`web.requests_per_second`) or for less at a time (`selection`)"
        )

    def _read_page(self, repository: Repository, store: Store, bar: tqdm) -> None:
        """Keep one page's records and where the next page is."""
        state = _state(store)
        query = {"verb": "ListRecords"}
        if state["token"]:
            query["resumptionToken"] = state["token"]
        else:
            query |= {"metadataPrefix": self.metadata_prefix} | self.selection
        page = repository.harvest(query)
        records, counts = _page_records(page, store)
        came, token = counts["came"], page.token
        state["counts"] = Counter(state["counts"]) + counts
        state["seen"] += came
        state["token"] = token.token
        if not counts["new"]:
            self._check_circle(state)
        if state["to_mark"] == 0:  # Brent's way to find a circle with one token in memory
            state |= {"mark": token.token, "span": 2 * state["span"], "to_mark": state["span"]}
        state["to_mark"] -= 1
        if token.complete_list_size:
            state["total"] = bar.total = int(token.complete_list_size)
        news = counts["new"] + counts["deleted"]
        state["without_news"] = 0 if news else state["without_news"] + 1
        if state["without_news"] == _PAGES_WITHOUT_NEWS:
            raise StudyError(
                f"{self.address}: {_PAGES_WITHOUT_NEWS} pages in a row brought nothing new; the "
                "repository's list goes round in circles, or has no end"
            )
        store.keep(records.items(), json.dumps(state) if token.token else END)
        bar.update(came)
        if not token.token:
            self._report(state, len(store))

    def _check_circle(self, state: dict[str, Any]) -> None:
        """Refuse a token that came before: its pages would come again and again."""
        if state["token"] and state["token"] == state["mark"]:
            raise StudyError(
                f"{self.address}: the repository's list goes round in circles: its token "
                f"{state['token']!r} came before"
            )

    def _report(self, state: dict[str, Any], kept: int) -> None:
        seen, total = state["seen"], state["total"]
        print(f"{self.address}: {seen:,} records came, {kept:,} are kept")
        for name, what in _COUNTED.items():
            if state["counts"].get(name):
                print(f"{self.address}: {state['counts'][name]:,} records {what}")
        if total is not None and total != seen:
            print(
                f"{self.address}: the repository announced {total:,} records, and {seen:,} came; "
                "it may have changed meanwhile, or its list has gaps"
            )

    def _refused(self, error: OAIPMHException, repository: Repository) -> StudyError:
        """What to tell the user when the repository answers with an error of the protocol."""
        asked = {"metadataPrefix": self.metadata_prefix} | self.selection
        listing = ", ".join(f"{name}={value}" for name, value in asked.items())
        if isinstance(error, CannotDisseminateFormat):
            return StudyError(
                f"{self.address}: the repository has no `metadata_prefix: {self.metadata_prefix}`; "
                f"it offers {_formats(repository)}"
            )
        if isinstance(error, NoRecordsMatch):
            return StudyError(
                f"{self.address}: the repository has no records for {listing} ({_said(error)}); "
                f"{self.address}?verb=ListSets shows its sets"
            )
        return StudyError(f"{self.address}: the repository refuses {listing}: {_said(error)}")


def _said(error: OAIPMHException) -> str:
    return f"{type(error).__name__}: {error}"


def _formats(repository: Repository) -> str:
    try:
        found = list(repository.list_metadata_formats())
    except OAIPMHException as error:
        return f"none ({_said(error)})"
    return ", ".join(str(vars(item).get("metadataPrefix")) for item in found)


def _state(store: Store) -> dict[str, Any]:
    first = {"token": "", "seen": 0, "total": None, "without_news": 0, "counts": {}}
    first |= {"mark": "", "span": 1, "to_mark": 0}
    return first | json.loads(store.position) if store.position not in ("", END) else first


def _page_records(page: Page, store: Store) -> tuple[dict[str, Any], Counter[str]]:
    """A page's records by identifier, None for those deleted, and how many of each kind came."""
    records: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    for identifier, header, root in page.records():
        counts["came"] += 1
        if not identifier:
            counts["unnamed"] += 1
        elif header.get("status") == "deleted":
            counts["deleted"] += 1
            records[identifier] = None
        elif root is None:
            counts["bare"] += 1
        else:
            known = identifier in records or identifier in store
            counts["twice" if known else "new"] += 1
            records[identifier] = nodes_of(header, root)
            counts["mended"] += page.mended and "\ufffd" in str(records[identifier])
    return records, counts


def _rows(store: Store, reader: RecordReader, visit: Visit) -> Iterator[dict[str, Any]]:
    """The objects sorted by their ids; the records are sorted by their identifiers."""
    rows = (row for _, record in store if (row := reader.row(record)) is not None)
    if reader.keeps_identifiers:
        return rows
    return sorted_rows(rows, visit.kept / "objects.sqlite", reader.counts)
