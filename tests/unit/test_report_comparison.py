"""Published beside reproduced: nothing lost, nothing doubled, like compared with like."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from art_transfer.errors import StudyError
from art_transfer.report.comparison import (
    COMPARISON,
    compare,
    comparison_tables,
    read_published,
    read_table1,
)
from art_transfer.report.gains import GAINS
from art_transfer.report.grid import markdown
from art_transfer.report.statistics import printed
from statsmodels.stats.proportion import confint_proportions_2indep

FOLDER = Path(__file__).parents[2] / "config" / "published"
ACCURACIES = [FOLDER / f"{name}.csv" for name in ("table2", "table3", "scratch_v3")]


NO_GAINS = pd.DataFrame(columns=GAINS)


def cell(init="imagenet", method="fine_tuning", backbone="vgg19", **changed):
    row = {"collection": "rijksmuseum", "task": "material", "backbone": backbone, "init": init}
    row |= {"method": method, "seeds": 1, "n": 10_000, "accuracy": 0.9123}
    row |= {"validation_accuracy": 0.88, "validation_n": 9_000, "runs": "runs/x/seed-1"} | changed
    span = printed(row["accuracy"], row["n"])
    return {"accuracy_low": span.low, "accuracy_high": span.high} | row


def gain(of="rijksnet/fine_tuning", over="imagenet/fine_tuning", **changed):
    row = dict.fromkeys(GAINS, 0) | {"collection": "antwerp", "task": "type", "backbone": "vgg19"}
    row |= {"of": of, "over": over, "seeds": 1, "gain": 0.02, "low": 0.01, "high": 0.03}
    return row | {"runs_of": "runs/y/seed-1", "runs_over": "runs/z/seed-1"} | changed


def test_the_published_tables_are_whole():
    table = read_published(ACCURACIES)
    assert table["table"].value_counts().to_dict() == {
        **{"Table 2": 24, "Table 3": 32, "Figure 2": 1, "Figure 3": 2}
    }
    assert table.groupby("table")["page"].unique().map(list).to_dict() == {
        **{"Table 2": [11], "Table 3": [12], "Figure 2": [8], "Figure 3": [10]}
    }
    # the paper's claims, read off its Tables: 41.59 -> 64.95 for ResNet50 on Antwerp's types
    one = table.set_index(["collection", "task", "backbone", "init", "method"])["accuracy"]
    assert one["antwerp", "type", "resnet50", "rijksnet", "off_the_shelf"] == 0.6495
    assert one["rijksmuseum", "material", "resnet50", "imagenet", "fine_tuning"] == 0.9295
    assert (table["split"] == "validation").sum() == 3


def test_seven_and_eight_percent_carry_their_note():
    table = read_published(ACCURACIES)
    low = table[table["accuracy"] < 0.1].set_index("backbone")
    assert low["accuracy"].to_dict() == {"inception_v3": 0.07, "resnet50": 0.08}
    assert low["note"].str.contains("fraction printed without conversion").all()


def test_like_is_compared_with_like():
    published, table1 = read_published(ACCURACIES), read_table1(FOLDER / "table1.csv")
    ours = pd.DataFrame([cell(), cell("random", "from_scratch", "inception_v3", accuracy=0.86)])
    table = compare(published, table1, ours, NO_GAINS)
    assert list(table) == COMPARISON
    assert len(table) == 59 + 1, "the scratch run's test accuracy has no published partner"
    assert table["table"].tolist()[:-1] == published["table"].tolist(), "in the published order"
    key = ["collection", "task", "backbone", "init", "method", "split"]
    rows = table.set_index(key)
    tuned = rows.loc[("rijksmuseum", "material", "vgg19", "imagenet", "fine_tuning", "test")]
    assert (tuned["published"], tuned["reproduced"]) == (0.9223, 0.9123)
    assert tuned["difference"] == pytest.approx(-0.01)
    # Newcombe's interval of two shares of 10,000 and 11,066.8 test objects
    sizes = (9123, 10_000, 0.9223 * 11_066.8, 11_066.8)
    expected = confint_proportions_2indep(*sizes, method="newcomb")
    assert (tuned["low"], tuned["high"]) == pytest.approx(expected)
    assert tuned["verdict"] == "outside"
    scratch = ("rijksmuseum", "material", "inception_v3", "random", "from_scratch")
    assert rows.loc[(*scratch, "validation")]["published"] == 0.878
    assert rows.loc[(*scratch, "validation")]["reproduced"] == 0.88
    assert np.isnan(rows.loc[(*scratch, "test")]["published"])
    assert rows.loc[(*scratch, "test")]["reproduced"] == 0.86
    assert rows.loc[(*scratch, "validation")]["verdict"] == "inside"
    assert rows.loc[(*scratch, "test")]["verdict"] == "–"


def test_of_a_sample_drawn_anew_the_gains_are_compared_and_not_the_levels():
    published, table1 = read_published(ACCURACIES), read_table1(FOLDER / "table1.csv")
    ours = pd.DataFrame([cell(collection="antwerp", task="type", accuracy=0.5, n=2000)])
    gains = pd.DataFrame([gain(), gain("unheard/fine_tuning"), gain(gain=0.2, low=0.19, high=0.21)])
    table = compare(published, table1, ours, gains).set_index("over", drop=False)
    level = table.loc[""].dropna(subset="reproduced").iloc[0]
    assert level["difference"] == pytest.approx(0.5 - 0.7037) and level["verdict"] == "–"
    near, far = table.loc["imagenet/fine_tuning"].to_dict("records")
    assert (near["init"], near["method"]) == ("rijksnet", "fine_tuning")
    assert near["published"] == pytest.approx(0.7121 - 0.7037)
    assert (near["verdict"], far["verdict"]) == ("inside", "outside")
    # 2,379.7 published test objects twice, and ours: about 1.96 * sqrt(2 * 0.7 * 0.3 / 2380)
    assert near["high"] - near["difference"] == pytest.approx(np.hypot(0.026, 0.01), abs=0.001)
    assert near["runs"] == "runs/y/seed-1 runs/z/seed-1"


def test_without_published_numbers_the_reproduced_ones_stand_alone():
    table = compare(
        read_published([]), None, pd.DataFrame([cell(), cell()]), pd.DataFrame([gain()])
    )
    assert len(table) == 1, "a cell of two experiments counts once"
    assert table["published"].isna().all()
    assert table["reproduced"].tolist() == [0.9123]
    assert table["verdict"].tolist() == ["–"]


def test_the_readers_table_has_footnotes_once_and_dashes_where_nothing_is(tmp_path):
    published, table1 = read_published(ACCURACIES), read_table1(FOLDER / "table1.csv")
    table = compare(published, table1, pd.DataFrame([cell()]), pd.DataFrame([gain()]))
    titles, networks = {"rijksmuseum": "Rijksmuseum"}, {"vgg19": "VGG19"}
    levels, effects = map(markdown, comparison_tables(table, titles, networks))
    text = levels
    line = next(line for line in text.splitlines() if "92.23" in line)
    assert [part.strip() for part in line.split("|")[1:-1]] == [
        *["Table 2, p. 11", "Rijksmuseum", "material", "VGG19", "imagenet", "fine tuning", "test"],
        *["92.23", "91.23", "−1.00", "−1.75 to −0.26", "1", "outside"],
    ]
    line = next(line for line in effects.splitlines() if "+2.00" in line)
    assert [part.strip() for part in line.split("|")[1:-1]] == [
        *["Table 3, p. 12", "antwerp", "type", "VGG19"],
        *["rijksnet + fine tuning", "imagenet + fine tuning"],
        *["+0.84", "+2.00", "+1.16", "−1.61 to +3.93", "1", "inside"],
    ]
    assert text.count("last epoch of the authors' released validation curve") == 1
    assert text.count("fraction printed without conversion: 7 %") == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,b,c,d,e,test,92.1,"], "accuracy is 92.1 in row 2; expected a share"),
        (["a,b,c,d,e,test,.9,", "a,b,c,d,e,test,.8,"], "row 3 is the second one for a/b/c/d/e"),
    ],
)
def test_wrong_published_numbers_are_refused(tmp_path, rows, message):
    path = tmp_path / "wrong.csv"
    header = "table,page,collection,task,backbone,init,method,split,accuracy,note"
    path.write_text("\n".join([header, *(f"Table 9,1,{row}" for row in rows)]))
    with pytest.raises(StudyError, match=message):
        read_published([path])


def test_a_study_of_which_nothing_was_published_says_so():
    nothing = read_published([])
    found = compare(nothing, pd.DataFrame(), pd.DataFrame([cell()]), NO_GAINS)
    (grid,) = comparison_tables(found, {}, {"vgg19": "VGG19"})
    text = markdown(grid)
    assert "Not published, and in comparison.csv alone: 1 accuracies." in text
    assert "VGG19" not in text
