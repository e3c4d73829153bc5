"""One label per object by the written rule."""

import unicodedata

import pytest
from builders import choose, decisions, labels, task


def one_label(values: list[str], **rule: object) -> str | None:
    """The label that three objects with these values get; None if they get none."""
    found = labels(dict.fromkeys("abc", values), task(**rule))
    assert len(set(found.values())) <= 1 and len(found) in (0, 3)
    return found.get("a")


@pytest.mark.parametrize(
    ("values", "rule", "label"),
    [
        (["oil"], {}, "oil"),
        (["  oil \t on\n canvas "], {}, "oil on canvas"),
        (["", "  ", "oil"], {}, "oil"),
        ([], {}, None),
        (["", "\t"], {}, None),
        (["oil", "gold"], {"choose": "first"}, "oil"),
        (["oil", "gold"], {"choose": "last"}, "gold"),
        # value separators
        (["oil, gold; wood"], {}, "oil, gold; wood"),
        (["oil, gold; wood"], {"value_separators": ",;"}, "oil"),
        (["oil, gold; wood"], {"value_separators": ",;", "choose": "last"}, "wood"),
        ([", ;oil"], {"value_separators": ",;"}, "oil"),
        (["oil^gold"], {"value_separators": "^"}, "oil"),
        (["oil]gold-wood"], {"value_separators": "-]"}, "oil"),
        # roles
        (["painter: Jan Steen"], {}, "painter: Jan Steen"),
        (["painter: Jan Steen"], {"role_separator": ": "}, "Jan Steen"),
        (["painter :  Jan Steen"], {"role_separator": ":"}, "Jan Steen"),
        (["Jan Steen"], {"role_separator": ": "}, "Jan Steen"),
        (["painter: Jan: the elder"], {"role_separator": ": "}, "Jan: the elder"),
        (["printer: A", "painter: B"], {"role_separator": ": ", "roles": ("painter",)}, "B"),
        (["printer: A", "Painter: B"], {"role_separator": ": ", "roles": ("painter",)}, "B"),
        (["printer: A"], {"role_separator": ": ", "roles": ("painter",)}, None),
        (["A"], {"role_separator": ": ", "roles": ("painter",)}, None),
        (["painter: "], {"role_separator": ": "}, None),
        (["painter: ", "printer: B"], {"role_separator": ": "}, "B"),
        # unknown names
        (["Anonymous", "oil"], {"unknown": ("anonymous",)}, "oil"),
        (["anonymous"], {"unknown": (" ANONYMOUS ",)}, None),
        (["painter: anonymous"], {"unknown": ("anonymous",), "role_separator": ": "}, None),
        (["anonymous artist"], {"unknown": ("anonymous",)}, "anonymous artist"),
        (["oil", "unknown"], {"unknown": ("unknown",), "choose": "last"}, "oil"),
    ],
)
def test_a_label_is_chosen_by_the_written_rule(values, rule, label):
    assert one_label(values, **rule) == label


@pytest.mark.parametrize("field", ["creators", "materials", "types"])
def test_the_label_comes_from_the_tasks_field(field):
    assert labels({name: ["x"] for name in "abc"}, task(field=field)) == dict.fromkeys("abc", "x")


def test_spellings_that_differ_in_case_are_one_class_under_the_commonest():
    cells = {"a": ["Oil"], "b": ["oil"], "c": ["OIL"], "d": ["oil"], "e": ["o\u0131l"]}
    result = choose(cells, task())
    found = dict(zip(result.labels["object_id"], result.labels["label"], strict=True))
    assert {name: found.get(name) for name in "abcde"} == dict.fromkeys("abcd", "oil") | {"e": None}
    assert decisions(result) == {
        ("Oil", "oil", 1, "merged"),
        ("OIL", "oil", 1, "merged"),
        ("oil", "oil", 2, "kept"),
        ("o\u0131l", "o\u0131l", 1, "class of fewer than 3 objects"),
    }


def test_of_equally_common_spellings_the_first_in_code_point_order_is_the_class():
    cells = {"a": ["oil"], "b": ["Oil"], "c": ["oil"], "d": ["Oil"]}
    assert set(labels(cells, task()).values()) == {"Oil"}


def test_white_space_and_roles_that_were_folded_are_reported_as_merged():
    cells = {"a": ["oil  paint"], "b": ["oil paint"], "c": ["by: oil\tpaint"], "d": ["oil paint "]}
    assert decisions(choose(cells, task(role_separator=": "))) == {
        ("oil  paint", "oil paint", 1, "merged"),
        ("by: oil paint", "oil paint", 1, "merged"),
        ("oil paint", "oil paint", 2, "kept"),
    }


def test_composed_and_decomposed_letters_are_one_class():
    composed = "C\u00e9zanne"
    decomposed = unicodedata.normalize("NFD", composed)
    assert decomposed != composed
    cells = {"a": [composed], "b": [decomposed], "c": [decomposed]}
    assert set(labels(cells, task()).values()) == {composed}
    assert one_label([composed], unknown=(decomposed.upper(),)) is None


def test_sharp_s_and_final_sigma_fold_as_unicode_says():
    assert (
        len(set(labels({"a": ["Preuß"], "b": ["PREUSS"], "c": ["Preuss"]}, task()).values())) == 1
    )
    assert len(set(labels({"a": ["ΝΙΚΟΣ"], "b": ["νικος"], "c": ["νικοσ"]}, task()).values())) == 1


def test_right_to_left_names_keep_their_letters_and_lose_direction_marks():
    name = "\u05de\u05d0\u05e8\u05e7 \u05e9\u05d0\u05d2\u05d0\u05dc"
    cells = {"a": [name], "b": [f"\u200f{name}\u200f"], "c": [name.replace(" ", "\u200f \u202b")]}
    assert labels(cells, task()) == dict.fromkeys("abc", name)
    assert one_label([f"painter: {name}"], role_separator=": ") == name


def test_invisible_characters_do_not_part_a_word():
    cells = {"a": ["Rem\u00adbrandt"], "b": ["Rembrandt"], "c": ["Rem\u200bbrandt\ufeff"]}
    assert labels(cells, task()) == dict.fromkeys("abc", "Rembrandt")
