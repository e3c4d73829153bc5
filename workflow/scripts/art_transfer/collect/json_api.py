"""Museums that give their records as pages of JSON: the Met, Chicago, Cleveland, SMK and others.

Which address, which paging and which field is what, is all config.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

import pandas as pd
from tqdm import tqdm

from art_transfer.collect.downloads import download_images
from art_transfer.collect.listing import ChangedError, read_list
from art_transfer.collect.rows import object_row, tables, values
from art_transfer.collect.source import FetchedImage, Visit
from art_transfer.collect.store import END, Store
from art_transfer.collect.web import NotThereError, Web
from art_transfer.errors import StudyError
from art_transfer.settings import canonical


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
        asked = canonical([self.address, self.parameters, self.paging, self.records])
        with Store(visit.kept / "list.sqlite", asked) as listed:
            if listed.position != END:
                self._read_list(listed, visit)
            if not self.record_address:
                yield from tables(self._rows(listed))
                return
            asked = canonical([asked, self.record_address])
            with Store(visit.kept / "records.sqlite", asked) as details:
                if details.position != END:
                    self._read_details(listed, details, visit)
                yield from tables(self._rows(details))

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
        first: dict[str, Any] = {
            "page": self.paging.first,
            "address": self.address,
            "seen": 0,
            "total": None,
        }
        state: dict[str, Any] = json.loads(store.position) if store.position else first
        following = self.paging.kind == "link" and state["seen"]  # a link has its parameters
        page = web.json(state["address"], None if following else self._parameters(state["page"]))
        found = values(page, self.total) if self.total else []
        total = int(found[0]) if found else None
        if state["total"] is not None and total != state["total"]:
            raise ChangedError(f"its total went from {state['total']} to {total} meanwhile")
        records = self._page_records(page)
        state["page"] += len(records) if self.paging.kind == "offset" else 1
        state["seen"] += len(records)
        state["total"] = bar.total = total
        bar.update(len(records))
        links = values(page, self.paging.next) if self.paging.kind == "link" else []
        if self.paging.kind == "none" or not records:
            more = False
        elif self.paging.kind == "link":
            more = bool(links)
            state["address"] = str(links[0]) if links else ""
        else:
            more = total is None or state["seen"] < total
        store.keep(self._with_ids(records), json.dumps(state) if more else END)

    def _parameters(self, page: int) -> dict[str, str]:
        numbers = {}
        if self.paging.kind in ("page", "offset"):
            numbers[self.paging.parameter] = str(page)
        if self.paging.size_parameter:
            numbers[self.paging.size_parameter] = str(self.paging.size)
        return self.parameters | numbers

    def _page_records(self, page: Any) -> list[Any]:
        found = page
        for part in self.records.split(".") if self.records else ():
            found = found.get(part) if isinstance(found, dict) else None
        if found is None and self.total and values(page, self.total) == [0]:
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

    def _read_details(self, listed: Store, details: Store, visit: Visit) -> None:
        """Read the records that are not kept yet; one that has gone meanwhile is kept empty."""
        web = Web(visit.manners, visit.contact)

        def ask(object_id: str) -> tuple[str, Any]:
            address = self.record_address.replace("{id}", quote(object_id, safe=""))
            try:
                return object_id, [web.json(address)]
            except NotThereError:
                print(f"{address}: the list has this record, but there is nothing")
                return object_id, []

        waiting = [object_id for object_id, _ in listed if object_id not in details]
        with visit.progress("record", len(listed), len(details)) as bar:
            for answer in web.each(waiting, ask):
                details.keep([answer], "")
                bar.update()
        details.keep([], END)

    def _rows(self, store: Store) -> Iterator[dict[str, Any]]:
        for _, record in store:
            if all(
                any(found in allowed for found in values(record, path))
                for path, allowed in self.where.items()
            ):
                row = object_row(record, self.fields)
                if row["object_id"]:
                    if self.image_address and row["image"]:
                        image = quote(row["image"], safe="")
                        row["image"] = self.image_address.replace("{image}", image)
                    yield row
