"""The statistics against known truths: simulated studies, hand-made tables, other libraries."""

import numpy as np
import pytest
from art_transfer.report import statistics
from art_transfer.report.statistics import (
    Span,
    accuracy,
    cohens_h,
    difference,
    generator,
    holm,
    mid_p,
    printed,
    wilson,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import ttost_paired

STUDIES = 1000
RIGHT = [np.arange(90) < n for n in (60, 66, 75)]
OVER = [np.arange(90) >= n for n in (60, 20, 25)]
THREES = [np.arange(90) // 3] * 3


@pytest.fixture
def fewer_draws(monkeypatch):
    """Enough for the coverage of an interval, and ten times as fast."""
    monkeypatch.setattr(statistics, "RESAMPLES", 1000)


def coverage(make, truth, studies=STUDIES):
    """The share of simulated studies whose interval holds the truth."""
    spans = [make().interval() for _ in range(studies)]
    return np.mean([low <= truth <= high for low, high in spans])


@pytest.mark.parametrize(("n", "truth"), [(300, 0.5), (200, 0.92), (400, 0.07)])
def test_intervals_cover_a_known_accuracy(fewer_draws, n, truth):
    random = np.random.default_rng(n)
    covered = coverage(lambda: accuracy([random.random(n) < truth], random), truth)
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize(("n", "worse", "better"), [(40, 0.1, 0.2), (400, 0.1, 0.2)])
def test_intervals_cover_a_known_gain(fewer_draws, n, worse, better):
    random = np.random.default_rng(n)

    def study():
        drawn = random.random(n)
        return difference([drawn < better], [drawn > 1 - worse], random)

    assert 0.93 <= coverage(study, better - worse) <= 0.97


@pytest.mark.parametrize(("seeds", "spread"), [(3, 1), (3, 3), (5, 1)])
def test_intervals_over_seeds_and_objects_cover_a_known_accuracy(fewer_draws, seeds, spread):
    """``spread`` between seeds in units of the error that 300 test objects have."""
    random, n = np.random.default_rng(10 * seeds + spread), 300
    between = spread * np.sqrt(0.7 * 0.3 / n)

    def study():
        truths = 0.7 + between * random.standard_normal(seeds)
        return accuracy([random.random(n) < truth for truth in truths], random)

    assert 0.93 <= coverage(study, 0.7) <= 0.98


@pytest.mark.parametrize(("seeds", "n"), [(10, 30), (5, 77)])
def test_intervals_over_seeds_that_differ_by_their_objects_alone(fewer_draws, seeds, n):
    """Few objects a seed, nearly all right: what is added to each must not add up."""
    random = np.random.default_rng(seeds)
    make = lambda: accuracy([random.random(n) < 0.95 for _ in range(seeds)], random)  # noqa: E731
    assert coverage(make, 0.95) > 0.94
    certain = accuracy([np.ones(n)] * seeds, random)
    assert certain.interval()[1] > 0.99


def test_three_seeds_that_agree_have_the_p_of_two_degrees_of_freedom():
    """By hand: gains of 8, 11 and 9 of 46 have t = 10.6, and p = 0.009; objects alone, 0.0002."""
    of = [np.arange(46) < won for won in (10, 13, 12)]
    over = [np.arange(46) >= 46 - lost for lost in (2, 2, 3)]
    assert 0.006 < difference(of, over, generator("k")).p_unlike(0) < 0.013


def test_seeds_that_share_their_test_objects_do_not_make_these_more(fewer_draws):
    """Five networks that agree object by object are as sure of the objects as one."""
    right = np.random.default_rng(0).random(300) < 0.7
    one, five = (
        np.ptp(accuracy([right] * s, generator(s), shared=True).interval()) for s in (1, 5)
    )
    own = np.ptp(accuracy([right] * 5, generator(5)).interval())
    assert five == pytest.approx(one, rel=0.15)
    assert own < 0.6 * one


def test_near_duplicates_are_drawn_together(fewer_draws):
    """Objects that come in groups, right or wrong together, are as many as the groups."""
    random, truth = np.random.default_rng(7), 0.7

    def study(grouped):
        groups = np.repeat(np.arange(120), random.integers(1, 6, 120))
        right = (random.random(120) < truth)[groups]
        return accuracy([right], random, groups=[groups] if grouped else None)

    assert 0.93 <= coverage(lambda: study(True), truth) <= 0.97
    assert coverage(lambda: study(False), truth, 200) < 0.8


def width(estimate):
    low, high = estimate.interval()
    return high - low


def test_copies_of_objects_add_nothing_to_a_difference():
    pairs = [RIGHT[0]], [OVER[1]]
    copies = [[np.repeat(right, 3) for right in half] for half in pairs]
    alone = width(difference(*pairs, generator(1)))
    together = difference(*copies, generator(2), groups=[np.repeat(np.arange(90), 3)])
    assert width(together) == pytest.approx(alone, rel=0.1)
    assert width(difference(*copies, generator(3))) < 0.7 * alone


def test_two_seeds_add_no_objects_where_they_share_them():
    alone = width(accuracy(RIGHT[:1], generator(1)))
    twice = [RIGHT[0], RIGHT[0]]
    assert width(accuracy(twice, generator(2), shared=True)) == pytest.approx(alone, rel=0.1)
    assert width(accuracy(twice, generator(3))) < 0.85 * alone


def test_agreement_of_few_objects_proves_nothing():
    nothing = difference([[1] * 30], [[1] * 30], generator(0))
    low, high = nothing.interval()
    assert nothing.value == 0 and low < -0.03 and high > 0.03
    assert nothing.p_equivalent(0.01) > 0.05


def test_the_same_key_gives_the_same_draws_and_another_other_ones():
    right = [[1] * 60 + [0] * 40]
    one, again, other = (accuracy(right, generator("a", key)).draws for key in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


@pytest.mark.parametrize(
    ("make", "options", "low", "high", "p_above", "p_below"),
    [
        (accuracy, {}, 0.5348166612, 0.9507510317, 507, 1880),
        (accuracy, {"shared": True}, 0.5179852379, 0.9557892440, 712, 2020),
        (accuracy, {"shared": True, "groups": THREES}, 0.4893093435, 0.9806372370, 988, 2549),
        (difference, {}, -0.3569249173, 0.6145156993, 10_001, 131),
        (difference, {"shared": True}, -0.3675702545, 0.6404864510, 9702, 143),
    ],
)
def test_an_interval_over_seeds_is_the_same_on_every_host(
    make, options, low, high, p_above, p_below
):
    found = make(*((RIGHT,) if make is accuracy else (RIGHT, OVER)), generator("k", 1), **options)
    assert found.value == pytest.approx(67 / 90 if make is accuracy else 12 / 90)
    assert found.interval() == pytest.approx((low, high), abs=1e-9)
    assert found.p_above(0.6) == pytest.approx(p_above / 10_001)
    assert found.p_below(0.8) == pytest.approx(p_below / 10_001)


@pytest.mark.parametrize(
    ("groups", "low", "high", "p_above", "p_below", "p_unlike"),
    [
        (None, 53 / 94, 71 / 94, 1154, 22, 4538),
        (THREES[:1], 0.4897959184, 0.8152173913, 2398, 448, 6390),
    ],
)
def test_an_interval_of_one_seed_is_the_same_on_every_host(
    groups, low, high, p_above, p_below, p_unlike
):
    found = accuracy(RIGHT[:1], generator("k", 1), groups=groups)
    assert found.value == pytest.approx(2 / 3)
    assert found.interval() == pytest.approx((low, high), abs=1e-9)
    assert found.p_above(0.6) == pytest.approx(p_above / 10_001)
    assert found.p_below(0.8) == pytest.approx(p_below / 10_001)
    assert found.p_unlike(0.62) == pytest.approx(p_unlike / 10_001)
    assert found.p_equivalent(0.1, 0.7) == max(found.p_above(0.6), found.p_below(0.8))
    assert found.p_equivalent(0.7) == found.p_below(0.7)


def test_draws_equal_to_a_bound_count_for_both_sides():
    estimate = statistics.Estimate(1.0, np.array([[0.0, 1.0, 1.0, 2.0]]))
    assert (estimate.p_above(1.0), estimate.p_below(1.0)) == (4 / 5, 4 / 5)
    assert (estimate.p_unlike(1.0), estimate.p_unlike(2.5)) == (1.0, 2 / 5)


def test_pairs_of_unlike_lengths_are_no_gain():
    with pytest.raises(ValueError, match="zip"):
        difference([[1, 0]] * 2, [[1, 0]], generator("k"))
    with pytest.raises(ValueError, match="zip"):
        accuracy([[1, 0]] * 2, generator("k"), groups=[None])


def test_draws_are_possible_numbers():
    """Student's tails of few seeds reach beyond what an accuracy or a difference can be."""
    all_right, half = [np.ones(9)] * 3, [np.ones(9), np.zeros(9), np.ones(9)]
    for draws, least in (
        (accuracy(half, generator("k")).draws, 0),
        (difference(half, half[::-1], generator("k")).draws, -1),
        (difference(half, [1 - h for h in half], generator("k")).draws, -1),
        (accuracy(all_right, generator("k"), shared=True).draws, 0),
    ):
        assert draws.shape[1] == statistics.RESAMPLES
        assert least <= draws.min() and draws.max() <= 1
    spread = accuracy(half, generator("k")).draws
    assert (spread.min(), spread.max()) == (0, 1)


def test_a_weighted_difference_is_that_of_objects_that_are_there_as_often():
    """Half of the objects count three times: the mean, and the spread of a ratio of two sums."""
    rng = np.random.default_rng(1)
    of, over = rng.random((2, 4000)) < [[0.7], [0.4]]
    weights = np.repeat([1.0, 3.0], 2000)
    found = difference([of], [over], generator("k"), weights=[weights])
    gains = of.astype(int) - over
    assert found.value == pytest.approx(np.average(gains, weights=weights))
    spread = np.sqrt((weights**2 * (gains - found.value) ** 2).sum()) / weights.sum()
    low, high = found.interval()
    assert high - low == pytest.approx(2 * 1.96 * spread, rel=0.04)
    same = difference([of], [over], generator("k"), weights=[np.full(4000, 7.0)])
    plain = difference([of], [over], generator("k"))
    assert same.value == pytest.approx(plain.value)
    assert same.interval() == pytest.approx(plain.interval())


def test_weights_leave_seeds_and_groups_in_the_interval():
    rng = np.random.default_rng(2)
    over = [np.zeros(300, bool)] * 3
    of = [rng.random(300) < share for share in (0.1, 0.4, 0.7)]
    weights = [rng.integers(1, 4, 300).astype(float)] * 3
    low, high = difference(of, over, generator("k"), weights=weights).interval()
    assert high - low > 0.7  # with two degrees of freedom, 4.3 x 0.3 / sqrt(3) on each side
    tens = np.repeat(np.arange(30), 10)
    right = np.repeat(rng.random(30) < 0.5, 10)
    alone, grouped = (
        difference([right], over[:1], generator("k"), groups=[g], weights=weights[:1]).interval()
        for g in (None, tens)
    )
    assert grouped[1] - grouped[0] > 2.5 * (alone[1] - alone[0])
    low, high = difference([[1, 1]], [[0, 0]], generator("k"), weights=[np.ones(2)]).interval()
    assert low < 0.5 and high == 1  # two objects that agree prove nothing


def test_wilson_s_interval_is_the_published_formula_s():
    z = 1.959963985
    for right, n in ((9, 10), (180, 200)):
        share = right / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        assert wilson(right, n) == pytest.approx((centre - half, centre + half))
    found = printed(0.9, 200)
    assert found == Span(0.9, *map(float, wilson(180, 200)))
    for nobody in (0, -1, np.nan):
        span = printed(0.9, nobody)
        assert span.value == 0.9 and np.isnan([span.low, span.high]).all()


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 50))
def test_mcnemar_agrees_with_statsmodels(better, worse, both):
    exact = mcnemar([[both, better], [worse, both]], exact=True).pvalue
    found = mid_p(better, worse)
    assert found == mid_p(worse, better)
    if better == worse:
        assert found == pytest.approx(1.0) == exact
    else:
        assert found == pytest.approx(exact - binom.pmf(better, better + worse, 0.5))


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [
        (0, 0, 1.0),
        # by hand: 2 * P(X <= 1) - P(X = 1) for X ~ Binomial(6, 1/2) = 2 * 7/64 - 6/64
        (5, 1, 8 / 64),
        # Fagerland et al. (2013), table 1: airway hyper-responsiveness, 1 and 7 discordant pairs
        (1, 7, 0.0391),
        # the same paper's complete response, 6 and 16 discordant pairs
        (6, 16, 0.0347),
    ],
)
def test_mid_p_is_fagerland_s(better, worse, p):
    assert mid_p(better, worse) == pytest.approx(p, abs=5e-5)


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.03, 0.4 times 4, 3, 2, 1, and never less than the one before
    assert holm([0.03, 0.01, 0.4, 0.02]) == pytest.approx([0.06, 0.04, 0.4, 0.06])
    assert holm([]) == []


