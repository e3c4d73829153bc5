"""What runs get right, as estimates: which test objects count as the same, and which as one."""

import numpy as np
import pandas as pd
import pytest
from art_transfer.report import estimates, runs
from art_transfer.report.statistics import Estimate, mid_p
from art_transfer.settings import Run

RIGHT = np.arange(200) < 140
WRONG = np.arange(200) < 20


def width(estimate: Estimate) -> float:
    return float(np.ptp(estimate.interval()))


def made(right, objects: str = "one", groups=None) -> runs.Tested:
    return runs.Tested(objects, np.asarray(right, bool), groups)


def gain_of(tested: list[runs.Tested]) -> Estimate:
    """Of something that is better by the objects that are right."""
    return estimates.difference(
        tested, [made(np.zeros(200), t.objects, t.groups) for t in tested], "k"
    )


@pytest.mark.parametrize("estimate", [lambda tested: estimates.accuracy_of(tested, "k"), gain_of])
def test_seeds_on_the_same_test_objects_do_not_make_these_more(estimate):
    one = width(estimate([made(RIGHT)]))
    for seeds in (2, 4):
        same = [made(RIGHT) for _ in range(seeds)]
        own = [made(RIGHT, str(seed)) for seed in range(seeds)]
        assert width(estimate(same)) == pytest.approx(one, rel=0.1)
        assert width(estimate(own)) == pytest.approx(one / seeds**0.5, rel=0.1)


@pytest.mark.parametrize("estimate", [lambda tested: estimates.accuracy_of(tested, "k"), gain_of])
def test_near_duplicates_count_as_one(estimate):
    fives = np.repeat(np.arange(40), 5)
    alone, together = (width(estimate([made(RIGHT, groups=g)])) for g in (None, fives))
    assert together == pytest.approx(alone * 5**0.5, rel=0.1)


def test_each_cell_has_the_interval_of_its_own_random_numbers():
    keys = [("museum", "type", "vgg19", init, "fine_tuning") for init in ("b", "a")]
    seeds = [made(np.arange(200) < n, str(n)) for n in (120, 140, 150)]
    table = pd.DataFrame(
        [(*key, one) for key in keys for one in seeds], columns=[*runs.CELL, "tested"]
    )
    table = estimates.with_intervals(pd.DataFrame(keys, columns=runs.CELL), table)
    found = list(zip(table["accuracy_low"], table["accuracy_high"], strict=True))
    assert found == [estimates.accuracy_of(seeds, *key).interval() for key in keys]
    assert found[0] != found[1]


def test_runs_that_cannot_be_compared_are_named():
    pair = [Run("m", "type", "vgg19", init, "fine_tuning", 1) for init in ("a", "b")]
    tested = {"a": made(RIGHT), "b": made(WRONG)}
    assert estimates.tested_of([tuple(pair)], lambda run: tested[run.init]) == (
        [tested["a"]],
        [tested["b"]],
    )
    tested["b"] = made(WRONG, "others")
    with pytest.raises(ValueError) as caught:
        estimates.tested_of([tuple(pair)], lambda run: tested[run.init])
    names = f"{pair[0].folder} and {pair[1].folder}"
    assert str(caught.value) == f"{names} were tested on different objects"


def test_the_p_value_is_mcnemars_where_objects_stand_alone_and_there_is_one_seed():
    better, worse = made(RIGHT), made(np.arange(200) >= 130)
    assert estimates.discordant([better], [worse]) == (130, 60)
    assert estimates.discordant([better] * 2, [worse] * 2) == (260, 120)
    gain = estimates.difference([better], [worse], "k")
    assert estimates.p_unlike(gain, [better], [worse]) == mid_p(130, 60)
    assert estimates.p_unlike(gain, [better] * 2, [worse] * 2) == gain.p_unlike(0.0)
    grouped = made(RIGHT, groups=np.arange(200) // 2)
    assert estimates.p_unlike(gain, [grouped], [worse]) == gain.p_unlike(0.0)
