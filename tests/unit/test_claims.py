"""Claims: a grammar that is checked, and verdicts that no number contradicts."""

from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
from art_transfer.checks import load_study
from art_transfer.errors import StudyError
from art_transfer.report.claim_files import CLAIMS, Cell, Comparison, Share, parse, read_claims
from art_transfer.report.claims import claims_table, evaluate
from art_transfer.report.grid import markdown
from art_transfer.report.runs import read_tested
from art_transfer.settings import Run
from builders import CONFIG
from hypothesis import given, settings
from hypothesis import strategies as st
from test_report_runs import write_run

RUN = Run("museum", "type", "a", "photos", "tuned", 1)
LEFT, RIGHT = "museum/type/{a,b,c}/photos/tuned", "museum/type/*/photos/shelf"
SHARES = pd.DataFrame(
    [
        ("museum", "artist", "in all three splits", "", 40, 1.0),
        ("museum", "artist", "shared with", "other", 0, 0.0),
        ("museum", "type", "in all three splits", "", 50, 1.0),
        ("museum", "type", "shared with", "other", 10, 0.2),
    ],
    columns=["collection", "task", "step", "other_collection", "classes", "share_of_classes"],
)


def claim(tmp_path, cells, test="all", kind="superiority", margin="", name="it"):
    """A file with this claim alone."""
    row = dict(zip(CLAIMS, [name, "so it is", "9", kind, cells, test, margin], strict=True))
    path = tmp_path / "claims.csv"
    pd.DataFrame([row]).to_csv(path, index=False)
    return read_claims(path)


def verdict(tmp_path, right, cells, test="all", kind="superiority", margin=""):
    """The verdict on a claim in a study with so many right of 1,000 by backbone and method."""
    runs = []
    for (backbone, method), (first, last) in right.items():
        runs.append(replace(RUN, backbone=backbone, method=method))
        write_run(tmp_path, runs[-1], [first <= i < last for i in range(1000)])
    read = partial(read_tested, results=tmp_path)
    verdicts, tests = evaluate(claim(tmp_path, cells, test, kind, margin), runs, read, SHARES)
    assert len(tests) == verdicts["comparisons"].iloc[0]
    return verdicts.iloc[0]


def study(a=(0, 800), b=(0, 800), c=(0, 800)):
    """Three networks: off the shelf 700 objects of 1,000 are right, fine-tuned these."""
    shelf = {(name, "shelf"): (0, 700) for name in "abc"}
    return shelf | {("a", "tuned"): a, ("b", "tuned"): b, ("c", "tuned"): c}


CASES = [
    # cells, test, kind, margin, study, verdict
    (f"{LEFT} > {RIGHT}", "all", "superiority", "", study(), "supported"),
    (f"{LEFT} > {RIGHT}", "all", "superiority", "", study(c=(0, 703)), "undecided"),
    (f"{LEFT} > {RIGHT}", "at_least 2", "superiority", "", study(c=(0, 703)), "supported"),
    (f"{LEFT} > {RIGHT}", "all", "superiority", "", study(c=(0, 600)), "contradicted"),
    (f"{LEFT} > {RIGHT}", "at_least 2", "superiority", "", study(c=(0, 600)), "supported"),
    (f"{LEFT} < {RIGHT}", "at_least 1", "superiority", "", study(), "contradicted"),
    # better by six objects of six: p is 0.016 alone, and 0.047 after Holm for three
    (f"{LEFT} > {RIGHT}", "all", "superiority", "", study(*[(0, 706)] * 3), "supported"),
    ("museum/type/a/photos/tuned > museum/type/{b,c}/photos/tuned", "all", "ordering", "",
     study(a=(0, 900)), "supported"),
    ("museum/type/a/photos/tuned ~ museum/type/b/photos/tuned", "all", "equivalence", "",
     study(b=(1, 801)), "supported"),
    ("museum/type/a/photos/tuned ~ museum/type/b/photos/tuned", "all", "equivalence", "0.001",
     study(b=(1, 801)), "undecided"),
    # no significant difference is not equality
    ("museum/type/a/photos/tuned ~ museum/type/b/photos/tuned", "all", "equivalence", "",
     study(b=(100, 900)), "undecided"),
    ("museum/type/a/photos/tuned ~ museum/type/a/photos/shelf", "all", "equivalence", "",
     study(), "contradicted"),
    # a difference for certain, and yet within a margin of 15 points
    ("museum/type/a/photos/tuned ~ museum/type/a/photos/shelf", "all", "equivalence", "0.15",
     study(), "supported"),
    ("museum/type/a/photos/tuned >= museum/type/a/photos/shelf", "all", "equivalence", "",
     study(), "supported"),
    ("museum/type/a/photos/shelf >= museum/type/a/photos/tuned", "all", "equivalence", "",
     study(), "contradicted"),
    ("museum/type/a/photos/tuned < 0.85", "all", "superiority", "", study(), "supported"),
    ("museum/type/a/photos/tuned < 0.79", "all", "superiority", "", study(), "undecided"),
    ("museum/type/a/photos/tuned < 0.75", "all", "superiority", "", study(), "contradicted"),
    ("museum/type/a/photos/tuned ~ 0.79", "all", "equivalence", "0.04", study(), "supported"),
    ("museum/type/a/photos/tuned ~ 0.79", "all", "equivalence", "0.02", study(), "undecided"),
    ("museum/artist & other ~ 0", "all", "qualitative", "0", study(), "supported"),
    ("museum/type & other ~ 0", "all", "qualitative", "0", study(), "contradicted"),
    ("museum/type & other ~ 0.15", "all", "qualitative", "0.05", study(), "supported"),
    ("museum/type & nobody ~ 0.15", "all", "qualitative", "0.05", study(), "undecided"),
    ("", "needs: eyes", "qualitative", "", study(), "undecided"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "test", "kind", "margin", "runs", "expected"), CASES)
