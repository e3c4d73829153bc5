"""Pages of OAI-PMH as museums write them, a small repository, and sources that read from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from art_transfer.collect.oai_pmh import OaiPmh
from art_transfer.collect.sources import open_source
from art_transfer.config import load, typed
from art_transfer.job_settings import SourceSettings
from builders import CONFIG, small_config
from museum_server import Reply

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/
    http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">
  <responseDate>2026-11-24T12:00:00Z</responseDate>
  <request verb="ListRecords">https://museum.example/oai</request>
  {content}
</OAI-PMH>
"""

RECORD = """<record>
  <header><identifier>{identifier}</identifier><datestamp>2026-04-05T18:52:36Z</datestamp>
    <setSpec>26121</setSpec></header>
  <metadata>{metadata}</metadata>
</record>
"""

DC = """<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/oai_dc/
    http://www.openarchives.org/OAI/2.0/oai_dc.xsd">{elements}</oai_dc:dc>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns:edm="http://www.europeana.eu/schemas/edm/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:dcterms="http://purl.org/dc/terms/" xmlns:ore="http://www.openarchives.org/ore/terms/"
    xmlns:skos="http://www.w3.org/2004/02/skos/core#" xmlns:owl="http://www.w3.org/2002/07/owl#"
    xmlns:rdaGr2="http://rdvocab.info/ElementsGr2/">{nodes}</rdf:RDF>"""

RIJKS = """<ore:Aggregation rdf:about="https://id.rijksmuseum.nl/{number}#aggregation">
  <edm:aggregatedCHO><edm:ProvidedCHO rdf:about="https://id.rijksmuseum.nl/{number}">
    <dc:creator rdf:resource="https://id.rijksmuseum.nl/2103429"/>
    <dc:description xml:lang="en">Rembrandt's largest and most famous canvas.</dc:description>
    <dc:description xml:lang="nl">Rembrandts beroemdste en grootste doek.</dc:description>
    <dc:identifier>SK-C-{number}</dc:identifier>
    <dc:title xml:lang="en">The Night Watch</dc:title>
    <dc:title xml:lang="nl">De Nachtwacht</dc:title>
    <dc:type rdf:resource="https://id.rijksmuseum.nl/2208"/>
    <dcterms:created xml:lang="en">1642</dcterms:created>
    <dcterms:created xml:lang="nl">1642</dcterms:created>
    <dcterms:extent xml:lang="nl">hoogte 379,5 cm x breedte 453,5 cm</dcterms:extent>
    <dcterms:medium rdf:resource="https://id.rijksmuseum.nl/22010"/>
    <dcterms:medium rdf:resource="https://id.rijksmuseum.nl/2209"/>
    <dcterms:isPartOf rdf:resource="https://id.rijksmuseum.nl/260212"/>
  </edm:ProvidedCHO></edm:aggregatedCHO>
  <edm:provider>Rijksmuseum</edm:provider>
  <edm:dataProvider>Rijksmuseum</edm:dataProvider>
  <edm:rights rdf:resource="http://creativecommons.org/publicdomain/mark/1.0/"/>
  <edm:isShownAt rdf:resource="https://www.rijksmuseum.nl/nl/collectie/SK-C-{number}"/>
  <edm:isShownBy>
    <edm:WebResource rdf:about="https://iiif.micr.io/{image}/full/max/0/default.jpg"/>
  </edm:isShownBy>
</ore:Aggregation>
<edm:Agent rdf:about="https://id.rijksmuseum.nl/2103429">
  <rdaGr2:dateOfBirth xml:lang="nl">1606-07-15</rdaGr2:dateOfBirth>
  <skos:prefLabel xml:lang="en">Rembrandt van Rijn</skos:prefLabel>
  <skos:prefLabel xml:lang="nl">Rembrandt van Rijn</skos:prefLabel>
  <owl:sameAs rdf:resource="http://www.wikidata.org/entity/Q5598"/>
</edm:Agent>
<skos:Concept rdf:about="https://id.rijksmuseum.nl/22010">
  <skos:prefLabel xml:lang="en">canvas</skos:prefLabel>
  <skos:prefLabel xml:lang="nl">doek</skos:prefLabel>
</skos:Concept>
<skos:Concept rdf:about="https://id.rijksmuseum.nl/2209">
  <skos:prefLabel xml:lang="en">oil paint (paint)</skos:prefLabel>
  <skos:prefLabel xml:lang="nl">olieverf</skos:prefLabel>
</skos:Concept>
<skos:Concept rdf:about="https://id.rijksmuseum.nl/2208">
  <skos:prefLabel xml:lang="en">painting</skos:prefLabel>
  <skos:prefLabel xml:lang="nl">schilderij</skos:prefLabel>
</skos:Concept>"""
"""The shape of a record of the Rijksmuseum's edm."""


def page(
    *records: str, token: str | None = None, size: int | str | None = None, cursor: int = 0
) -> bytes:
    """A page of records; ``token`` empty for the last of several, None for the only one."""
    listed = "".join(records)
    if token is not None:
        attributes = "" if size is None else f' completeListSize="{size}" cursor="{cursor}"'
        listed += f"<resumptionToken{attributes}>{escape(token)}</resumptionToken>"
    return PAGE.format(content=f"<ListRecords>{listed}</ListRecords>").encode()


def error(code: str, text: str = "") -> bytes:
    return PAGE.format(content=f"<error code={quoteattr(code)}>{escape(text)}</error>").encode()


def record(identifier: str, metadata: str) -> str:
    return RECORD.format(identifier=escape(identifier), metadata=metadata)


def deleted(identifier: str) -> str:
    return (
        f'<record><header status="deleted"><identifier>{escape(identifier)}</identifier>'
        "<datestamp>2026-06-16T08:00:00Z</datestamp></header></record>"
    )


def dc(identifier: str, *elements: tuple[str, str]) -> str:
    """An oai_dc record with these elements, as ``("title", "...")``."""
    inside = "".join(f"<dc:{name}>{escape(text)}</dc:{name}>" for name, text in elements)
    return record(identifier, DC.format(elements=inside))


def edm(identifier: str, nodes: str) -> str:
    return record(identifier, RDF.format(nodes=nodes))


def rijks(number: int) -> str:
    """A record of the Rijksmuseum's edm."""
    nodes = RIJKS.format(number=number, image=f"PJ{number}")
    return edm(f"https://id.rijksmuseum.nl/{number}", nodes)


@dataclass
class Listing:
    """A repository that lists its records in pages; its tokens are numbers of records."""

    records: Sequence[str]
    per_page: int = 2
    bad_tokens: list[str] = field(default_factory=list)  # each refused once

    def __call__(self, path: str, query: dict[str, str]) -> Reply:
        token = query.get("resumptionToken", "0")
        if token in self.bad_tokens:
            self.bad_tokens.remove(token)
            return xml(error("badResumptionToken", "expired"))
        start, total = int(token), len(self.records)
        end = start + self.per_page
        following = str(end) if end < total else ""
        return xml(page(*self.records[start:end], token=following, size=total, cursor=start))


def xml(data: bytes, status: int = 200) -> Reply:
    return Reply(data, status, "text/xml; charset=utf-8")


def source(address: str, **block: Any) -> OaiPmh:
    """The source of a config's block, with the defaults of the schema."""
    config = small_config()
    config["collections"]["museum"] = {"source": "oai_pmh", "address": address, **block}
    collection = typed(load(config, CONFIG)).collections["museum"]
    found = open_source(SourceSettings(collection.source, collection.options))
    assert isinstance(found, OaiPmh)
    return found
