"""Records as linked data: which texts a name finds, and what is no record."""

import json

import pytest
from art_transfer.collect.linked_data import Pair, parse_xml, rdf_pairs, texts, xml_pairs
from art_transfer.errors import StudyError
from hypothesis import given
from hypothesis import strategies as st

DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
RECORD = b"""<?xml version="1.0"?>
<result xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <dc:title xml:lang="nl">De <i>grote</i>
     vis</dc:title><dc:title xml:lang="en-GB">The big fish</dc:title>
  <creator>  Bruegel &amp; Cock<!-- or so --></creator><creator/>
  <dcterms:license rdf:resource="https://creativecommons.org/publicdomain/mark/1.0/"/>
  <dc:type>prent</dc:type><dcterms:type>print</dcterms:type>
</result>"""


def test_xml_with_and_without_namespaces():
    pairs = xml_pairs(parse_xml(RECORD, "here"))
    assert pairs == [
        Pair(DC + "title", "nl", "De grote vis"),
        Pair(DC + "title", "en-GB", "The big fish"),
        Pair("creator", "", "Bruegel & Cock"),
        Pair("creator", "", ""),
        Pair(DCTERMS + "license", "", "https://creativecommons.org/publicdomain/mark/1.0/"),
        Pair(DC + "type", "", "prent"),
        Pair(DCTERMS + "type", "", "print"),
    ]


@pytest.mark.parametrize(
    ("names", "language", "found"),
    [
        (("title",), "nl", ["De grote vis"]),
        (("title",), "en", ["The big fish"]),
        (("title",), "fr", ["De grote vis", "The big fish"]),
        (("creator",), "nl", ["Bruegel & Cock"]),
        (("type",), "nl", ["prent", "print"]),
        ((DCTERMS + "type",), "nl", ["print"]),
        (("medium", "creator", "type"), "nl", ["Bruegel & Cock"]),
        (("medium",), "nl", []),
        (("itle",), "nl", []),
    ],
)
def test_the_first_name_that_says_something_counts(names, language, found):
    assert texts(xml_pairs(parse_xml(RECORD, "here")), names, language) == found


def test_a_value_that_is_a_subject_itself_stands_for_its_label():
    graph = {
        "https://e.org/asset/1#image": {DC + "title": [{"value": "an image"}]},
        "https://e.org/asset/1": {
            DC + "creator": [{"type": "bnode", "value": "_:b0"}],
            DC + "type": [{"type": "uri", "value": "https://e.org/types/9"}],
            DC + "title": [{"type": "literal", "value": "_:b0"}],
        },
        "_:b0": {"http://xmlns.com/foaf/0.1/name": [{"value": "Philips Galle"}]},
    }
    assert rdf_pairs(graph, "asset/1", "here") == [
        Pair(DC + "creator", "", "Philips Galle"),
        Pair(DC + "type", "", "https://e.org/types/9"),
        Pair(DC + "title", "", "_:b0"),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)


@given(JSON)
def test_any_json_is_pairs_or_a_message(value):
    try:
        pairs = rdf_pairs(value, "", "here")
    except StudyError as error:
        assert str(error).startswith("here: ")
    else:
        assert all(isinstance(part, str) for pair in pairs for part in pair)
        json.dumps(pairs)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a>",
        b"\xff\xfe",
        b"<a>&nbsp;</a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        b"<a>" * 300_000,
    ],
    ids=range(8),
)
def test_what_is_no_safe_xml(data):
    with pytest.raises(StudyError, match=r"^here: "):
        parse_xml(data, "here")