def test_verdicts(tmp_path, cells, test, kind, margin, runs, expected):
    assert verdict(tmp_path, runs, cells, test, kind, margin)["verdict"] == expected


def test_p_values_are_corrected_within_the_claim(tmp_path):
    names = "abcde"
    cells = "museum/type/{a,b,c,d,e}/photos/tuned > museum/type/*/photos/shelf"
    runs = {(name, "shelf"): (0, 700) for name in names}
    runs |= {(name, "tuned"): (0, 706) for name in names}
    found = verdict(tmp_path, runs, cells)
    # six of six in each of five comparisons: 2 * 0.5 ** 6 / 2 alone, five times as much here
    assert found["p"] == pytest.approx(5 * 0.5**6)
    assert found["verdict"] == "undecided"


def test_the_numbers_are_those_of_the_weakest_comparison_that_is_needed(tmp_path):
    found = verdict(tmp_path, study(a=(0, 900), c=(0, 703)), f"{LEFT} > {RIGHT}", "at_least 2")
    assert (found["holds"], found["comparisons"], found["needed"]) == (2, 3, 2)
    assert found["estimate"] == pytest.approx(0.1), "b's, not a's, which is better, nor c's"
    assert found["low"] < 0.1 < found["high"]
    assert found["n"] == 1000
    assert found["sentence"].startswith("Holds in 2 of 3, 1 cannot tell (2 needed). It hangs on ")
    assert "museum, type: b, photos + tuned > b, photos + shelf: +10.00 points" in found["sentence"]
    evidence = found["evidence"].split()
    assert len(evidence) == 6 and all((tmp_path / folder).is_dir() for folder in evidence)


def test_what_was_not_run_is_undecided_and_says_so(tmp_path):
    runs = {key: value for key, value in study().items() if key != ("c", "tuned")}
    some = verdict(tmp_path, runs, f"{LEFT} > {RIGHT}")
    assert some["verdict"] == "undecided"
    assert some["sentence"].startswith("Holds in 2 of 3, 1 not run (3 needed).")
    assert verdict(tmp_path, runs, f"{LEFT} > {RIGHT}", "at_least 2")["verdict"] == "supported"
    none = verdict(tmp_path, runs, "museum/type/d/photos/tuned > museum/type/a/photos/tuned")
    assert (none["verdict"], none["sentence"]) == ("undecided", "Not run in this study.")
    open_ = verdict(tmp_path, runs, "", "needs: eyes", "qualitative")
    assert open_["sentence"] == "Needs eyes."


def test_three_seeds_that_differ_are_not_as_sure_as_their_objects(tmp_path):
    """Two seeds gain for certain and one loses for certain; whether training gains is open."""
    runs = []
    for seed, better in ((1, 1000), (2, 640), (3, 800)):
        tuned, shelf = (replace(RUN, method=m, seed=seed) for m in ("tuned", "shelf"))
        write_run(tmp_path, tuned, [i < better for i in range(1000)])
        write_run(tmp_path, shelf, [i < 700 for i in range(1000)])
        runs += [tuned, shelf]
    cells = "museum/type/a/photos/tuned > museum/type/a/photos/shelf"
    read = partial(read_tested, results=tmp_path)
    (found,) = evaluate(claim(tmp_path, cells), runs, read, SHARES)[0].to_dict("records")
    assert (found["seeds"], found["n"], found["verdict"]) == (3, 3000, "undecided")
    assert found["estimate"] == pytest.approx(0.1133, abs=1e-4)


def test_the_readers_table_has_verdicts_in_bold_and_dashes_where_nothing_is(tmp_path):
    study_ = study()
    runs = [replace(RUN, backbone=backbone, method=method) for backbone, method in study_]
    for run, (first, last) in zip(runs, study_.values(), strict=True):
        write_run(tmp_path, run, [first <= i < last for i in range(1000)])
    claims = claim(tmp_path, f"{LEFT} > {RIGHT}")
    claims += claim(tmp_path, "", "needs: eyes", "qualitative", name="other")
    read = partial(read_tested, results=tmp_path)
    verdicts, _ = evaluate(claims, runs, read, SHARES)
    first, second = (
        [part.strip() for part in line.split(" | ")]
        for line in markdown(claims_table(verdicts)).splitlines()[4:6]
    )
    assert first[:3] == ["| so it is", "9", "**supported**"]
    assert first[4] == "+10.00" and first[6:8] == ["–", "1000"]
    assert second[2:8] == ["**undecided**", "Needs eyes.", "–", "–", "–", "–"]


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)


