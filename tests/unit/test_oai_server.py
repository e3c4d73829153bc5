"""Harvesting an OAI-PMH server that others have written: the package ``oaipmh``."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from art_transfer.errors import StudyError
from museum_server import MuseumServer, Reply, objects_of
from oai_museum import source, xml
from oaipmh.common import Header, Identify, Metadata
from oaipmh.error import BadArgumentError, CannotDisseminateFormatError
from oaipmh.metadata import MetadataRegistry
from oaipmh.server import NS_DC, NS_OAIDC, BatchingServer, oai_dc_writer

SIZE = 250
DAY = datetime.datetime(2024, 1, 1)
DELETED = range(0, SIZE, 25)


class Museum:
    """250 prints and paintings, one changed on each day, every 25th withdrawn."""

    def __init__(self) -> None:
        self.withdrawn = set(DELETED)

    def identify(self) -> Identify:
        address = "https://museum.example/oai"
        return Identify(
            "Museum", address, "2.0", ["a@museum.example"], DAY, "persistent",
            "YYYY-MM-DDThh:mm:ssZ", ["identity"],
        )  # fmt: skip

    def listMetadataFormats(self, **_: Any) -> list[tuple[str, str, str]]:
        schema = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
        return [("oai_dc", schema, NS_OAIDC), ("dc", schema, NS_DC)]

    def listRecords(
        self,
        metadataPrefix: str,
        set: str | None = None,
        from_: datetime.datetime | None = None,
        until: datetime.datetime | None = None,
        cursor: int = 0,
        batch_size: int = 10,
    ) -> list[tuple[Header, Metadata | None, None]]:
        if metadataPrefix != "oai_dc":
            raise CannotDisseminateFormatError(metadataPrefix)
        if set not in (None, "prints", "paintings"):
            raise BadArgumentError(f"no set {set}")
        found = [
            self.record(number)
            for number in range(SIZE)
            if set in (None, self.set_of(number))
            and (from_ or DAY) <= self.date_of(number) <= (until or datetime.datetime.max)
        ]
        return found[int(cursor) : int(cursor) + batch_size]

    def set_of(self, number: int) -> str:
        return "paintings" if number % 5 == 0 else "prints"

    def date_of(self, number: int) -> datetime.datetime:
        return DAY + datetime.timedelta(days=number)

    def record(self, number: int) -> tuple[Header, Metadata | None, None]:
        gone = number in self.withdrawn
        sets = [self.set_of(number)]
        header = Header(None, f"oai:museum:{number:03d}", self.date_of(number), sets, gone)
        elements = {
            "title": [f"Nº {number} & others"],
            "creator": ["Zoë <i>", "b"],
            "format": ["https://museum.example/1.jpg", "materiaal: papier"],
        }
        return header, None if gone else Metadata(None, elements), None


@pytest.fixture
def museum():
    registry = MetadataRegistry()
    registry.registerWriter("oai_dc", oai_dc_writer)
    server = BatchingServer(Museum(), registry, resumption_batch_size=20)

    def answer(_: str, query: dict[str, str]) -> Reply:
        return xml(server.handleRequest(query))

    with MuseumServer(answer) as found:
        yield found


def ids(museum: MuseumServer, kept: Path, **block: object) -> set[int]:
    table = objects_of(source(museum.address, **block), kept)
    return {int(identifier.rpartition(":")[2]) for identifier in table["object_id"]}


def test_every_record_that_is_not_withdrawn(museum, tmp_path, capsys):
    block = {
        "fields": {"materials": ["dc:format"], "image": ["dc:format"]},
        "patterns": {"materials": "^materiaal: (.*)", "image": "^https?://"},
    }
    table = objects_of(source(museum.address, **block), tmp_path)
    expected = [f"oai:museum:{n:03d}" for n in range(SIZE) if n not in DELETED]
    assert list(table["object_id"]) == expected
    assert table.iloc[0].to_dict() == {
        "object_id": "oai:museum:001",
        "title": "Nº 1 & others",
        "creators": ["Zoë <i>", "b"],
        "materials": ["papier"],
        "types": [],
        "date": "",
        "image": "https://museum.example/1.jpg",
        "rights": "",
        "source_url": "",
    }
    assert len(museum.asked) == 13
    log = capsys.readouterr().out
    assert "250 records came, 240 are kept" in log
    assert "10 records withdrawn by the museum" in log


def test_sets_and_dates(museum, tmp_path):
    selection = {"set": "paintings", "from": "2024-01-11", "until": "2024-01-31"}
    assert ids(museum, tmp_path, selection=selection) == {10, 15, 20, 30}


def test_what_the_server_refuses(museum, tmp_path):
    for block, message in (
        ({"metadata_prefix": "edm"}, "it offers oai_dc, dc"),
        ({"selection": {"set": "photos"}}, "BadArgument: no set photos"),
        ({"selection": {"from": "yesterday"}}, "refuses .*from=yesterday: BadArgument"),
        ({"selection": {"from": "2030-01-01"}}, "has no records for .*from=2030-01-01"),
    ):
        with pytest.raises(StudyError, match=message):
            ids(museum, tmp_path, **block)


def test_a_token_that_the_server_does_not_know_starts_anew(museum, tmp_path, capsys):
    answer = museum.answer

    def spoiled(path: str, query: dict[str, str]) -> Reply:
        if len(museum.asked) == 5:
            query = query | {"resumptionToken": "nonsense"}
        return answer(path, query)

    museum.answer = spoiled
    assert len(ids(museum, tmp_path)) == 240
    assert len(museum.asked) == 5 + 13
    assert "read anew" in capsys.readouterr().out
