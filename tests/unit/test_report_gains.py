"""Gains: paired by object, with intervals and p values that hand-made cases can check."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from art_transfer.report.gains import gains, gains_table, pairs
from art_transfer.report.grid import markdown
from art_transfer.report.runs import read_groups, read_predictions
from art_transfer.report.statistics import holm, mid_p
from art_transfer.settings import Run
from test_report_runs import write_run

THETA = Run("museum", "type", "vgg19", "photos", "off_the_shelf", 1)
THETA_HAT = replace(THETA, init="museum_net")


def test_pairs_compare_inits_and_methods_with_the_first():
    tuned, tuned_hat = (replace(run, method="fine_tuning") for run in (THETA, THETA_HAT))
    assert pairs([THETA, tuned, THETA_HAT, tuned_hat]) == [
        (THETA_HAT, THETA),
        (tuned_hat, tuned),
        (tuned, THETA),
        (tuned_hat, THETA_HAT),
    ]
    assert pairs([THETA]) == []


def test_a_gain_is_paired_object_by_object(tmp_path):
    # 100 objects: both right 40, only theta-hat 35, only theta 5, both wrong 20
    hat = [True] * 75 + [False] * 25
    theta = [True] * 40 + [False] * 35 + [True] * 5 + [False] * 20
    write_run(tmp_path, THETA_HAT, hat)
    write_run(tmp_path, THETA, theta)
    (row,) = gains([(THETA_HAT, THETA)], tmp_path).to_dict("records")
    assert (row["of"], row["over"]) == ("museum_net/off_the_shelf", "photos/off_the_shelf")
    assert (row["n"], row["only_of"], row["only_over"]) == (100, 35, 5)
    assert row["gain"] == pytest.approx(0.30)
    # Bonett and Price's interval: one more object won and one more lost, then a paired difference
    centre, discordant = 30 / 102, 42 / 102
    margin = 1.96 * np.sqrt((discordant - centre**2) / 102)
    assert row["low"] == pytest.approx(centre - margin, abs=0.011)
    assert row["high"] == pytest.approx(centre + margin, abs=0.011)
    assert row["p"] < 1e-6


def test_the_same_seed_gives_the_same_table_whatever_else_is_compared(tmp_path):
    other = replace(THETA, method="fine_tuning")
    write_run(tmp_path, THETA_HAT, [True] * 7 + [False] * 3)
    write_run(tmp_path, THETA, [False] * 3 + [True] * 5 + [False] * 2)
    write_run(tmp_path, other, [True] * 10)
    alone = gains([(THETA_HAT, THETA)], tmp_path)
    beside = gains([(other, THETA), (THETA_HAT, THETA)], tmp_path)
    assert beside.iloc[1].to_dict() == alone.iloc[0].to_dict()


def test_with_several_seeds_the_interval_is_over_seeds_too(tmp_path):
    def found(counts):
        compared = []
        for seed, n in enumerate(counts, start=1):
            pair = replace(THETA_HAT, seed=seed), replace(THETA, seed=seed)
            write_run(tmp_path, pair[0], [i < n for i in range(200)])
            write_run(tmp_path, pair[1], [i < 80 for i in range(200)])
            compared.append(pair)
        (row,) = gains(compared, tmp_path).to_dict("records")
        assert (row["seeds"], row["n"], row["only_of"]) == (3, 600, 180)
        assert row["gain"] == pytest.approx(0.3)
        return row

    alike, spread = found([140, 140, 140]), found([120, 140, 160])
    assert spread["high"] - spread["low"] > 2 * (alike["high"] - alike["low"])
    # Student's interval over the three seeds' gains of 0.2, 0.3 and 0.4
    assert spread["low"] == pytest.approx(0.3 - 4.303 * 0.1 / np.sqrt(3), abs=0.03)
    assert 0.01 < spread["p"] < 0.08, "not McNemar's, whose p is far smaller"


def test_other_test_objects_cannot_be_paired(tmp_path):
    other = replace(THETA, seed=2)
    write_run(tmp_path, THETA_HAT, [True] * 10)
    write_run(tmp_path, other, [True] * 10)
    with pytest.raises(ValueError, match="tested on different objects"):
        gains([(THETA_HAT, other)], tmp_path)


def test_holm_is_for_the_comparisons_of_a_collection_and_task(tmp_path):
    other = [replace(run, task="artist") for run in (THETA_HAT, THETA)]
    tuned = replace(THETA, method="fine_tuning")
    for run, right in ((THETA_HAT, 9), (THETA, 3), (tuned, 10), (other[0], 8), (other[1], 3)):
        write_run(tmp_path, run, [i < right for i in range(12)])
    table = gains([(THETA_HAT, THETA), (tuned, THETA), (other[0], other[1])], tmp_path)
    single = [mid_p(6, 0), mid_p(7, 0), mid_p(5, 0)]
    assert table["p"].tolist() == single
    assert table["p_holm"].tolist() == [*holm(single[:2]), single[2]]


def test_two_cells_are_one_comparison_told_from_either_side(tmp_path):
    """As where one experiment begins with theta and another with theta-hat."""
    tuned = replace(THETA, method="fine_tuning")
    for run, right in ((THETA_HAT, 9), (THETA, 3), (tuned, 8)):
        write_run(tmp_path, run, [i < right for i in range(12)])
    table = gains([(THETA_HAT, THETA), (tuned, THETA), (THETA, THETA_HAT)], tmp_path)
    one, _, other = table.to_dict("records")
    assert table["p_holm"].tolist() == [*holm([mid_p(6, 0), mid_p(5, 0)]), one["p_holm"]]
    assert (other["gain"], other["low"], other["high"]) == (-one["gain"], -one["high"], -one["low"])
    for here, there in (("of", "over"), ("over", "of")):
        for name in ("", "accuracy_", "only_", "runs_"):
            assert other[name + here] == one[name + there]
    assert other["p"] == one["p"] and other["cohens_h"] == -one["cohens_h"]


def test_the_table_for_readers_says_gain_in_points(tmp_path):
    write_run(tmp_path, THETA_HAT, [True] * 75 + [False] * 25)
    write_run(tmp_path, THETA, [True] * 40 + [False] * 60)
    titles = {"museum": "Museum"}, {"vgg19": "VGG19"}
    grids = [
        gains_table(gains([pair], tmp_path), "Gains", *titles)
        for pair in ((THETA_HAT, THETA), (THETA, THETA_HAT))
    ]
    first, second = ([cell.text for cell in grid.groups[0][0]] for grid in grids)
    assert first[:4] == ["type", "VGG19", "museum net + off the shelf", "photos + off the shelf"]
    assert first[4:7] == ["75.00", "40.00", "+35.00"]
    assert first[8:] == ["< 0.0001", "+0.72", "100"]
    assert second[6] == "−35.00"
    text = markdown(grids[0])
    assert "**+35.00**" in text and "not yet knowledge of art" in text


def test_a_gain_of_a_method_alone_is_told_without_another_museum(tmp_path):
    tuned = replace(THETA, method="fine_tuning")
    for run in (tuned, THETA):
        write_run(tmp_path, run, [True] * 5)
    table = gains([(tuned, THETA)], tmp_path)
    grid = gains_table(table, "Gains", {"museum": "Museum"}, {"vgg19": "VGG19"})
    assert "knowledge of art" not in markdown(grid)


def test_near_duplicates_count_as_one(tmp_path):
    # 35 objects for the one and 5 for the other; the 40 are eight groups of five.
    write_run(tmp_path, THETA_HAT, [True] * 35 + [False] * 5 + [True] * 60)
    write_run(tmp_path, THETA, [False] * 35 + [True] * 5 + [True] * 60)
    ids = read_predictions(THETA, tmp_path)["object_id"]
    table = pd.DataFrame({"object_id": ids[:40], "group": [f"g{i // 5}" for i in range(40)]})
    (tmp_path / "museum.csv").write_text(table.assign(how="image").to_csv(index=False))
    groups = read_groups([tmp_path / "museum.csv"])
    (alone,) = gains([(THETA_HAT, THETA)], tmp_path).to_dict("records")
    (row,) = gains([(THETA_HAT, THETA)], tmp_path, groups).to_dict("records")
    assert row["gain"] == alone["gain"]
    assert row["high"] - row["low"] > 1.5 * (alone["high"] - alone["low"])
    assert alone["p"] == mid_p(35, 5) and row["p"] > 100 * alone["p"]
    elsewhere = {"museum": groups["museum"].assign(object_id=[f"other{i}" for i in range(40)])}
    assert gains([(THETA_HAT, THETA)], tmp_path, elsewhere).iloc[0].to_dict() == alone
