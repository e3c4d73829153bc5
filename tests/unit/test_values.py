"""Names turned round, roles left out, and values mapped to concepts."""

import re

import pytest
from art_transfer.check_files import check_mappings
from art_transfer.checks import load_study
from art_transfer.errors import StudyError
from art_transfer.prepare.values import clean, first_names_first, read_mapping
from builders import ROOT, choose, decisions, labels, small_config, task
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("given", "turned"),
    [
        ("Coornhert, Dirck Volckertsz", "Dirck Volckertsz Coornhert"),
        ("Gogh, Vincent van", "Vincent van Gogh"),
        ("van der Aa, Dirk", "Dirk van der Aa"),
        ("Gogh ,Vincent van", "Vincent van Gogh"),
        ("Passe, Crispijn van de (I)", "Crispijn van de Passe (I)"),
        ("Passe (I), Crispijn van de", "Crispijn van de Passe (I)"),
        ("Bruegel, Pieter, the Elder", "Pieter Bruegel the Elder"),
        ("Bruegel, Pieter the Elder", "Pieter Bruegel the Elder"),
        ("Bruegel, Pieter (the Elder)", "Pieter Bruegel (the Elder)"),
        ("Pieter Bruegel, the Elder", "Pieter Bruegel the Elder"),
        ("Cranach, Lucas, d. Ä.", "Lucas Cranach d. Ä."),
        ("Teniers, David, de Jonge", "David Teniers de Jonge"),
        ("King, Martin Luther, Jr.", "Martin Luther King Jr."),
        ("Martin Luther King, Jr.", "Martin Luther King Jr."),
        ("Smith, John, III (printer)", "John Smith III (printer)"),
        ("Rembrandt (Leiden, 1606)", "Rembrandt (Leiden, 1606)"),
        # nothing to turn, or nobody can tell what
        ("Rembrandt", "Rembrandt"),
        ("Vincent van Gogh", "Vincent van Gogh"),
        ("Gogh, Vincent van, 1853-1890", "Gogh, Vincent van, 1853-1890"),
        ("Meissen, Höroldt, Kändler", "Meissen, Höroldt, Kändler"),
        ("Workshop (Delft, Gouda) of clay", "Workshop (Delft, Gouda) of clay"),
        ("Gogh,", "Gogh,"),
        (", Vincent", ", Vincent"),
        ("Jr.", "Jr."),
        ("", ""),
    ],
)
def test_surnames_change_places_with_first_names(given, turned):
    assert first_names_first(given) == turned


def test_the_documents_examples_of_names_hold():
    table = (ROOT / "docs" / "labels.md").read_text().split("## Surname, First names")[1]
    rows = [row for row in table.split("\n## ")[0].splitlines() if row.startswith("| `")]
    assert len(rows) == 7
    for row in rows:
        givens, turned = row.strip("| ").split(" | ")
        for name in re.findall("`([^`]+)`", givens):
            expected = name if turned.startswith("as given") else turned.strip("`")
            assert first_names_first(name) == expected


parts = st.sampled_from([*"ab,() ", "Jr.", "II", "the Elder", ", ", "é"])


@given(st.lists(parts, max_size=12).map("".join))
def test_turning_a_name_loses_no_letter_and_is_done_once(text):
    name = clean(text)
    turned = first_names_first(name)
    assert sorted(turned.replace(",", "").replace(" ", "")) == sorted(
        name.replace(",", "").replace(" ", "")
    )
    assert first_names_first(turned) == turned


def test_two_museums_forms_of_a_name_become_one_class():
    cells = {
        "a": ["prentmaker: Gogh, Vincent van"],
        "b": ["Vincent van Gogh"],
        "c": ["gogh, vincent van"],
    }
    rule = task(role_separator=": ", name_form="first_names_first")
    assert labels(cells, rule) == dict.fromkeys("abc", "Vincent van Gogh")
    assert ("prentmaker: Gogh, Vincent van", "Vincent van Gogh", 1, "merged") in decisions(
        choose(cells, rule)
    )


DUTCH = [
    "http://www.rijksmuseum.nl/media/assets/RP-P-1",
    "materiaal: papier",
    "materiaal: zijde",
    "techniek: ets",
    "afmetingen: hoogte 188 mm × breedte 128 mm",
]


def test_one_role_of_a_mixed_field_is_kept_and_every_other_value_counted():
    rule = task(role_separator=": ", roles=("Materiaal",))
    cells = {"a": DUTCH, "b": DUTCH, "c": DUTCH[1:], "d": DUTCH[:1] + DUTCH[3:]}
    result = choose(cells, rule, {})
    kept = result.labels[~result.labels["object_id"].str.contains("[yz]")]
    assert kept.values.tolist() == [["a", "papier"], ["b", "papier"], ["c", "papier"]]
    assert {
        row for row in decisions(result) if "illing" not in row[0] and "stuffing" not in row[0]
    } >= {
        ("materiaal: papier", "papier", 3, "merged"),
        ("(no role)", "", 1, "no value with these roles"),
        ("materiaal: zijde", "", 3, "passed over: not the first"),
        ("(no role)", "", 2, "passed over: another role"),
        ("techniek: …", "", 4, "passed over: another role"),
        ("afmetingen: …", "", 4, "passed over: another role"),
    }


