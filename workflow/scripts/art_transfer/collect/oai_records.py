"""Records of OAI-PMH repositories (oai_dc, edm) as JSON, and what the columns take from it.

A record is kept as a list of nodes in the manner of JSON-LD: ``{"@type": "edm:Agent", "@id":
"https://...", "skos:prefLabel": [...]}``. A value is a text, ``{"@value": ..., "@language":
...}``, or ``{"@id": ...}`` for a reference to a node. An oai_dc record is one such node.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from art_transfer.collect.rows import LISTS
from art_transfer.errors import StudyError

Node = dict[str, Any]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ABOUT, _RESOURCE = f"{{{_RDF}}}about", f"{{{_RDF}}}resource"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

NAMESPACES = {
    "oai": "http://www.openarchives.org/OAI/2.0/",
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "edm": "http://www.europeana.eu/schemas/edm/",
    "edmfp": "http://www.europeanafashion.eu/edmfp/",
    "ore": "http://www.openarchives.org/ore/terms/",
    "rdf": _RDF,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdaGr2": "http://rdvocab.info/ElementsGr2/",
}
"""The prefixes of elements in the config; any other namespace is written ``{address}name``."""

_PREFIXES = {address: prefix for prefix, address in NAMESPACES.items()}
_OF_THE_OBJECT = ("oai:header", "oai_dc:dc", "edm:ProvidedCHO", "ore:Aggregation", "ore:Proxy")
_NAMED = ("title", "creators", "materials", "types", "date")  # columns that want a name

_NAME = r"(?:\{[^}]*\}[^/{}]+|[\w.-]+:[\w.-]+)"
_ELEMENT = re.compile(rf"(?:({_NAME})/)?({_NAME})")


def nodes_of(header: Any, root: Any) -> list[Node]:
    """A record's nodes, from its header and its metadata's root element."""
    nodes: list[Node] = []
    for element in (header, *(root if root.tag == f"{{{_RDF}}}RDF" else [root])):
        _add_node(element, nodes)
    return nodes


def _add_node(element: Any, nodes: list[Node]) -> str:
    """Add an element and all nodes below it; give its id."""
    node: Node = {"@type": _name(element.tag), "@id": element.get(_ABOUT) or f"_:{len(nodes)}"}
    nodes.append(node)
    for child in element.iterchildren("*"):
        if values := _values(child, nodes):
            node.setdefault(_name(child.tag), []).extend(values)
    return str(node["@id"])


def _values(element: Any, nodes: list[Node]) -> list[Any]:
    """What a property says: one text or reference, or the nodes inside it; nothing if empty."""
    if resource := element.get(_RESOURCE):
        return [{"@id": resource}]
    text = (element.text or "").strip()
    if len(element):
        if not text:
            return [{"@id": _add_node(child, nodes)} for child in element]
        text = "".join(element.itertext()).strip()  # a text with markup in it
    language = element.get(_LANGUAGE)
    if text and language:
        return [{"@value": text, "@language": language}]
    return [text] if text else []


@lru_cache(maxsize=4096)
def _name(tag: str) -> str:
    address, _, name = tag[1:].partition("}")
    return f"{_PREFIXES[address]}:{name}" if address in _PREFIXES else tag


@dataclass
class RecordReader:
    """Makes objects from records; the settings are those of the source.

    Raises StudyError where a pattern or an element of the config cannot be.
    """

    fields: dict[str, tuple[str, ...]]
    patterns: dict[str, str]
    languages: tuple[str, ...]
    where: dict[str, tuple[str, ...]]
    image_address: str
    counts: Counter[str] = field(default_factory=Counter)
    """What happened to records and values, by what a reader of the log should be told."""

    def __post_init__(self) -> None:
        """Check the elements and patterns."""
        self._elements = {
            element: _element(element, f"fields.{column}")
            for column, elements in self.fields.items()
            for element in elements
        } | {element: _element(element, "where") for element in self.where}
        self._patterns = {column: _pattern(column, text) for column, text in self.patterns.items()}

    @property
    def keeps_identifiers(self) -> bool:
        """Whether an object's id is its record's identifier as it is."""
        return self.fields["object_id"] == ("oai:identifier",) and "object_id" not in self.patterns

    def row(self, nodes: list[Node]) -> dict[str, Any] | None:
        """The object of a record, or None where ``where`` leaves it out."""
        for element, allowed in self.where.items():
            texts = [text for text, _ in self._raw(nodes, element)]
            if not (any(text in allowed for text in texts) if allowed else texts):
                self.counts["records left out by `where`"] += 1
                return None
        labels = {node["@id"]: node["skos:prefLabel"] for node in nodes if "skos:prefLabel" in node}
        row: dict[str, Any] = {}
        for column in self.fields:
            texts = self._texts(nodes, labels, column)
            row[column] = texts if column in LISTS else "".join(texts[:1])
        if self.image_address and row["image"]:
            image = quote(row["image"], safe="")
            row["image"] = self.image_address.replace("{image}", image)
        return row

    def _texts(self, nodes: list[Node], labels: dict[str, Any], column: str) -> list[str]:
        """What the first of the column's elements that has something says, each once."""
        for element in self.fields[column]:
            values: Iterable[tuple[str, str]] = self._raw(nodes, element)
            if column in _NAMED:
                values = [self._named(value, labels) for value in values]
            values = [value for value in values if not self._is_nameless(value)]
            texts = self._preferred(values)
            if column in self._patterns:
                found = (self._patterns[column].search(text) for text in texts)
                texts = [(m[1] or "") if m.re.groups else m.string for m in found if m]
            texts = [text for text in dict.fromkeys(" ".join(t.split()) for t in texts) if text]
            if texts:
                return texts
        return []

    def _raw(self, nodes: list[Node], element: str) -> Iterator[tuple[str, str]]:
        """The values of an element, each with its language."""
        kind, name = self._elements[element]
        for node in nodes:
            if node["@type"] == kind if kind else _is_of_the_object(node):
                yield from (_tagged(value) for value in node.get(name, ()))

    def _named(self, value: tuple[str, str], labels: dict[str, Any]) -> tuple[str, str]:
        """A node's name instead of its id; Europeana has ids that are written as texts, too."""
        text, language = value
        if text in labels:
            names = [_tagged(name) for name in labels[text]]
            return self._preferred(names)[0], ""
        if language == "@id" and not text.startswith("_:"):
            self.counts["references without a name in their record; their address stands"] += 1
        return value

    def _is_nameless(self, value: tuple[str, str]) -> bool:
        """Whether a value is a node inside the record that has neither a name nor an address."""
        nameless = value[1] == "@id" and value[0].startswith("_:")
        self.counts["references to nothing that has a name or an address; left out"] += nameless
        return nameless

    def _preferred(self, values: Iterable[tuple[str, str]]) -> list[str]:
        """The texts in the best language where several languages say the same."""
        values = list(values)
        tagged = [lang for _, lang in values if lang not in ("", "@id")]
        if not tagged:
            return [text for text, _ in values]
        languages = Counter(tagged)
        best = next((lang for lang in self.languages if lang in languages), None)
        if best is None and self.languages:
            self.counts["values in none of the preferred `languages`"] += 1
        best = best or next(iter(languages))
        more = max(languages.values()) > languages[best]
        self.counts["values of which another language than the one taken says more"] += more
        return [text for text, lang in values if lang in ("", "@id", best)]


