"""Museums' linked data as pairs of names and texts: from elements of XML, and from RDF/JSON."""

import re
from typing import Any, NamedTuple

from lxml import etree

from art_transfer.collect.strict_xml import strict_parser
from art_transfer.errors import StudyError

_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_LABELS = ("prefLabel", "label", "name")


class Pair(NamedTuple):
    """Something said of an object."""

    name: str  # in full, with its namespace: http://purl.org/dc/terms/title
    language: str
    text: str


def parse_xml(data: bytes, where: str) -> Any:
    """The root element of a page of XML; entities, document types and the network are off.

    Raises StudyError, which names ``where``, for what is no XML or has a document type.
    """
    try:
        root: Any = etree.fromstring(data, strict_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise StudyError(
            f"{where}: expected XML, but the answer begins {data[:60]!r} ({error})"
        ) from error
    if root.getroottree().docinfo.doctype:
        raise StudyError(f"{where}: the XML declares a document type, which is not safe; refused")
    return root


def local_name(name: str) -> str:
    """A name without its namespace: ``title`` for ``http://purl.org/dc/terms/title``."""
    return re.split(r"[}/#:]", name)[-1]


def xml_pairs(element: Any) -> list[Pair]:
    """What the children of an element of XML say."""
    pairs = []
    for child in element:
        text = " ".join("".join(child.itertext()).split()) or child.get(_RESOURCE, "").strip()
        name = str(child.tag).removeprefix("{").replace("}", "")
        pairs.append(Pair(name, child.get(_LANGUAGE, ""), text))
    return pairs


def rdf_pairs(graph: Any, object_id: str, where: str) -> list[Pair]:
    """What a graph in RDF/JSON says of the subject whose name has ``object_id`` in it.

    A value that is itself a subject of the graph stands for its label. Raises StudyError, which
    names ``where``, for anything but RDF/JSON, and where no subject is the object.
    """
    try:
        subjects = [name for name in graph if object_id in name]
        if subjects:
            subject = graph[min(subjects, key=lambda name: (len(name), name))]
            return [
                pair
                for name, values in subject.items()
                for value in values
                for pair in _labelled(name, value, graph)
            ]
    except (TypeError, KeyError, AttributeError) as error:
        raise StudyError(
            f"{where}: expected RDF/JSON (subject, predicate, list of values), but the answer "
            f"begins {str(graph)[:80]!r}"
        ) from error
    raise StudyError(
        f"{where}: expected RDF/JSON about {object_id}, but it is about {list(graph)[:3]}"
    )


def _labelled(name: str, value: dict[str, Any], graph: dict[str, Any]) -> list[Pair]:
    text = str(value["value"])
    named = graph.get(text, {}) if value.get("type") in ("uri", "bnode") else {}
    labels = [
        Pair(name, str(label.get("lang", "")), str(label["value"]).strip())
        for predicate, found in named.items()
        if local_name(predicate) in _LABELS
        for label in found
    ]
    return labels or [Pair(name, str(value.get("lang", "")), text.strip())]


def texts(pairs: list[Pair], names: tuple[str, ...], language: str) -> list[str]:
    """The texts, each once, of the first of ``names`` that says something.

    A name with a namespace means exactly that; one without means it in any namespace. Of texts in
    several languages only those in ``language``, or in none, count, if there are any.
    """
    for name in names:
        found = [pair for pair in pairs if name in (pair.name, local_name(pair.name)) and pair.text]
        ours = [pair for pair in found if pair.language.split("-")[0] in ("", language)]
        if found:
            return list(dict.fromkeys(pair.text for pair in ours or found))
    return []
