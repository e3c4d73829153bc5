"""Other rules to choose labels by: each row as the rule itself would have it, the nearest first."""

import dataclasses

import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.formats import write_csv
from art_transfer.prepare.labels import choose_labels
from art_transfer.report.comparison import TABLE1
from art_transfer.report.label_rules import LABEL_RULES, label_rules, ranked
from art_transfer.settings import Task
from builders import images_of, objects_of, task
from hypothesis import given, settings
from hypothesis import strategies as st

ROLES = ("painter", "printer", "maker")
NAMES = [f"{role}{name}" for role in ("Painter: ", "printer: ", "") for name in ("A", "b", "anon")]
museums = st.dictionaries(
    st.integers(0, 999).map(str), st.lists(st.sampled_from(NAMES), max_size=3), max_size=60
)
tasks = st.builds(
    task,
    choose=st.sampled_from(["first", "last"]),
    roles=st.sampled_from([(), ("Painter",), ("painter", "printer")]),
    drop_roles=st.sampled_from([(), ("printer",)]),
    role_separator=st.just(": "),
    unknown=st.sampled_from([(), ("Anon",)]),
    min_objects=st.sampled_from([3, 7]),
)


def rules(cells: dict[str, list[str]], rule: Task, *without_image: str) -> pd.DataFrame:
    statuses = {name: "missing" if name in without_image else "ok" for name in cells}
    return label_rules(objects_of(cells), images_of(statuses), rule, {})


def as_labelled(cells: dict[str, list[str]], rule: Task) -> tuple[int, int] | None:
    """N and Q that the labels job finds; None where it stops."""
    try:
        images = images_of(dict.fromkeys(cells, "ok"))
        found = choose_labels(objects_of(cells), images, rule, "museum").labels
    except StudyError:
        return None
    return len(found), found["label"].nunique()


@settings(max_examples=30)
@given(museums, tasks, st.randoms())
def test_a_row_is_what_the_labels_job_would_find(cells, rule, random):
    table = rules(cells, rule)
    assert table["configured"].sum() == 1
    assert not table.duplicated(["choose", "roles", "drop_roles", "unknown", "min_objects"]).any()
    for row in random.sample(list(table.itertuples()), 3):
        tried = dataclasses.replace(
            rule,
            choose=row.choose,
            roles=tuple(row.roles.split("; ")) if row.roles else (),
            drop_roles=tuple(row.drop_roles.split("; ")) if row.drop_roles else (),
            unknown=rule.unknown if row.unknown == "left out" else (),
            min_objects=row.min_objects,
        )
        if row.configured:
            assert as_labelled(cells, tried) == as_labelled(cells, rule)
        assert as_labelled(cells, tried) in ((row.objects, row.classes), None)
        assert as_labelled(cells, tried) is not None or row.classes < 2


CELLS = {
    **{f"a{n}": ["printer: P", "painter: A"] for n in range(6)},
    **{f"b{n}": ["painter: B"] for n in range(4)},
    **{f"c{n}": ["painter: anon"] for n in range(3)},
}
RULE = task(role_separator=": ", unknown=("anon",), roles=("PAINTER",))


def test_the_tried_rules_are_counted_by_hand():
    table = rules(CELLS, RULE, "a0").set_index(
        ["choose", "roles", "drop_roles", "unknown", "min_objects"]
    )
    assert len(table) == 2 * 5 * 2 * 4, "all, two roles alone, two left out; first or last"
    for rule, sizes in {
        ("first", "", "", "left out", 3): (9, 2),  # P, B
        ("first", "painter", "", "left out", 3): (9, 2),  # A, B
        ("first", "painter", "", "a class", 3): (12, 3),
        ("first", "printer", "", "left out", 3): (5, 1),
        ("last", "", "printer", "left out", 5): (5, 1),
        ("last", "", "printer", "a class", 10): (0, 0),
    }.items():
        assert tuple(table.loc[rule, ["objects", "classes"]]) == sizes
    assert table.index[table["configured"]].tolist() == [("first", "painter", "", "left out", 3)]


def table1(objects: int, classes: int) -> pd.DataFrame:
    rows = [
        {"collection": "m", "task": "artist", "objects": objects, "classes": classes},
        {"collection": "other", "task": "artist", "objects": 1, "classes": 1},
    ]
    return pd.DataFrame(rows, columns=TABLE1)


def test_the_nearest_rule_comes_first_with_its_gap(tmp_path):
    found = {("n", "artist"): rules(CELLS, RULE), ("m", "artist"): rules(CELLS, RULE)}
    write_csv(tmp_path / "rules.csv", ranked(found, table1(13, 4)))
    table = pd.read_csv(tmp_path / "rules.csv", keep_default_na=False)
    assert list(table) == LABEL_RULES
    assert table["collection"].tolist() == ["n"] * 80 + ["m"] * 80
    assert set(table.loc[:79, "distance"]) == {""} == set(table.loc[:79, "published_classes"])
    best = table.iloc[80]
    assert best[["roles", "unknown", "min_objects", "objects", "classes"]].tolist() == [
        *["", "a class", 3, 13, 3]
    ], "tried before the painters alone, which are as near"
    assert best["objects_difference"] == "0" and best["classes_difference"] == "-1"
    assert float(best["distance"]) == pytest.approx(1 / 4)
    assert pd.to_numeric(table.loc[80:, "distance"]).is_monotonic_increasing


def test_of_equally_near_rules_the_configured_one_is_first():
    for published in (None, table1(10, 2)):
        table = ranked({("m", "artist"): rules(CELLS, RULE)}, published)
        assert table["configured"].tolist() == [True] + [False] * 79


def test_without_roles_and_unknown_names_little_is_tried():
    table = rules({name: ["x: y"] for name in "abc"}, task(min_objects=4))
    assert table["min_objects"].tolist() == [3, 4, 5, 10, 20] * 2
    assert set(table["roles"]) == {""} == set(table["drop_roles"])
    assert table["classes"].tolist() == [1, 0, 0, 0, 0] * 2


def test_only_the_most_frequent_roles_are_tried():
    cells = {f"{r}-{n}": [f"r{r:02}: x"] for r in range(12) for n in range(r + 1)}
    table = rules(cells, task(role_separator=": "))
    assert set(table["roles"]) == {"", *(f"r{r:02}" for r in range(4, 12))}
    assert set(table["drop_roles"]) == set(table["roles"])
