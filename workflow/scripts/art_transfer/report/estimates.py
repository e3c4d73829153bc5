"""What runs get right, as estimates: of an accuracy, and of one way to train against another."""

from collections.abc import Callable, Sequence

import pandas as pd

from art_transfer.report import statistics
from art_transfer.report.runs import CELL, Tested
from art_transfer.settings import Run


def with_intervals(cells: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The cells of a table (``tables.cells``) with the 95 % interval of their accuracies.

    ``runs`` as ``runs.read_runs`` gives them. Adds ``accuracy_low`` and ``accuracy_high``.
    """
    spans = {
        key: accuracy_of(list(tested), *key).interval()
        for key, tested in runs.groupby(CELL, sort=False)["tested"]
    }
    found = [spans[tuple(key)] for key in cells[CELL].to_numpy()]
    low, high = zip(*found, strict=True)
    return cells.assign(accuracy_low=low, accuracy_high=high)


def tested_of(
    members: Sequence[tuple[Run, Run]], read: Callable[[Run], Tested]
) -> tuple[list[Tested], list[Tested]]:
    """What each side of some pairs of runs, one pair a seed, gets right.

    Raises ValueError where the runs of a pair were not tested on the same objects.
    """
    of, over = ([read(run) for run in side] for side in zip(*members, strict=True))
    for pair, first, second in zip(members, of, over, strict=True):
        if first.objects != second.objects:
            names = " and ".join(run.folder for run in pair)
            raise ValueError(f"{names} were tested on different objects")
    return of, over


def folders(members: Sequence[tuple[Run, Run]]) -> tuple[str, str]:
    """The run folders of each side of some pairs of runs, parted by spaces.

    They name the random numbers of ``difference``, so that it is the same in every table.
    """
    of, over = (" ".join(run.folder for run in side) for side in zip(*members, strict=True))
    return of, over


def accuracy_of(tested: Sequence[Tested], *key: object) -> statistics.Estimate:
    """The accuracy over seeds; ``key`` names its random numbers."""
    return statistics.accuracy(
        [each.right for each in tested],
        statistics.generator(*key),
        shared=len({each.objects for each in tested}) == 1,
        groups=[each.groups for each in tested],
    )


def difference(
    of: Sequence[Tested],
    over: Sequence[Tested],
    *key: object,
    weights: Sequence[statistics.Floats] | None = None,
) -> statistics.Estimate:
    """The gain of the one side over the other; ``key`` names its random numbers (``folders``).

    ``weights`` has for each seed those of its objects.
    """
    return statistics.difference(
        [tested.right for tested in of],
        [tested.right for tested in over],
        statistics.generator(*key),
        shared=len({tested.objects for tested in of}) == 1,
        groups=[tested.groups for tested in of],
        weights=weights,
    )


def discordant(of: Sequence[Tested], over: Sequence[Tested]) -> tuple[int, int]:
    """How many predictions only the one side, and only the other, gets right."""
    sides = list(zip(of, over, strict=True))
    return (
        sum(int((a.right & ~b.right).sum()) for a, b in sides),
        sum(int((b.right & ~a.right).sum()) for a, b in sides),
    )


def p_unlike(gain: statistics.Estimate, of: Sequence[Tested], over: Sequence[Tested]) -> float:
    """Two-sided p value against no gain: McNemar's mid-p for one seed, the bootstrap's for more.

    McNemar's test is about two networks; with several seeds it is asked about ways to train them.
    It takes objects one by one, so that the bootstrap answers where near-duplicates are among them.
    """
    if len(of) == 1 and of[0].groups is None:
        return statistics.mid_p(*discordant(of, over))
    return gain.p_unlike(0.0)