@pytest.mark.parametrize(
    ("values", "rule", "label"),
    [
        (["uitgever: A", "prentmaker: B"], {"drop_roles": ("uitgever",)}, "B"),
        (["UITGEVER: A", "B"], {"drop_roles": (" Uitgever ",)}, "B"),
        (["uitgever: A"], {"drop_roles": ("uitgever",)}, None),
        (["a: A", "b: B"], {"roles": ("b", "a"), "drop_roles": ("a",)}, "B"),
    ],
)
def test_roles_are_left_out(values, rule, label):
    found = labels(dict.fromkeys("abc", values), task(role_separator=": ", **rule))
    assert set(found.values()) == ({label} if label else set())


def test_every_value_of_an_object_with_an_image_is_counted_once():
    cells = {
        "a": ["gold", "oil", "unknown", "oil"],
        "b": ["unknown", "gold"],
        "c": ["gold"],
        "d": ["unknown", ""],
        "e": ["gold", "wood"],
    }
    result = choose(cells, task(unknown=("unknown",)), {"e": "missing: no file"})
    assert decisions(result) == {
        ("gold", "gold", 3, "kept"),
        ("unknown", "", 1, "unknown"),
        ("gold", "gold", 1, "no readable image"),
        ("oil", "", 2, "passed over: not the first"),
        ("unknown", "", 2, "passed over: unknown"),
    }


MAPPING = {"gogh, vincent van": "500115588", "prentmaker: x": "nobody", "jan steen": "500004242"}


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("prentmaker: GOGH,  Vincent van", "500115588"),
        ("Gogh, Vincent van", "500115588"),
        ("Steen, Jan", "500004242"),  # looked up turned round
        ("prentmaker: X", None),  # looked up whole; the concept is an unknown name
        ("tekenaar: X", "X"),
    ],
)
def test_values_get_their_concepts(value, label):
    rule = task(role_separator=": ", name_form="first_names_first", unknown=("Nobody", "Jan Steen"))
    result = choose({name: [value] for name in "abc"}, rule, {}, MAPPING)
    found = set(result.labels["label"]) - {"filler", "stuffing"}
    assert found == ({label} if label else set())
    if label and label.isdigit():
        assert (value, label, 3, "mapped") in decisions(result)


@pytest.mark.parametrize("name", ["Master, Unknown", "unknown master"])
def test_names_of_nobody_are_known_in_both_forms(name):
    rule = task(name_form="first_names_first", unknown=(name,))
    assert labels({key: ["Master, Unknown"] for key in "abc"}, rule) == {}


def written(path, text: str):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mapping_table_is_read_by_value(tmp_path):
    text = "\ufeffnote,value,concept\nx, Ets  ,007\n,ets,007\nmine,NA,NULL\nlater,Wood,\n"
    assert read_mapping(written(tmp_path / "m.csv", text)) == {"ets": "007", "na": "NULL"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("value,concept\nets,1\nETS,2\n", "'ETS' is mapped to '1' in row 2 and to '2' in row 3"),
        (
            "value;concept\nets;1\n",
            "expected the column value, concept once; found ['value;concept']",
        ),
        ("value,name\nets,1\n", "expected the column concept once"),
        (
            "value,concept\nets,1\nGogh, Vincent van,500\n",
            "line 3 has 3 cells, more than the header",
        ),
        ("value,concept\nets,1,\ngravure,2,\n", "line 2 has 3 cells, more than the header"),
        ('value,concept\n"ets,1\ngravure,"2"\n', "trouble in line 3"),
        ("value,concept\n ,1\n", "row 2 has the concept '1' but no value"),
        ("", "expected a CSV"),
    ],
)
def test_a_wrong_mapping_table_is_a_message(tmp_path, text, words):
    path = written(tmp_path / "m.csv", text)
    with pytest.raises(StudyError) as caught:
        read_mapping(path)
    assert str(path) in str(caught.value) and words in str(caught.value)


def test_a_value_with_two_concepts_is_told_whole(tmp_path):
    path = written(tmp_path / "m.csv", "value,concept\n wood ,a\nets,1\n,\nETS,2\n")
    with pytest.raises(StudyError) as caught:
        read_mapping(path)
    assert str(caught.value) == (
        f"{path}: 'ETS' is mapped to '1' in row 3 and to '2' in row 5; expected one concept for a "
        "value, whatever its case"
    )


def test_a_mapping_table_that_is_not_there_is_a_message_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = small_config(tasks__type__mapping="types.csv")
    study, _ = load_study(config, tmp_path)
    with pytest.raises(
        StudyError, match=r"`tasks\.type\.mapping` is 'types\.csv', but there is no"
    ):
        check_mappings(study)
    written(tmp_path / "types.csv", "value,concept\n")
    check_mappings(study)
