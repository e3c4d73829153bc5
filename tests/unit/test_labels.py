"""One label per object by the written rule, and an account of what it did."""

import random
import unicodedata

import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.prepare.labels import Labels, check_images, choose_labels
from art_transfer.settings import Task
from builders import images_of, objects_of, task

FILLER = {f"z{n}": ["filler"] for n in range(3)} | {f"y{n}": ["stuffing"] for n in range(3)}


def choose(
    cells: dict[str, list[str]], rule: Task, statuses: dict[str, str] | None = None
) -> Labels:
    """The labels of these objects and of two classes that are always there."""
    role = f"{rule.roles[0]}{rule.role_separator}" if rule.roles else ""
    every = {**cells, **{name: [role + values[0]] for name, values in FILLER.items()}}
    images = images_of({**dict.fromkeys(every, "ok"), **(statuses or {})})
    return choose_labels(objects_of(every, rule.field), images, rule, "museum, task material")


def labels(cells: dict[str, list[str]], rule: Task, **more: dict[str, str]) -> dict[str, str]:
    """The label by object id, without the two classes that are always there."""
    table = choose(cells, rule, **more).labels
    found = dict(zip(table["object_id"], table["label"], strict=True))
    return {name: label for name, label in found.items() if name not in FILLER}


def one_label(values: list[str], **rule: object) -> str | None:
    """The label that three objects with these values get; None if they get none."""
    found = labels(dict.fromkeys("abc", values), task(**rule))
    assert len(set(found.values())) <= 1 and len(found) in (0, 3)
    return found.get("a")


def decisions(result: Labels) -> set[tuple[str, str, int, str]]:
    rows = set(result.decisions.itertuples(index=False, name=None))
    return rows - {("filler", "filler", 3, "kept"), ("stuffing", "stuffing", 3, "kept")}


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


def test_rare_classes_are_left_out_and_counted_after_merging():
    cells = {"a": ["rare"], "b": ["Rare"], "c": ["scarce"], "d": ["Scarce"], "e": ["SCARCE"]}
    result = choose(cells, task(min_objects=3))
    assert set(result.labels["label"]) == {"filler", "stuffing", "SCARCE"}
    assert ("rare", "Rare", 1, "class of fewer than 3 objects") in decisions(result)
    assert set(choose(cells, task(min_objects=2)).labels["label"]) == {
        "filler",
        "stuffing",
        "SCARCE",
        "Rare",
    }


MESSY = {
    "a": ["oil"],
    "b": ["Oil"],
    "c": ["oil"],
    "d": ["unknown"],
    "e": [],
    "f": ["rare"],
    "g": ["oil"],
    "h": ["rare"],
    "i": ["printer: gold"],
    "j": [],
}
RULE = task(unknown=("unknown",), role_separator=": ")
STATUSES = {"g": "unreadable: broken image", "h": "missing: no file", "j": "missing: no file"}


def test_every_object_is_counted_in_each_filter_and_each_decision():
    result = choose(MESSY, RULE, STATUSES)
    assert result.filters.astype(object).where(
        result.filters.notna(), None
    ).to_numpy().tolist() == [
        ["in the museum", 16, None],
        ["with a readable image", 13, None],
        ["with a label", 11, 5],
        ["class of at least 3", 9, 3],
    ]
    assert decisions(result) == {
        ("oil", "oil", 2, "kept"),
        ("Oil", "oil", 1, "merged"),
        ("unknown", "", 1, "unknown"),
        ("", "", 1, "no value"),
        ("rare", "rare", 1, "class of fewer than 3 objects"),
        ("printer: gold", "gold", 1, "class of fewer than 3 objects"),
        ("oil", "oil", 1, "no readable image"),
        ("rare", "rare", 1, "no readable image"),
        ("", "", 1, "no readable image"),
    }
    assert result.decisions["objects"].sum() == 16
    kept = result.decisions["decision"].isin(["kept", "merged"])
    assert result.decisions.loc[kept, "objects"].sum() == len(result.labels) == 9