def _is_of_the_object(node: Node) -> bool:
    """Whether a node says something of the object itself, and the museum says it.

    Beside the museum's proxy, a record of Europeana has one with what its machines have added.
    """
    return node["@type"] in _OF_THE_OBJECT and node.get("edm:europeanaProxy") != ["true"]


def _tagged(value: Any) -> tuple[str, str]:
    """A kept value as text and language: empty without one, ``@id`` for a reference."""
    if isinstance(value, str):
        return value, ""
    if "@id" in value:
        return value["@id"], "@id"
    return value["@value"], _primary(value["@language"])


def _primary(language: str) -> str:
    """``nl`` of ``nl-NL``; empty for "no language" and "unknown"."""
    primary = language.partition("-")[0].lower()
    return "" if primary in ("und", "zxx") else primary


def _element(text: str, key: str) -> tuple[str | None, str]:
    """The type of node, if given, and the property that an element in the config means."""
    parts = _ELEMENT.fullmatch(text)
    unknown = parts and [
        name
        for name in parts.groups()
        if name and not name.startswith("{") and name.partition(":")[0] not in NAMESPACES
    ]
    if not parts or unknown:
        raise StudyError(
            f"`{key}`: expected an element as `dc:creator` or `edm:WebResource/edm:rights`, found "
            f"{text!r}; known prefixes are {', '.join(NAMESPACES)}; others are written as "
            "`{http://address.of.the/namespace}name`"
        )
    kind, name = (_name(part) if part and part[0] == "{" else part for part in parts.groups())
    return kind, name


def _pattern(column: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise StudyError(f"`patterns.{column}`: {text!r} is no regular expression: {error}") from (
            error
        )
