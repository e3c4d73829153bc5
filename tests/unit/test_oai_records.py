"""What objects come of records in oai_dc and edm, as museums write them."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from art_transfer.collect.oai_records import RecordReader
from art_transfer.errors import StudyError
from builders import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from museum_server import MuseumServer, objects_of
from oai_museum import Listing, dc, edm, rijks, source

CHALLENGE = {
    "fields": {"materials": ["dc:format"], "image": ["dc:format"]},
    "patterns": {"materials": "^materiaal: (.*)", "image": "^https?://"},
}
TODAY = {
    "metadata_prefix": "edm",
    "languages": ["nl", "en"],
    "patterns": {"image": r"iiif\.micr\.io/([^/]+)/"},
    "image_address": "https://iiif.micr.io/{image}/full/!600,600/0/default.jpg",
}


def read(tmp_path: Path, *records: str, **block: Any) -> pd.DataFrame:
    """The objects of a repository with these records."""
    with MuseumServer(Listing(records)) as museum:
        return objects_of(source(museum.address, **block), tmp_path)


def objects(tmp_path: Path, *records: str, **block: Any) -> dict[str, Any]:
    """The only object of a repository."""
    (row,) = read(tmp_path, *records, **block).to_dict("records")
    return row


def test_dutch_oai_dc_with_roles_materials_and_images_among_the_formats(tmp_path):
    found = objects(
        tmp_path,
        dc(
            "oai:rijksmuseum.nl:RP-P-OB-1",
            ("title", "Justitie  &\n  Barmhartigheid"),
            ("creator", "prentmaker: Coornhert, Dirck Volckertsz"),
            ("creator", " uitgever: Cock, Hieronymus"),
            ("format", "http://geheugenvannederland.nl/jpg/RP-P-OB-1.jpg"),
            ("format", "materiaal: papier"),
            ("format", "techniek: ets"),
            ("format", "afmetingen: h 10 cm"),
            ("type", "prent"),
            ("type", "nieuwsprent"),
            ("type", "prent"),
            ("date", "1549 - 1559"),
            ("rights", "public domain"),
        ),
        **CHALLENGE,
    )
    assert found == {
        "object_id": "oai:rijksmuseum.nl:RP-P-OB-1",
        "title": "Justitie & Barmhartigheid",
        "creators": ["prentmaker: Coornhert, Dirck Volckertsz", "uitgever: Cock, Hieronymus"],
        "materials": ["papier"],
        "types": ["prent", "nieuwsprent"],
        "date": "1549 - 1559",
        "image": "http://geheugenvannederland.nl/jpg/RP-P-OB-1.jpg",
        "rights": "public domain",
        "source_url": "",
    }


def test_edm_of_the_rijksmuseum_names_its_references_in_the_preferred_language(tmp_path):
    found = objects(tmp_path, rijks(5), **TODAY)
    assert found == {
        "object_id": "https://id.rijksmuseum.nl/5",
        "title": "De Nachtwacht",
        "creators": ["Rembrandt van Rijn"],
        "materials": ["doek", "olieverf"],
        "types": ["schilderij"],
        "date": "1642",
        "image": "https://iiif.micr.io/PJ5/full/!600,600/0/default.jpg",
        "rights": "http://creativecommons.org/publicdomain/mark/1.0/",
        "source_url": "https://www.rijksmuseum.nl/nl/collectie/SK-C-5",
    }
    english = objects(tmp_path, rijks(5), **TODAY | {"languages": ["en"]})
    assert english["title"] == "The Night Watch"
    assert english["materials"] == ["canvas", "oil paint (paint)"]


def test_edm_of_europeana_takes_the_museums_proxy_not_what_machines_added(tmp_path, capsys):
    nodes = """
    <edm:ProvidedCHO rdf:about="http://data.europeana.eu/item/1/a"/>
    <edm:WebResource rdf:about="https://museum.example/a.jpg">
      <edm:rights rdf:resource="http://creativecommons.org/licenses/by/4.0/"/></edm:WebResource>
    <edm:Agent rdf:about="http://data.europeana.eu/agent/1">
      <skos:prefLabel xml:lang="nl">Rembrandt van Rijn</skos:prefLabel></edm:Agent>
    <skos:Concept rdf:about="context_SE/å½"><skos:prefLabel>Oljemålning</skos:prefLabel>
    </skos:Concept>
    <ore:Aggregation rdf:about="http://data.europeana.eu/aggregation/provider/1/a">
      <edm:isShownBy rdf:resource="https://museum.example/a.jpg"/>
      <edm:isShownAt rdf:resource="https://museum.example/a"/>
      <edm:rights rdf:resource="http://creativecommons.org/publicdomain/mark/1.0/"/>
    </ore:Aggregation>
    <ore:Proxy rdf:about="http://data.europeana.eu/proxy/provider/1/a">
      <dc:creator>Rembrandt</dc:creator>
      <dc:creator rdf:resource="http://www.mimo-db.eu/InstrumentMaker/194"/>
      <dc:type>context_SE/å½</dc:type>
      <dc:title xml:lang="sv-SE">Målning</dc:title>
      <dcterms:created><edm:TimeSpan><skos:prefLabel>1650</skos:prefLabel></edm:TimeSpan>
      </dcterms:created>
      <dcterms:medium><skos:Concept/></dcterms:medium>
      <edm:europeanaProxy>false</edm:europeanaProxy><edm:type>IMAGE</edm:type></ore:Proxy>
    <ore:Proxy rdf:about="http://data.europeana.eu/proxy/europeana/1/a">
      <dc:creator rdf:resource="http://data.europeana.eu/agent/1"/>
      <edm:europeanaProxy>true</edm:europeanaProxy></ore:Proxy>"""
    repository = {"metadata_prefix": "edm", "languages": ["nl"]}
    record = edm("http://data.europeana.eu/item/1/a", nodes)
    found = objects(tmp_path, record, **repository)
    assert found == {
        "object_id": "http://data.europeana.eu/item/1/a",
        "title": "Målning",
        "creators": ["Rembrandt", "http://www.mimo-db.eu/InstrumentMaker/194"],
        "materials": [],
        "types": ["Oljemålning"],
        "date": "1650",
        "image": "https://museum.example/a.jpg",
        "rights": "http://creativecommons.org/publicdomain/mark/1.0/",
        "source_url": "https://museum.example/a",
    }
    log = capsys.readouterr().out
    assert "1 references without a name in their record; their address stands" in log
    assert "1 references to nothing that has a name or an address; left out" in log
    assert "1 values in none of the preferred `languages`" in log
    rights = {"fields": {"rights": ["edm:WebResource/edm:rights"]}}
    found = objects(tmp_path, record, **repository, **rights)
    assert found["rights"] == "http://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("values", "languages", "expected"),
    [
        ([("a", ""), ("b", "")], ["nl"], ["a", "b"]),
        ([("doek", "nl"), ("canvas", "en")], ["nl", "en"], ["doek"]),
        ([("canvas", "en"), ("doek", "nl")], ["nl", "en"], ["doek"]),
        ([("canvas", "en"), ("paint", "en")], ["nl", "en"], ["canvas", "paint"]),
        ([("canvas", "en"), ("doek", "nl"), ("papier", "NL-be")], ["nl"], ["doek", "papier"]),
        ([("lin", "fr"), ("canvas", "en")], ["nl"], ["lin"]),
        ([("lin", "fr"), ("canvas", "en")], [], ["lin"]),
        ([("canvas", "en"), ("doek", "nl"), ("A 12", "")], ["nl"], ["doek", "A 12"]),
        ([("canvas", "und"), ("doek", "nl")], ["nl"], ["canvas", "doek"]),
    ],
)
def test_the_preferred_language_alone_where_several_say_the_same(
    tmp_path, values, languages, expected
):
    mediums = "".join(
        f'<dcterms:medium xml:lang="{lang}">{text}</dcterms:medium>'
        if lang
        else f"<dcterms:medium>{text}</dcterms:medium>"
        for text, lang in values
    )
    record = edm("a", f"<edm:ProvidedCHO>{mediums}</edm:ProvidedCHO>")
    found = objects(tmp_path, record, metadata_prefix="edm", languages=languages)
    assert found["materials"] == expected


def test_a_language_that_says_more_than_the_one_taken_is_counted(tmp_path, capsys):
    nodes = """<edm:ProvidedCHO><dcterms:medium xml:lang="nl">doek</dcterms:medium>
    <dcterms:medium xml:lang="en">canvas</dcterms:medium>
    <dcterms:medium xml:lang="en">oil</dcterms:medium></edm:ProvidedCHO>"""
    objects(tmp_path, edm("a", nodes), metadata_prefix="edm", languages=["nl"])
    assert "1 values of which another language than the one taken says more" in (
        capsys.readouterr().out
    )


def test_where_wants_allowed_values_or_any(tmp_path, capsys):
    records = [
        dc("a", ("type", "prent"), ("rights", "CC0")),
        dc("b", ("type", "boek"), ("rights", "CC0")),
        dc("c", ("type", "prent")),
    ]
    where = {"dc:type": ["prent", "tekening"], "dc:rights": []}
    table = read(tmp_path, *records, where=where)
    assert list(table["object_id"]) == ["a"]
    assert "2 records left out by `where`" in capsys.readouterr().out


def test_an_id_from_the_record_is_sorted_anew_and_each_is_there_once(tmp_path, capsys):
    records = [
        dc("1", ("identifier", "SK-Z"), ("title", "z")),
        dc("2", ("identifier", "SK-A"), ("title", "first a")),
        dc("3", ("identifier", "SK-A"), ("title", "second a")),
        dc("4", ("title", "nameless")),
    ]
    fields = {"object_id": ["dc:identifier"]}
    table = read(tmp_path, *records, fields=fields)
    assert table[["object_id", "title"]].to_numpy().tolist() == [
        ["SK-A", "second a"],
        ["SK-Z", "z"],
    ]
    log = capsys.readouterr().out
    assert "1 objects with the id of an earlier one, which they replace" in log
    assert "1 records without the object's id; left out" in log


def test_a_pattern_cuts_the_id_out_of_the_identifier(tmp_path):
    records = [rijks(10), rijks(9)]
    table = read(tmp_path, *records, metadata_prefix="edm", patterns={"object_id": "([^/]+)$"})
    assert list(table["object_id"]) == ["10", "9"]


def test_elements_of_any_namespace(tmp_path):
    record = edm("a", '<x:Thing xmlns:x="urn:x"><x:what>vase</x:what></x:Thing>')
    fields = {"types": ["{urn:x}Thing/{urn:x}what"]}
    assert objects(tmp_path, record, fields=fields)["types"] == ["vase"]
    fields = {"title": ["{http://purl.org/dc/elements/1.1/}title"]}
    assert objects(tmp_path, dc("a", ("title", "T")), fields=fields)["title"] == "T"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"fields": {"creators": ["creator"]}}, r"`fields.creators`: expected an element as"),
        ({"fields": {"creators": ["marc:creator"]}}, r"found 'marc:creator'; known prefixes are"),
        ({"where": {"type": ["x"]}}, r"`where`: expected an element as"),
        ({"patterns": {"image": "("}}, r"`patterns.image`: '\(' is no regular expression"),
    ],
)
def test_wrong_elements_and_patterns_are_messages_before_anything_is_asked(
    tmp_path, block, message
):
    with MuseumServer(Listing([dc("a")])) as museum:
        with pytest.raises(StudyError, match=message):
            objects_of(source(museum.address, **block), tmp_path)
        assert museum.asked == []


def test_another_mapping_of_kept_records_asks_nothing(tmp_path):
    with MuseumServer(Listing([rijks(1), rijks(2), rijks(3)])) as museum:
        objects_of(source(museum.address, **TODAY), tmp_path)
        asked = len(museum.asked)
        english = objects_of(source(museum.address, **TODAY | {"languages": ["en"]}), tmp_path)
        assert len(museum.asked) == asked == 2
    assert set(english["title"]) == {"The Night Watch"}


def test_the_examples_in_the_docs_are_valid():
    section = (ROOT / "docs" / "museums.md").read_text(encoding="utf-8").partition("## OAI-PMH")[2]
    blocks = re.findall("```yaml\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    examples = [
        found for block in blocks for found in yaml.safe_load(block)["collections"].values()
    ]
    assert len(examples) == 3
    for example in examples:
        assert example.pop("source") == "oai_pmh"
        found = source(**example)
        RecordReader(
            found.fields, found.patterns, found.languages, found.where, found.image_address
        )


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@settings(max_examples=25)
@given(st.lists(texts, max_size=5))
def test_texts_of_any_kind_arrive_as_they_are(tmp_path_factory, types):
    found = objects(tmp_path_factory.mktemp("kept"), dc("a", *(("type", text) for text in types)))
    clean = [" ".join(text.split()) for text in types]
    assert found["types"] == list(dict.fromkeys(text for text in clean if text))
