"""Gains: paired by object, with intervals and p values that hand-made cases can check."""

from dataclasses import replace

import numpy as np
import pytest
from art_transfer.report.gains import gains, gains_table, interval, mid_p, pairs
from art_transfer.report.grid import markdown
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
    (row,) = gains([(THETA_HAT, THETA)], tmp_path, seed=1).to_dict("records")
    assert (row["of"], row["over"]) == ("museum_net/off_the_shelf", "photos/off_the_shelf")
    assert (row["n"], row["only_of"], row["only_over"]) == (100, 35, 5)
    assert row["gain"] == pytest.approx(0.30)
    # variance of a paired difference: (35 + 5) / 100 - 0.3 ** 2, over 100 objects
    margin = 1.96 * np.sqrt((0.40 - 0.09) / 100)
    assert row["low"] == pytest.approx(0.30 - margin, abs=0.011)
    assert row["high"] == pytest.approx(0.30 + margin, abs=0.011)
    assert row["p"] < 1e-6


def test_the_same_seed_gives_the_same_table_whatever_else_is_compared(tmp_path):
    other = replace(THETA, method="fine_tuning")
    write_run(tmp_path, THETA_HAT, [True] * 7 + [False] * 3)
    write_run(tmp_path, THETA, [False] * 3 + [True] * 5 + [False] * 2)
    write_run(tmp_path, other, [True] * 10)
    alone = gains([(THETA_HAT, THETA)], tmp_path, seed=1)
    beside = gains([(other, THETA), (THETA_HAT, THETA)], tmp_path, seed=1)
    assert beside.iloc[1].to_dict() == alone.iloc[0].to_dict()


def test_seeds_are_pooled(tmp_path):
    compared = []
    for seed, n in ((1, 8), (2, 6)):
        pair = replace(THETA_HAT, seed=seed), replace(THETA, seed=seed)
        write_run(tmp_path, pair[0], [i < n for i in range(10)])
        write_run(tmp_path, pair[1], [i < 4 for i in range(10)])
        compared.append(pair)
    (row,) = gains(compared, tmp_path, seed=1).to_dict("records")
    assert (row["seeds"], row["n"], row["only_of"]) == (2, 20, 6)
    assert row["gain"] == pytest.approx(0.3)


def test_different_test_objects_cannot_be_paired(tmp_path):
    with pytest.raises(ValueError, match="tested on different objects"):
        gains([(THETA_HAT, replace(THETA, seed=2))], tmp_path, seed=1)


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        # by hand: 2 * P(X <= 1) - P(X = 1) for X ~ Binomial(6, 1/2) = 2 * 7/64 - 6/64
        (5, 1, 8 / 64),
        # Fagerland et al. (2013), table 1: airway hyper-responsiveness, 1 and 7 discordant pairs
        (1, 7, 0.0391),
        # the same paper's complete response, 6 and 16 discordant pairs
        (6, 16, 0.0347),
    ],
)
def test_mid_p_is_mcnemar_s(better, worse, p):
    assert mid_p(better, worse) == pytest.approx(p, abs=5e-5)
    assert mid_p(worse, better) == mid_p(better, worse)


def test_no_differences_give_no_width():
    assert interval(np.array([[0, 1]] * 30), np.random.default_rng(1)) == (0.0, 0.0)


def test_intervals_cover_the_true_gain():
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        difference = generator.choice([-1, 0, 1], size=400, p=[0.1, 0.7, 0.2])
        sums = np.column_stack([difference, np.ones(400, int)])
        low, high = interval(sums, generator)
        covered += low <= 0.1 <= high
    assert 0.92 <= covered / 300 <= 0.98


def test_the_table_for_readers_says_gain_in_points(tmp_path):
    write_run(tmp_path, THETA_HAT, [True] * 75 + [False] * 25)
    write_run(tmp_path, THETA, [True] * 40 + [False] * 60)
    table = gains([(THETA_HAT, THETA), (THETA, THETA_HAT)], tmp_path, seed=1)
    grid = gains_table(table, "Gains", {"museum": "Museum"}, {"vgg19": "VGG19"})
    first, second = ([cell.text for cell in row] for row in grid.groups[0])
    assert first[:4] == ["type", "VGG19", "museum net + off the shelf", "photos + off the shelf"]
    assert first[4:7] == ["75.00", "40.00", "+35.00"]
    assert second[6] == "−35.00"
    assert "**+35.00**" in markdown(grid)
