"""How sure the study is: intervals, tests and effect sizes, from plain arrays to plain numbers.

Nothing here knows of runs or files. What each interval means to a reader: ``docs/statistics.md``.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# scipy and statsmodels are imported where they are used: tables need neither, and they take a
# second or two.

Floats = NDArray[np.float64]
Values = NDArray[Any]
"""One run's outcome by test object: right or wrong (0, 1), or a difference of two (-1, 0, 1)."""

RESAMPLES = 10_000
LEVEL = 0.95
ALPHA = 0.05
_CHUNK = 4_000_000  # numbers drawn at a time, so that memory stays small

_OF_ACCURACY = (0, 0, 1, 1)
_OF_DIFFERENCE = (-1, 1)
"""Objects that are added before drawing: two right and two wrong ones (Agresti and Coull 1998), or
one won and one lost (Bonett and Price 2012, doi:10.3102/1076998611411915). Without them thirty
objects that two networks agree on would give an interval of no width, and prove anything."""


@dataclass(frozen=True)
class Estimate:
    """A number, and others that the same study might have found in its place.

    ``draws`` (ways to draw, RESAMPLES): what is said is what the most careful way says, at each
    level anew, for one that is wider at 95 % may have the shorter tails.
    """

    value: float
    draws: Floats

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The bounds that this share of the draws lies between, with equal tails."""
        tail = 50 * (1 - level)
        bounds = np.percentile(self.draws, [tail, 100 - tail], axis=1)
        low, high = bounds[:, np.argmax(bounds[1] - bounds[0])]
        return float(low), float(high)

    def p_above(self, bound: float) -> float:
        """One-sided p value against the number being ``bound`` or less."""
        return self._p(self.draws <= bound)

    def p_below(self, bound: float) -> float:
        """One-sided p value against the number being ``bound`` or more."""
        return self._p(self.draws >= bound)

    def _p(self, beyond: NDArray[np.bool_]) -> float:
        return float((1 + beyond.sum(axis=1).max()) / (1 + beyond.shape[1]))

    def p_unlike(self, bound: float) -> float:
        """Two-sided p value against the number being ``bound``."""
        return min(1.0, 2 * min(self.p_above(bound), self.p_below(bound)))

    def p_equivalent(self, margin: float, to: float = 0.0) -> float:
        """TOST: the p value against being ``margin`` or more away from ``to``, on either side.

        Two one-sided tests, the larger p; below 0.05 just where the 90 % interval lies within the
        margins. By the bootstrap, since statsmodels' ``ttost_paired`` knows neither seeds nor
        near-duplicates; where there are none of both, the two agree.
        """
        return max(self.p_above(to - margin), self.p_below(to + margin))


def generator(*key: object) -> np.random.Generator:
    """Random numbers of this key's own, whatever else is drawn."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def accuracy(
    right: Sequence[Values],
    random: np.random.Generator,
    shared: bool = False,
    groups: Sequence[NDArray[np.int64] | None] | None = None,
) -> Estimate:
    """The accuracy (0-1) of one way to train, from one array of right (1) and wrong (0) a seed.

    One seed: bootstrap over test objects. Several, each with its own test objects: see
    ``_of_seeds``; ``shared`` says that all were tested on the same objects in the same order.
    ``groups`` has for each array the group of near-duplicates that each object belongs to, or
    None: then groups are drawn, not objects.
    """
    return _estimate([np.asarray(r, int) for r in right], _OF_ACCURACY, random, shared, groups)


def difference(
    right_of: Sequence[Values],
    right_over: Sequence[Values],
    random: np.random.Generator,
    shared: bool = False,
    groups: Sequence[NDArray[np.int64] | None] | None = None,
    weights: Sequence[Floats] | None = None,
) -> Estimate:
    """The accuracy of one way to train minus another's, paired object by object; see ``accuracy``.

    The arrays of a seed are of the same test objects in the same order. ``weights`` has for each
    seed those of its objects, and the accuracies are weighted means.
    """
    values = [
        np.asarray(of, int) - np.asarray(over, int)
        for of, over in zip(right_of, right_over, strict=True)
    ]
    return _estimate(values, _OF_DIFFERENCE, random, shared, groups, weights)


def _estimate(
    values: Sequence[Values],
    added: Sequence[int],
    random: np.random.Generator,
    shared: bool,
    groups: Sequence[NDArray[np.int64] | None] | None,
    weights: Sequence[Floats] | None = None,
) -> Estimate:
    """The mean over seeds of each seed's mean, and its draws."""
    of = list(groups) if groups is not None else [None] * len(values)
    by = list(weights) if weights is not None else [None] * len(values)
    means = np.array([np.average(v, weights=w) for v, w in zip(values, by, strict=True)])
    mean = float(means.mean())
    if shared and len(values) > 1:
        objects = _objects(np.column_stack(values), of[0], by[0], added, random).mean(axis=1)
        draws = (objects + _seeds(means, random))[None]
    else:
        each = zip(values, of, by, strict=True)
        drawn = [_objects(v[:, None], g, w, added, random) for v, g, w in each]
        draws = _of_seeds(means, np.hstack(drawn), random)
    return Estimate(mean, np.clip(draws, min(added), max(added)))


