"""Antwerp: from the search to objects and images, and what may go wrong on the way."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from antwerp_server import DC, Antwerp, asset_id, results, said, source
from art_transfer.collect.manifests import MANIFEST, draw
from art_transfer.collect.shards import read_shard, write_shard
from art_transfer.errors import StudyError
from hypothesis import given
from hypothesis import strategies as st
from museum_server import NOT_FOUND, QUICK, MuseumServer, Reply, objects_of, visit

MAS, RUBENS = [asset_id(n) for n in range(23)], [asset_id(n) for n in range(20, 45)]


def museum() -> Antwerp:
    return Antwerp({"MAS": MAS, "Rubenshuis": RUBENS})


def test_from_nothing_to_objects_and_images(tmp_path):
    with MuseumServer(museum()) as server:
        antwerp = source(server)
        objects = objects_of(antwerp, tmp_path)
        assert objects["object_id"].tolist() == sorted({*MAS, *RUBENS})  # three are in both
        first = objects.iloc[0].to_dict()
        assert first == {
            "object_id": MAS[0],
            "title": "Prent 000",
            "creators": ["Galle, Philips", "Heemskerck, Maarten van"],
            "materials": ["papier"],
            "types": ["prent"],
            "date": "1570 - 1590",
            "image": f"{server.address}/iiif/{MAS[0]}/full/!600,600/0/default.jpg",
            "rights": "https://creativecommons.org/by/4.0/; "
            "Collectie Stad Antwerpen, Museum Plantin-Moretus",
            "source_url": f"{server.address}/asset/{MAS[0]}",
        }
        images = antwerp.images(objects, visit(tmp_path), "0")
        write_shard(images, "0000", tmp_path / "0.zip", tmp_path / "0.csv")
    assert len(list(read_shard(tmp_path / "0.zip", tmp_path / "0.csv"))) == 45


def test_nothing_is_asked_for_twice(tmp_path):
    with MuseumServer(museum()) as server:
        once = objects_of(source(server), tmp_path)
        asked = len(server.asked)
        pd.testing.assert_frame_equal(objects_of(source(server), tmp_path), once)
        assert len(server.asked) == asked == len(set(server.asked))


@pytest.mark.parametrize("after", [0, 2, 4, 7, 30])
def test_a_job_that_stopped_anywhere_goes_on_there(after, tmp_path):
    """Whatever had come is kept; at most what was in flight is asked for again."""
    site, count = museum(), 0

    def answer(path: str, query: dict[str, str]) -> Reply:
        nonlocal count
        count += 1
        return Reply(b"busy", 503) if after < count <= after + 12 else site(path, query)

    with MuseumServer(site) as server:
        whole = objects_of(source(server), tmp_path / "whole")
        server.answer = answer
        asked = len(server.asked)
        antwerp = source(server)
        with pytest.raises(StudyError, match="503"):
            list(antwerp.read(visit(tmp_path / "kept", replace(QUICK, retries=0, workers=1))))
        count = after + 12
        refused = 1 if after < 8 else 12  # a list is not read past a page that fails
        again = objects_of(antwerp, tmp_path / "kept")
        pd.testing.assert_frame_equal(again, whole)
        assert len(server.asked) - asked == asked + refused


def test_a_sample_is_the_same_whatever_the_order_of_the_list(tmp_path):
    with MuseumServer(museum()) as server:
        one = objects_of(source(server, sample__objects=12), tmp_path / "a")
        server.answer = Antwerp({"MAS": RUBENS[::-1], "Rubenshuis": MAS[::-1]})
        two = objects_of(source(server, sample__objects=12), tmp_path / "b")
        other = objects_of(source(server, sample={"objects": 12, "seed": 2}), tmp_path / "c")
    pd.testing.assert_frame_equal(one, two)
    assert len(one) == 12
    assert other["object_id"].tolist() != one["object_id"].tolist()


IDS = st.text("ab1-", min_size=1, max_size=4)


@given(st.sets(IDS, min_size=5), st.sets(IDS), st.integers(1, 5), st.integers(0, 9))
def test_a_sample_of_a_grown_museum_loses_at_most_as_many_as_are_new(old, new, objects, seed):
    before, after = draw(old, objects, seed), draw(old | new, objects, seed)
    assert len(before) == len(after) == objects
    assert set(after) - set(before) <= new
    assert draw(sorted(old, reverse=True), objects, seed) == before


def test_a_manifest_fetches_the_same_objects_again_without_the_search(tmp_path):
    with MuseumServer(museum()) as server:
        drawn = objects_of(source(server, sample__objects=12), tmp_path)
        written = pd.read_csv(tmp_path / "manifest.csv", dtype=str)
        assert list(written) == MANIFEST
        assert written["object_id"].tolist() == drawn["object_id"].tolist()
        assert written["licence"].tolist() == drawn["rights"].tolist()
        assert written["date"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
        pinned = str(shutil.copy(tmp_path / "manifest.csv", tmp_path / "antwerp.csv"))
        server.asked.clear()
        again = objects_of(source(server, manifest=pinned), tmp_path / "again")
        assert not [path for path in server.asked if "lod-search" in path]
    pd.testing.assert_frame_equal(again, drawn)


def test_a_manifest_keeps_its_date_while_its_objects_stay(tmp_path):
    path = tmp_path / "manifest.csv"
    with MuseumServer(museum()) as server:
        objects_of(source(server), tmp_path)
        dated = path.read_text().replace(",20", ",19")
        path.write_text(dated)
        objects_of(source(server), tmp_path)
        assert path.read_text() == dated
        objects_of(source(server, sample__objects=3), tmp_path)
        assert path.read_text() != dated


def pinned_to(ids: list[str], folder: Path) -> str:
    path = folder / "pinned.csv"
    path.write_text("object_id\n" + "\n".join(ids) + "\n")
    return str(path)


def test_objects_of_a_manifest_that_have_gone_are_an_error_unless_allowed(tmp_path, capsys):
    site = museum()
    site.gone = {MAS[1], MAS[4]}
    path = pinned_to(MAS[:6], tmp_path)
    with MuseumServer(site) as server:
        with pytest.raises(StudyError, match=rf"2 objects have gone .*{MAS[1]}.*`gone_allowed`"):
            objects_of(source(server, manifest=path), tmp_path)
        left = objects_of(source(server, manifest=path, gone_allowed=2), tmp_path)
    assert left["object_id"].tolist() == [MAS[0], MAS[2], MAS[3], MAS[5]]
    assert "2 objects have gone" in capsys.readouterr().out


def test_a_drawn_object_that_has_gone_is_left_out_and_said_so(tmp_path, capsys):
    site = museum()
    site.gone = {MAS[2]}
    with MuseumServer(site) as server:
        objects = objects_of(source(server), tmp_path)
    assert len(objects) == 44 and MAS[2] not in set(objects["object_id"])
    assert MAS[2] not in (tmp_path / "manifest.csv").read_text()
    assert "1 objects have gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id\nx\n", "`object_id`"),
        ("object_id\n", "`object_id`"),
        (f"object_id\n{MAS[0]}\n{MAS[0]}\n", "twice"),
        ("object_id\n5f1c6a52-0cb6-4c4d-9d55-2f7c5a3b1e0f\n", "`id_pattern`"),
        ("object_id\n../../etc/passwd\n", "`id_pattern`"),
        (b"object_id\n\xff\n", "UTF-8"),
        (None, "no such file"),
    ],
)
def test_a_manifest_that_is_none(text, message, tmp_path):
    path = tmp_path / "m.csv"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with MuseumServer(museum()) as server, pytest.raises(StudyError, match=message):
        objects_of(source(server, manifest=str(path)), tmp_path)


def test_objects_of_a_manifest_that_are_back_are_asked_for_again(tmp_path):
    site = museum()
    site.gone = {MAS[1], MAS[4]}
    path = pinned_to(MAS[:6], tmp_path)
    with MuseumServer(site) as server:
        with pytest.raises(StudyError, match="2 objects have gone"):
            objects_of(source(server, manifest=path), tmp_path)
        site.gone = set()
        assert len(objects_of(source(server, manifest=path), tmp_path)) == 6


def test_a_museum_whose_records_are_gone_for_an_hour_is_asked_again(tmp_path):
    site = museum()
    site.gone = {*MAS, *RUBENS}
    with MuseumServer(site) as server:
        with pytest.raises(StudyError, match=r"5 of the 45 records .* are not there, as \['M2M"):
            objects_of(source(server), tmp_path)
        site.gone = set()
        assert len(objects_of(source(server), tmp_path)) == 45


def test_one_record_that_never_comes_keeps_no_other_from_coming(tmp_path):
    with MuseumServer(museum()) as server:
        server.first[f"/asset/{MAS[1]}"] = [Reply(status=500)] * 3
        with pytest.raises(StudyError, match=rf"1 of 45 records .*{MAS[1]}.*status 500"):
            objects_of(source(server), tmp_path)
        server.asked.clear()
        assert len(objects_of(source(server), tmp_path)) == 45
        assert server.asked == [f"/asset/{MAS[1]}"]


def test_half_a_character_in_a_record_becomes_a_question_mark(tmp_path):
    site = museum()
    site.extra[MAS[0]] = {DC + "title": [said("A \ud83d B", "nl")]}
    with MuseumServer(site) as server:
        assert objects_of(source(server), tmp_path)["title"][0] == "A ? B"


def test_without_record_addresses_the_searches_results_are_the_records(tmp_path):
    with MuseumServer(museum()) as server:
        antwerp = source(server, record_address="", manifest=pinned_to(MAS[:3], tmp_path))
        objects = objects_of(antwerp, tmp_path)
        assert not [path for path in server.asked if path.startswith("/asset")]
    assert objects["object_id"].tolist() == MAS[:3]
    assert objects["types"].tolist() == [["prent"]] * 3
    assert set(objects["rights"]) == {"Publiek domein"}


def test_an_image_address_in_the_record_is_taken_as_it_is(tmp_path):
    site = museum()
    given = "https://iiif.example/new-scheme/%2F1/full/max/0/default.jpg"
    image = "http://www.europeana.eu/schemas/edm/isShownBy"
    site.extra[MAS[0]] = {image: [{"type": "uri", "value": given}]}
    site.extra[MAS[1]] = {image: [said("file:///etc/passwd")]}
    with MuseumServer(site) as server:
        objects = objects_of(source(server), tmp_path)
    assert objects["image"][0] == given
    assert objects["image"][1].endswith(f"/iiif/{MAS[1]}/full/!600,600/0/default.jpg")


def test_a_name_with_its_namespace_means_that_alone(tmp_path):
    site = museum()
    site.extra[MAS[0]] = {"http://example.org/type": [said("beschrijving")]}
    with MuseumServer(site) as server:
        fields = {"types": ["http://purl.org/dc/terms/type"]}
        objects = objects_of(source(server, fields=fields), tmp_path)
        assert objects["types"][0] == ["prent"]
        both = objects_of(source(server), tmp_path)
        assert both["types"][0] == ["prent", "beschrijving"]
        english = objects_of(source(server, language="en"), tmp_path)
    assert english["materials"][0] == ["paper"]
    assert english["creators"][0] == ["Galle, Philips", "Heemskerck, Maarten van"]


def test_a_record_deleted_between_pages_makes_the_list_be_read_anew(tmp_path, capsys):
    site = museum()

    def answer(path: str, query: dict[str, str]) -> Reply:
        if query.get("offset") == "9" and site.assets["MAS"] == MAS:
            site.assets["MAS"] = MAS[1:]  # all that follows moves up by one
        return site(path, query)

    with MuseumServer(answer) as server:
        objects = objects_of(source(server), tmp_path)
    assert objects["object_id"].tolist() == sorted({*MAS[1:], *RUBENS})
    assert "read anew" in capsys.readouterr().out


def test_a_site_that_ignores_the_offset_is_an_error_and_no_endless_list(tmp_path):
    page = Reply(results(MAS[:10], "MAS"), type="text/xml")
    with (
        MuseumServer(lambda path, query: page) as server,
        pytest.raises(StudyError, match="pages in another way"),
    ):
        objects_of(source(server), tmp_path)
    assert len(server.asked) == 6


MOVED = results(["5f1c6a52-0cb6-4c4d-9d55-2f7c5a3b1e0f"], "MAS")
BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<results><result id="M2MqqUJAPTtBIiFSQc000000"><title>&b;</title></result></results>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<results><result id="M2MqqUJAPTtBIiFSQc000000"><title>&a;</title></result></results>"""


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(MOVED), "5f1c6a52.*`id_pattern`.*/assets/{uuid}"),
        (Reply(results([f"{MAS[0]}/x"], "MAS")), "/x'.*`id_pattern`"),
        (Reply(results([""], "MAS")), "''.*`id_pattern`"),
        (NOT_FOUND, "nothing any more.*/assets/{uuid}"),
        (Reply(BOMB), "document type"),
        (Reply(EXTERNAL), "document type"),
        (Reply(b"{}"), "expected XML"),
        (Reply(b""), "expected XML"),
        (Reply(results(MAS[:3], "MAS").replace(b"Galle", b"Gall\xe9")), "expected XML"),
        (Reply(b"<html><body>Onderhoud</body></html>"), "web page"),
        (Reply(b"<results/>"), "found nothing.*`result`"),
        (Reply(b"<r><record id='a'><title/></record></r>"), "found nothing.*record"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)