@pytest.mark.parametrize(("better", "worse"), [(60, 60), (80, 60), (100, 60), (140, 60)])
def test_equivalence_agrees_with_statsmodels_where_both_can_tell(better, worse):
    of = np.array([1] * better + [0] * worse + [1] * (10_000 - better - worse))
    over = np.array([0] * better + [1] * worse + [1] * (10_000 - better - worse))
    expected = ttost_paired(of, over, -0.005, 0.005)[0]
    found = difference([of], [over], generator(better)).p_equivalent(0.005)
    assert found == pytest.approx(expected, abs=0.02)
    assert (found < 0.05) == (expected < 0.05)


def test_equivalence_is_the_90_percent_interval_within_the_margins():
    found = difference([[1] * 950 + [0] * 50], [[0] * 40 + [1] * 910 + [0] * 50], generator(1))
    low, high = found.interval(0.90)
    assert found.p_equivalent(high + 0.001) < 0.05 < found.p_equivalent(high - 0.001)
    assert low > 0, "a difference, and yet within a wide margin"


def test_spans_are_newcombe_s():
    theirs, ours = printed(0.9223, 11_000), printed(0.9123, 10_000)
    found = ours - theirs
    low, high = confint_proportions_2indep(9123, 10_000, 0.9223 * 11_000, 11_000, method="newcomb")
    assert found.value == pytest.approx(-0.01)
    assert (found.low, found.high) == pytest.approx((low, high))
    unknown = ours - printed(0.9, np.nan)
    assert unknown.value == pytest.approx(0.0123) and np.isnan([unknown.low, unknown.high]).all()
    certain = Span(0.5, 0.4, 0.7) - Span(0.3, 0.3, 0.3)
    assert (certain.low, certain.high) == pytest.approx((0.1, 0.4))


def test_cohen_s_h_by_hand():
    assert cohens_h(0.5, 0.25) == pytest.approx(np.pi / 2 - np.pi / 3)
    assert cohens_h(0.25, 0.5) == -cohens_h(0.5, 0.25)