def _objects(
    values: Values,
    groups: NDArray[np.int64] | None,
    weights: Floats | None,
    added: Sequence[int],
    random: Any,
) -> Floats:
    """Means of objects drawn anew: ``values`` (objects, seeds) give draws (RESAMPLES, seeds).

    Objects with equal rows are alike, so that drawing objects is drawing how often each kind of
    row occurs: a multinomial, however large the test set. A group of objects is one row, its sum
    and its size; an object counts as much as its weight, and those ``added`` as much as the mean.
    """
    sizes: Values = np.ones((len(values), 1), int) if weights is None else weights[:, None]
    rows = np.hstack([values * sizes, sizes])
    if groups is not None:
        _, place = np.unique(groups, return_inverse=True)
        sums = np.zeros((int(np.max(place)) + 1, rows.shape[1]), rows.dtype)
        np.add.at(sums, place, rows)
        rows = sums
    size = 1 if weights is None else float(weights.mean())
    rows = np.vstack([rows, [[value * size] * values.shape[1] + [size] for value in added]])
    # numpy finds equal rows by sorting, ten times as fast where a row is one number
    alone = groups is None and weights is None and values.shape[1] == 1
    kinds, counts = np.unique(rows[:, 0] if alone else rows, axis=0, return_counts=True)
    if alone:
        kinds = np.column_stack([kinds, np.ones_like(kinds)])
    step, parts = max(1, _CHUNK // len(kinds)), []
    for start in range(0, RESAMPLES, step):
        number = min(step, RESAMPLES - start)
        drawn = random.multinomial(counts.sum(), counts / counts.sum(), size=number) @ kinds
        parts.append(drawn[:, :-1] / drawn[:, -1:])
    return np.concatenate(parts)


def _of_seeds(means: Floats, drawn: Floats, random: np.random.Generator) -> Floats:
    """Draws of the mean over seeds, each with its own split.

    ``means`` of the seeds, ``drawn`` their means over objects drawn anew (RESAMPLES, seeds).
    Draws (1 or 2, RESAMPLES): of objects alone, and where there are several seeds of both. Then
    seeds are drawn anew and within each its objects (Bouthillier et al. 2021, arXiv 2103.03098).
    With few seeds such draws have the wrong width, for the spread between s seeds is known from
    s - 1 differences only, and has the sampling of objects in it already (Davison and Hinkley
    1997, section 3.8): of 1,000 intervals from three seeds, 780 to 980 covered the truth. So the
    draws are given the variance that is due, that between seeds over s, and Student's tails. Seeds
    that happen to agree would make these too narrow, and so the objects alone stand beside them.
    """
    seeds = len(means)
    alone = drawn.mean(axis=1)
    if seeds == 1:
        return alone[None]
    # What was added draws each seed's mean aside; the mean of all has room for one seed's share.
    alone += (means.mean() - alone.mean()) * (1 - 1 / seeds)
    picks = random.integers(seeds, size=(RESAMPLES, seeds))
    places = (np.arange(RESAMPLES)[:, None] + np.arange(seeds)) % RESAMPLES  # a seed drawn twice
    both = drawn[places, picks].mean(axis=1)
    due = means.std(ddof=1) / np.sqrt(seeds)
    both = means.mean() + (both - both.mean()) * (due / both.std()) * _tails(seeds, random)
    return np.stack([alone, both])


def _seeds(means: Floats, random: np.random.Generator) -> Floats:
    """What drawing seeds anew adds to a mean whose test objects all seeds share."""
    seeds = len(means)
    drawn = means[random.integers(seeds, size=(RESAMPLES, seeds))].mean(axis=1) - means.mean()
    return drawn * np.sqrt(seeds / (seeds - 1)) * _tails(seeds, random)


def _tails(seeds: int, random: np.random.Generator) -> Floats:
    """Factors that turn normal draws into Student's with ``seeds`` - 1 degrees of freedom."""
    return np.sqrt((seeds - 1) / random.chisquare(seeds - 1, RESAMPLES))


def mid_p(better: int, worse: int) -> float:
    """McNemar's mid-p value, two-sided, of so many objects for the one and for the other.

    Fagerland, Lydersen and Laake (2013), doi:10.1186/1471-2288-13-91: statsmodels' exact p value
    less the probability of what was seen.
    """
    from scipy.stats import binom

    n, fewer = better + worse, min(better, worse)
    return float(2 * binom.cdf(fewer, n, 0.5) - binom.pmf(fewer, n, 0.5)) if n else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction for so many tests; none give none."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p_values, method="holm")[1].tolist() if len(p_values) else []


def cohens_h(of: float, over: float) -> float:
    """Effect size of two accuracies (0-1): 0.2 is called small, 0.5 medium, 0.8 large."""
    from statsmodels.stats.proportion import proportion_effectsize

    return float(
        proportion_effectsize(*np.clip([of, over], 0, 1))
    )  # means may end beyond, by 1e-16


@dataclass(frozen=True)
class Span:
    """A number with its 95 % interval; NaN where nothing is known."""

    value: float
    low: float
    high: float

    def __sub__(self, other: "Span") -> "Span":
        """The difference of two independent numbers: Newcombe's method 10.

        Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
        """
        value = self.value - other.value
        down = np.hypot(self.value - self.low, other.high - other.value)
        up = np.hypot(self.high - self.value, other.value - other.low)
        return Span(value, value - float(down), value + float(up))


def printed(share: float, n: float) -> Span:
    """An accuracy (0-1) of which only the number is known, on ``n`` objects: Wilson's interval."""
    if not n > 0:
        return Span(share, np.nan, np.nan)
    low, high = wilson(share * n, n)
    return Span(share, float(low), float(high))


def wilson(right: Any, n: Any) -> tuple[Any, Any]:
    """Wilson's 95 % interval (0-1) of so many right ones of ``n``: two numbers, or two arrays."""
    from statsmodels.stats.proportion import proportion_confint

    return proportion_confint(right, n, alpha=1 - LEVEL, method="wilson")
