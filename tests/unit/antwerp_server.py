"""Antwerp's museums as their site answers: a search in XML, RDF/JSON by asset, IIIF images."""

import json
from dataclasses import dataclass, field
from html import escape
from typing import Any

from art_transfer.collect.antwerp_dams import AntwerpDams
from art_transfer.collect.sources import open_source
from art_transfer.config import load, typed
from art_transfer.job_settings import SourceSettings
from builders import CONFIG, file_of, noise, small_config
from museum_server import NOT_FOUND, MuseumServer, Reply

DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
AAT = "http://vocab.getty.edu/aat/300041365"
PREF_LABEL = "http://www.w3.org/2004/02/skos/core#prefLabel"


def asset_id(number: int) -> str:
    """An id as the site's: 24 letters and digits."""
    return f"M2MqqUJAPTtBIiFSQc{number:06d}"


@dataclass
class Antwerp:
    """The site with so many assets of each publisher."""

    assets: dict[str, list[str]]
    gone: set[str] = field(default_factory=set)
    extra: dict[str, dict[str, Any]] = field(default_factory=dict)  # more statements, by id

    def __call__(self, path: str, query: dict[str, str]) -> Reply:
        if path == "/api/lod-search":
            offset, limit = int(query["offset"]), min(int(query["limit"]), 200)
            ids = self.assets.get(query["publisher"], [])[offset : offset + limit]
            return Reply(results(ids, query["publisher"]), type="text/xml")
        folder, _, rest = path.strip("/").partition("/")
        if folder == "asset" and rest not in self.gone:
            return Reply(json.dumps(self.graph(rest)).encode())
        if folder == "iiif":
            number = int(rest.split("/")[0][-6:])
            return Reply(file_of(noise(8, 6, number)), type="image/jpeg")
        return NOT_FOUND

    def graph(self, object_id: str) -> dict[str, Any]:
        """What the site says of an asset, as RDF/JSON."""
        address = f"https://dams.antwerpen.be/asset/{object_id}"
        statements = {
            DC + "title": [said(f"Prent {object_id[-3:]}", "nl"), said("Print", "en")],
            DC + "creator": [said("Galle, Philips"), said("Heemskerck, Maarten van")],
            DC + "publisher": [said("Museum Plantin-Moretus")],
            DCTERMS + "type": [{"type": "uri", "value": AAT}],
            DCTERMS + "medium": [said("papier", "nl"), said("paper", "en")],
            DC + "date": [said("1570 - 1590")],
            DCTERMS + "license": [{"type": "uri", "value": "https://creativecommons.org/by/4.0/"}],
            DC + "rights": [said("Collectie Stad Antwerpen, Museum Plantin-Moretus")],
        }
        return {
            f"{address}#image": {DC + "title": [said("not the object")]},
            address: statements | self.extra.get(object_id, {}),
            AAT: {PREF_LABEL: [said("prent", "nl"), said("print", "en")]},
        }


def said(text: str, language: str = "") -> dict[str, str]:
    value = {"type": "literal", "value": text}
    return value | {"lang": language} if language else value


def results(ids: list[str], publisher: str) -> bytes:
    """A page of the search."""
    items = "".join(
        f'<result id="{escape(i)}"><title>Prent {escape(i[-3:])}</title>'
        f"<creator>Galle, Philips</creator><publisher>{escape(publisher)}</publisher>"
        f"<rights>Publiek domein</rights><type>prent</type></result>"
        for i in ids
    )
    return f"<?xml version='1.0' encoding='UTF-8'?><results>{items}</results>".encode()


def source(server: MuseumServer, **changes: Any) -> AntwerpDams:
    """The source with the config's defaults, pointed to the server; a change may be ``a__b``."""
    block: dict[str, Any] = {
        "source": "antwerp_dams",
        "address": f"{server.address}/api/lod-search",
        "record_address": f"{server.address}/asset/{{id}}",
        "image_address": f"{server.address}/iiif/{{id}}/full/!600,600/0/default.jpg",
        "searches": [{"publisher": "MAS"}, {"publisher": "Rubenshuis"}],
        "limit": 10,
        "sample": {"objects": 1000},
    }
    whole = small_config(collections__museum=block)
    for key, value in changes.items():
        *folders, last = key.split("__")
        inner = block
        for name in folders:
            inner = inner.setdefault(name, {})
        inner[last] = value
    collection = typed(load(whole, CONFIG)).collections["museum"]
    opened = open_source(SourceSettings("antwerp_dams", collection.options))
    assert isinstance(opened, AntwerpDams)
    return opened