@settings(max_examples=30, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_braces_and_stars_are_written_out(backbones):
    text = ",".join(backbones)
    found = parse(f"m/t/{{{text}}}/i/x > m/t/*/i/y")
    assert found == tuple(
        Comparison(Cell("m", "t", name, "i", "x"), ">", Cell("m", "t", name, "i", "y"))
        for name in backbones
    )
    against_one = parse(f"m/t/{{{text}}}/i/x > m/t/other_one/i/y")
    assert len(against_one) == len(backbones)


def test_a_share_is_read():
    assert parse("m/artist & other ~ 0") == (Comparison(Share("m", "artist", "other"), "~", 0.0),)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cells": "a/b/c/d/e"}, "expected LEFT > RIGHT"),
        ({"cells": "a/b/c/d > a/b/c/d/e"}, "'a/b/c/d' in `cells` has 4 parts; expected collection"),
        ({"cells": "a/b/*/d/e > a/b/c/d/f"}, r"the backbone in `cells` is '\*'"),
        ({"cells": "a/b/C/d/e > a/b/c/d/f"}, "the backbone in `cells` is 'C'; expected a name"),
        ({"cells": "a/b/c/d/e > a/other/c/d/e"}, "expected two ways to train on one task"),
        ({"cells": "a/b/c/d/e > a/b/c/d/e"}, "compares a/b/c/d/e with a/b/c/d/e"),
        ({"cells": "a/b & c > 0.1"}, "a share is compared with a number, by ~"),
        ({"cells": ""}, "expected a `test` that begins with `needs: `"),
        ({"test": "most"}, "`test` is 'most'; expected `all`, or `at_least N` of 3"),
        ({"test": "at_least 4"}, "`test` is 'at_least 4'"),
        ({"kind": "equivalence"}, "`kind` is equivalence, which cannot be shown by '>'"),
        ({"kind": "praise"}, "`kind` is 'praise'; expected one of"),
        ({"margin": "5"}, "`margin` is 5.0; expected a share from 0 to 1"),
        ({"margin": "wide"}, "could not convert"),
    ],
)
def test_a_claim_that_cannot_be_evaluated_is_refused(tmp_path, changed, message):
    with pytest.raises(StudyError, match=message) as caught:
        claim(tmp_path, **({"cells": f"{LEFT} > {RIGHT}"} | changed))
    assert "claims.csv: row 2: " in str(caught.value)


def test_a_file_without_the_columns_is_refused(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("id,quote\n1,so\n")
    with pytest.raises(StudyError, match=r"its columns are \['id', 'quote'\]; expected"):
        read_claims(path)
    with pytest.raises(StudyError, match=r"nowhere\.csv: expected a CSV of claims"):
        read_claims(tmp_path / "nowhere.csv")


def test_two_claims_of_one_name_are_refused(tmp_path):
    text = (CONFIG / "demo_claims" / "claims.csv").read_text(encoding="utf-8")
    path = tmp_path / "claims.csv"
    path.write_text(text + text.splitlines()[1] + "\n", encoding="utf-8")
    with pytest.raises(StudyError, match="`id` is 'fine-tuning' once more"):
        read_claims(path)


@pytest.mark.parametrize(
    ("config", "elsewhere"), [("config", {"heads-alike"}), ("demo", {"heads-alike"})]
)
def test_every_claim_is_about_cells_of_its_study_or_says_what_it_needs(config, elsewhere):
    study_, _ = load_study({"extends": f"{config}.yaml"}, CONFIG)
    runs = {run for name in study_.settings.experiments for run in study_.experiment_runs(name)}
    not_run = set()
    for one in read_claims(CONFIG.parent / study_.settings.published / "claims.csv"):
        assert one.comparisons or one.needs
        for comparison in one.comparisons:
            for side in (comparison.left, comparison.right):
                if isinstance(side, Cell) and side.run(study_.settings.seeds[0]) not in runs:
                    not_run.add(one.id)
                if isinstance(side, Share):
                    assert {side.collection, side.other} <= {run.collection for run in runs}
    assert not_run == elsewhere


def test_the_paper_s_claims_are_all_there():
    claims = {one.id: one for one in read_claims(CONFIG / "published" / "claims.csv")}
    count = {name: (one.needed, len(one.comparisons)) for name, one in claims.items()}
    assert count["material-fine-tuning"] == (3, 4)
    assert count["theta-hat-off-the-shelf"] == count["theta-hat-fine-tuning"] == (8, 8)
    assert count["scratch-below"] == (12, 12)
    assert count["material-all-92"] == count["type-all-91"] == (4, 4)
    assert count["artist-not-even-10"] == (2, 2)
    assert {one.kind for one in claims.values()} == {
        *["superiority", "ordering", "equivalence", "qualitative"]
    }