def test_an_object_whose_image_nobody_lists_has_none():
    images = images_of(dict.fromkeys(FILLER, "ok"))
    result = choose_labels(objects_of({"a": ["filler"], **FILLER}), images, task(), "m")
    assert set(result.labels["object_id"]) == set(FILLER)


def test_an_unreadable_image_does_not_help_its_class_over_the_threshold():
    cells = {name: ["oil"] for name in "abc"}
    assert set(labels(cells, task())) == set("abc")
    assert labels(cells, task(), statuses={"c": "unreadable: empty file"}) == {}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_changes_nothing(seed):
    rule = task(unknown=("unknown",), role_separator=": ", permute_labels=seed == 4)
    expected = choose(MESSY, rule, STATUSES)
    every = list({**MESSY, **FILLER}.items())
    random.Random(seed).shuffle(every)
    images = images_of({**dict.fromkeys(dict(every), "ok"), **STATUSES})
    got = choose_labels(
        objects_of(dict(every)), images.sample(frac=1, random_state=seed), rule, "m"
    )
    pd.testing.assert_frame_equal(got.labels, expected.labels)
    pd.testing.assert_frame_equal(got.decisions, expected.decisions)
    pd.testing.assert_frame_equal(got.filters, expected.filters)
    assert got.labels["object_id"].is_monotonic_increasing


def test_permuted_labels_keep_the_sizes_of_classes_and_nothing_else():
    cells = {f"o{n:03}": [["oil", "gold", "wood", "oil"][n % 4]] for n in range(200)}
    plain, mixed = choose(cells, task()).labels, choose(cells, task(permute_labels=True)).labels
    assert mixed["object_id"].tolist() == plain["object_id"].tolist()
    assert mixed["label"].value_counts().to_dict() == plain["label"].value_counts().to_dict()
    agree = (mixed["label"] == plain["label"]).mean()
    assert 0.25 < agree < 0.5  # by chance 1/2 * 1/2 + 2 * (1/4 * 1/4) = 0.375
    again = choose(cells, task(permute_labels=True)).labels
    pd.testing.assert_frame_equal(again, mixed)
    pinned = "gold oil gold wood oil wood oil oil"  # the same on any host
    assert " ".join(mixed["label"].head(8)) == pinned


@pytest.mark.parametrize(
    ("cells", "count"),
    [({}, 0), ({"a": []}, 0), ({"a": ["x"], "b": ["x"], "c": ["x"]}, 1), ({"a": ["x"]}, 0)],
)
def test_fewer_than_two_classes_is_a_message(cells, count):
    images = images_of(dict.fromkeys(cells, "ok"))
    with pytest.raises(StudyError) as caught:
        choose_labels(objects_of(cells), images, task(), "antwerp, task material")
    for word in ("antwerp, task material", f"{count} classes", "`materials`", "`min_objects` (3)"):
        assert word in str(caught.value)


def test_too_many_unreadable_images_stop_the_study_with_ids_and_reasons():
    statuses = {f"o{n:03}": "ok" for n in range(96)}
    statuses |= {"bad2": "unreadable: empty file", "bad1": "missing: there is no file b.jpg"}
    images = images_of(statuses)
    check_images(images, 2 / 98, "museum")
    with pytest.raises(StudyError) as caught:
        check_images(images, 0.02, "museum")
    text = str(caught.value)
    for word in ("collection museum", "2 of 98", "`max_unreadable_share` (0.02)"):
        assert word in text
    assert text.splitlines()[1:] == [
        "  bad1: missing: there is no file b.jpg",
        "  bad2: unreadable: empty file",
    ]


@pytest.mark.parametrize("percent", [0, 1, 7, 29, 57, 100])
def test_exactly_the_allowed_share_is_allowed(percent):
    bad = {f"b{n:03}": "missing" for n in range(percent)}
    images = images_of({**bad, **{f"o{n:03}": "ok" for n in range(100 - percent)}})
    check_images(images, percent / 100, "museum")
    if percent:
        with pytest.raises(StudyError, match=f"{percent} of 100"):
            check_images(images, (percent - 0.5) / 100, "museum")


def test_no_images_are_not_too_many_unreadable_ones():
    check_images(images_of({}), 0.0, "museum")