def test_a_search_that_answers_in_another_way(reply, message, tmp_path):
    with MuseumServer(lambda path, query: reply) as server:
        with pytest.raises(StudyError, match=message):
            objects_of(source(server), tmp_path)
        assert not (tmp_path / "manifest.csv").exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[1]", "expected RDF/JSON"),
        (b"not json", "expected RDF/JSON"),
        (b'{"@context": {}, "title": "x"}', "it is about .*@context"),
        (json.dumps({f"https://e.org/{MAS[0]}": ["x"]}).encode(), "subject, predicate"),
        (b"[" * 100_000, "expected RDF/JSON"),
    ],
)
def test_a_record_that_is_no_rdf(body, message, tmp_path):
    site = museum()

    def answer(path: str, query: dict[str, str]) -> Reply:
        return Reply(body) if path.endswith(MAS[0]) else site(path, query)

    with MuseumServer(answer) as server, pytest.raises(StudyError, match=message):
        objects_of(source(server), tmp_path)


def test_a_new_id_scheme_is_a_matter_of_config(tmp_path):
    uuids = [f"5f1c6a52-0cb6-4c4d-9d55-{n:012d}" for n in range(4)]
    with MuseumServer(Antwerp({"MAS": uuids, "Rubenshuis": uuids[:1]})) as server:
        objects = objects_of(source(server, id_pattern="[0-9a-f-]{36}"), tmp_path)
    assert objects["object_id"].tolist() == uuids


@pytest.mark.parametrize("pattern", ["[a-z", "(?P<"])
def test_a_pattern_that_is_none_is_a_message(pattern, tmp_path):
    with MuseumServer(museum()) as server, pytest.raises(StudyError, match="`id_pattern`"):
        objects_of(source(server, id_pattern=pattern), tmp_path)


def test_values_keep_what_is_odd_in_them(tmp_path):
    site = museum()
    site.extra[MAS[0]] = {DC + "title": [said("A <b> & 'c' ✓ \u202e", "nl")], DC + "creator": []}
    with MuseumServer(site) as server:
        objects = objects_of(source(server), tmp_path)
    assert objects["title"][0] == "A <b> & 'c' ✓ \u202e"
    assert objects["creators"][0] == []
