"""Museums that give their records as pages of JSON: the Met, Chicago, Cleveland, SMK and others.

Which address, which paging and which field is what, is all config.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, urljoin

import pandas as pd
from tqdm import tqdm

from art_transfer.collect.downloads import download_images
from art_transfer.collect.listing import ChangedError, read_list
from art_transfer.collect.records import fetch_records
from art_transfer.collect.rows import object_row, tables, values
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.store import END, Store, sorted_rows
from art_transfer.collect.transport import NotThereError
from art_transfer.collect.web import Web
from art_transfer.errors import StudyError
from art_transfer.settings import canonical

_PAGES_WITHOUT_NEWS = 20
_SHORT_ALLOWED = 0.01
_FIRST: dict[str, Any] = {"seen": 0, "total": None, "last": "", "without_news": 0}
_WHOLE = re.compile(r"(\d+|\d{1,3}(?:,\d{3})+)(\.0)?")  # 1234, or "1,234"


@dataclass(frozen=True)
class Paging:
    """How a list goes on: ``none``, by ``page`` or ``offset`` numbers, or by a ``link``."""

    kind: str
    parameter: str
    first: int
    size_parameter: str
    size: int
    next: str


@dataclass(frozen=True)
class JsonApi:
    """The settings of a ``json_api`` source; see the config's reference."""

    remote: ClassVar[bool] = True

    address: str
    parameters: dict[str, str]
    paging: Paging
    records: str
    total: str
    record_address: str
    fields: dict[str, str]
    where: dict[str, tuple[Any, ...]]
    image_address: str

    def read(self, visit: Visit) -> Iterator[pd.DataFrame]:
        """Read the list page by page, then each record where the list has ids only.

        Raises StudyError where a page is not as the config says.
        """
        listing = [self.address, self.parameters, self.paging, self.records]
        asked = canonical([*listing, self.fields["object_id"]])  # records are kept by their ids
        counts: Counter[str] = Counter()
        with Store(visit.kept / "list.sqlite", asked) as listed:
            if listed.position != END:
                self._read_list(listed, visit)
            if self.record_address:
                yield from tables(self._detailed_rows(listed, counts, visit))
            else:  # sorted already: their ids are the objects'
                yield from tables(self._rows((record for _, record in listed), counts))
        for what, count in sorted(counts.items()):
            print(f"{self.address}: {count:,} {what}")

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
            "try again at a quieter hour",
        )

    def _read_page(self, store: Store, web: Web, bar: tqdm) -> None:
        """Keep one page's records and where the next page is."""
        state: dict[str, Any] = _FIRST | {"page": self.paging.first, "address": self.address}
        if store.position:
            state = json.loads(store.position)
        following = self.paging.kind == "link" and state["last"]  # a link has its parameters
        parameters = None if following else self._parameters(state["page"])
        try:
            page = web.json(state["address"], parameters)
        except NotThereError as error:
            raise StudyError(
                f"{error}: there is nothing here for {parameters or 'the next page'}. Is `address` "
                "right? If this is the page after the last one, `total` tells where the list ends"
            ) from error
        total = self._total(page)
        if state["total"] is not None and total != state["total"]:
            raise ChangedError(f"its total went from {state['total']} to {total} meanwhile")
        records = self._page_records(page, total)
        found = dict(self._with_ids(records))
        news = sum(object_id not in store for object_id in found)
        state["page"] += len(records) if self.paging.kind == "offset" else 1
        state["seen"] += len(records)
        state["total"] = bar.total = total
        state["without_news"] = 0 if news else state["without_news"] + 1
        this = hashlib.sha256(json.dumps(records).encode()).hexdigest()
        self._check_repeats(state["last"], this, len(records))
        state["last"] = this
        bar.update(len(records))
        if self.paging.kind == "link":
            links = values(page, self.paging.next)
            state["address"] = urljoin(state["address"], str(links[0])) if links else ""
            more = bool(links)
        else:
            more = self.paging.kind != "none" and bool(records)
            more = more and (total is None or state["seen"] < total)
        if more and state["without_news"] == _PAGES_WITHOUT_NEWS:
            raise StudyError(
                f"{self.address}: {_PAGES_WITHOUT_NEWS} pages in a row brought nothing new; the "
                "list goes round in circles, or has no end. Is `paging` right for this museum?"
            )
        if not more:
            self._check_end(state, len(store) + news)
        store.keep(found.items(), json.dumps(state) if more else END)

    def _check_repeats(self, last: str, this: str, count: int) -> None:
        """Refuse a page, by its hash, that is the one before: the list would never go on."""
        if last == this and count > 1:
            raise StudyError(
                f"{self.address}: two pages in a row have the same {count} records: the "
                f"museum does not heed `paging` as it is set (kind: {self.paging.kind}). Look up "
                "how its lists go on"
            )

    def _check_end(self, state: dict[str, Any], kept: int) -> None:
        """Refuse a list that is cut short; say what else is odd about one."""
        seen, total = state["seen"], state["total"]
        if total is not None and seen < total * (1 - _SHORT_ALLOWED):
            raise StudyError(
                f"{self.address}: the museum announced {total:,} records, and {seen:,} came. Is "
                "`paging` right? Some museums give no more than the first so many of a list: "
                "then ask for less at a time (`parameters`). Else start again later."
            )
        if total is not None and kept < total * (1 - _SHORT_ALLOWED):
            raise StudyError(
                f"{self.address}: the museum announced {total:,} records, and {seen:,} came, but "
                f"only {kept:,} different ones. Is `fields.object_id` their id? Else its order "
                "changes from page to page: have it sort them, as by their ids (`parameters`). "
                "If it really lists many twice, leave `total` out"
            )
        if total is not None and seen != total:
            print(
                f"{self.address}: the museum announced {total:,} records, and {seen:,} came; it "
                "may have changed meanwhile"
            )
        if seen > kept:
            print(f"{self.address}: {seen - kept:,} records came more than once; the last is kept")

    def _total(self, page: Any) -> int | None:
        found = values(page, self.total) if self.total else []
        if not found:
            return None
        number = _WHOLE.fullmatch(str(found[0]).strip())
        if number is None:
            raise StudyError(
                f"{self.address}: expected the number of all records at `{self.total}` (config "
                f"key `total`), but there is {found[0]!r}; leave `total` out if there is no such"
            )
        return int(number[1].replace(",", ""))

    def _parameters(self, page: int) -> dict[str, str]:
        numbers = {}
        if self.paging.kind in ("page", "offset"):
            numbers[self.paging.parameter] = str(page)
        if self.paging.size_parameter:
            numbers[self.paging.size_parameter] = str(self.paging.size)
        return self.parameters | numbers

    def _page_records(self, page: Any, total: int | None) -> list[Any]:
        found = page
        for part in self.records.split(".") if self.records else ():
            found = found.get(part) if isinstance(found, dict) else None
        if found is None and total == 0:
            return []
        if not isinstance(found, list):
            raise StudyError(
                f"{self.address}: expected a list of records at `{self.records}` of each page, "
                f"but the page has {list(page) if isinstance(page, dict) else type(page).__name__}"
            )
        return found

    def _with_ids(self, records: list[Any]) -> Iterator[tuple[str, Any]]:
        for record in records:
            if self.record_address and not isinstance(record, dict):
                yield str(record), {}
                continue
            ids = values(record, self.fields["object_id"])
            if not ids:
                raise StudyError(
                    f"{self.address}: a record has nothing at `{self.fields['object_id']}`, where "
                    f"`fields.object_id` expects its id: {json.dumps(record)[:200]}"
                )
            yield str(ids[0]).strip(), record

    def _detailed_rows(
        self, listed: Store, counts: Counter[str], visit: Visit
    ) -> Iterator[dict[str, Any]]:
        """The objects of a list of ids, from a record for each."""
        with Store(visit.kept / "records.sqlite", canonical([self.record_address])) as details:
            ids = [object_id for object_id, _ in listed]
            gone = fetch_records(
                ids, details, self.record_address, lambda web, where, _: [web.json(where)], visit
            )
            details.keep(((object_id, []) for object_id in gone), "")
            records = (record for object_id, record in details if object_id in listed)
            rows = self._rows(records, counts)
            yield from sorted_rows(rows, visit.kept / "objects.sqlite", counts)

    def _rows(self, records: Iterable[Any], counts: Counter[str]) -> Iterator[dict[str, Any]]:
        for record in records:
            if not record:
                counts["records that are listed, but not there; left out"] += 1
            elif all(
                any(found in allowed for found in values(record, path))
                for path, allowed in self.where.items()
            ):
                row = object_row(record, self.fields)
                if self.image_address and row["image"]:
                    image = quote(row["image"], safe="")
                    row["image"] = self.image_address.replace("{image}", image)
                yield row
