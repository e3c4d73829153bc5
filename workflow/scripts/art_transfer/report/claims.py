"""What becomes of each claim: supported, contradicted or undecided, and by which numbers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from art_transfer.report import statistics
from art_transfer.report.claim_files import Cell, Claim, Comparison, Share
from art_transfer.report.datasets import EVERYWHERE
from art_transfer.report.estimates import accuracy_of, difference, folders, p_unlike, tested_of
from art_transfer.report.gains import p_value
from art_transfer.report.grid import Cell as Text
from art_transfer.report.grid import Grid, points
from art_transfer.report.runs import Tested
from art_transfer.report.statistics import ALPHA, Estimate
from art_transfer.settings import Run

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"

TESTS = [
    *["id", "comparison", "outcome", "estimate", "low", "high", "margin", "seeds", "n"],
    *["p", "p_holm", "p_opposite_holm", "cohens_h", "evidence"],
]
"""Columns of the table of comparisons; ``outcome`` is ``holds``, ``opposite``, ``open`` or
``not run``."""

VERDICTS = [
    *["id", "kind", "verdict", "estimate", "low", "high", "margin", "seeds", "n", "p"],
    *["holds", "opposite", "comparisons", "needed", "sentence", "quote", "page", "evidence"],
]
"""Columns of the table of claims; the numbers are those of the comparison that decides."""

Read = Callable[[Run], Tested]
Row = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What one comparison gave; p values before Holm's correction."""

    estimate: float
    low: float
    high: float
    p: float  # of what the claim says
    p_opposite: float
    cohens_h: float
    seeds: int
    n: int
    evidence: str


def compare(
    comparison: Comparison, margin: float, runs: Sequence[Run], read: Read
) -> Outcome | None:
    """What the runs of the study, those in ``runs``, say of a comparison of cells.

    None where one side was not run. The estimate is left minus right, paired object by object.
    """
    left, right = comparison.left, comparison.right
    assert isinstance(left, Cell)
    ours = [run for run in runs if run == left.run(run.seed)]
    if isinstance(right, Cell):
        pairs = [(run, right.run(run.seed)) for run in ours if right.run(run.seed) in runs]
        if not pairs:
            return None
        of, over = tested_of(pairs, read)
        found = difference(of, over, *folders(pairs))
        p, level = p_unlike(found, of, over), float(np.mean([t.right.mean() for t in over]))
        used = [run for pair in pairs for run in pair]
    else:
        if not ours:
            return None
        of, level, used = [read(run) for run in ours], right, ours
        found = _minus(accuracy_of(of, left), level)
        p = found.p_unlike(0.0)
    return Outcome(
        found.value,
        *found.interval(),
        *_p_values(comparison.operator, found, p, margin),
        statistics.cohens_h(found.value + level, level),
        len(of),
        sum(len(tested.right) for tested in of),
        " ".join(run.folder for run in used),
    )


def _minus(found: Estimate, number: float) -> Estimate:
    return Estimate(found.value - number, found.draws - number)


def _p_values(operator: str, found: Estimate, p: float, margin: float) -> tuple[float, float]:
    """The p values of what is claimed and of its opposite; ``p`` is two-sided, against zero."""
    if operator == "~":
        beyond = min(found.p_above(margin), found.p_below(-margin))
        return found.p_equivalent(margin), min(1.0, 2 * beyond)
    if operator == ">=":
        return found.p_above(-margin), found.p_below(-margin)
    above = (p if found.value > 0 else 1.0), (p if found.value < 0 else 1.0)
    return above if operator == ">" else above[::-1]


def compare_share(comparison: Comparison, shares: pd.DataFrame, margin: float) -> Outcome | None:
    """What is known of common classes; they are counted, and so have no interval."""
    share, number = comparison.left, comparison.right
    assert isinstance(share, Share) and isinstance(number, float)
    here = shares[(shares["collection"] == share.collection) & (shares["task"] == share.task)]
    common = here.loc[here["other_collection"] == share.other, "share_of_classes"]
    if common.empty:
        return None
    off = float(common.iloc[0]) - number
    differs = float(abs(off) > margin + 1e-12)  # as p values: 0 is certain, 1 is ruled out
    n = int(here.loc[here["step"] == EVERYWHERE, "classes"].iloc[0])
    return Outcome(off, off, off, differs, 1 - differs, np.nan, 1, n, "tables/datasets.csv")


def evaluate(
    claims: Iterable[Claim], runs: Sequence[Run], read: Read, shares: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each claim's verdict (columns: VERDICTS) and each comparison's outcome (columns: TESTS).

    ``runs`` are those of the study, ``shares`` its tables/datasets.csv. Within a claim p values
    are corrected after Holm, those of what is claimed and those of the opposite. A claim is
    supported where as many comparisons hold as it needs, contradicted where so many show the
    opposite that the rest cannot be enough, else undecided.
    """
    verdicts, tests = [], []
    for claim in claims:
        rows = _rows(claim, runs, read, shares)
        tests += rows
        verdicts.append(_verdict(claim, rows))
    tables = pd.DataFrame(verdicts, columns=VERDICTS), pd.DataFrame(tests, columns=TESTS)
    for table in tables:
        table[["seeds", "n"]] = table[["seeds", "n"]].astype("Int64")
    return tables


def _rows(claim: Claim, runs: Sequence[Run], read: Read, shares: pd.DataFrame) -> list[Row]:
    """A row of TESTS for each comparison of a claim."""
    outcomes = [
        compare_share(comparison, shares, claim.margin)
        if isinstance(comparison.left, Share)
        else compare(comparison, claim.margin, runs, read)
        for comparison in claim.comparisons
    ]
    known = [outcome for outcome in outcomes if outcome is not None]
    corrected = zip(
        statistics.holm([outcome.p for outcome in known]),
        statistics.holm([outcome.p_opposite for outcome in known]),
        strict=True,
    )
    rows: list[Row] = []
    for comparison, outcome in zip(claim.comparisons, outcomes, strict=True):
        row: Row = {"id": claim.id, "comparison": str(comparison), "words": comparison.words}
        if outcome is None:
            rows.append(row | {"outcome": "not run"})
            continue
        p, opposite = next(corrected)
        name = "holds" if p < ALPHA else "opposite" if opposite < ALPHA else "open"
        row |= {"outcome": name, "margin": _margin(claim, comparison)} | vars(outcome)
        rows.append(row | {"p_holm": p, "p_opposite_holm": opposite})
    return rows


def _margin(claim: Claim, comparison: Comparison) -> float:
    return claim.margin if comparison.operator in ("~", ">=") else np.nan


def _verdict(claim: Claim, rows: Sequence[Row]) -> Row:
    """A row of VERDICTS."""
    outcomes = [row["outcome"] for row in rows]
    count = {name: outcomes.count(name) for name in ("holds", "opposite", "open", "not run")}
    enough = count["holds"] >= claim.needed and bool(rows)
    too_few = len(rows) - count["opposite"] < claim.needed
    verdict = SUPPORTED if enough else CONTRADICTED if too_few else UNDECIDED
    found = {name: getattr(claim, name) for name in ("id", "kind", "quote", "page", "needed")}
    found |= {"verdict": verdict, "comparisons": len(rows)}
    found |= {"holds": count["holds"], "opposite": count["opposite"]}
    run = [row for row in rows if row["outcome"] != "not run"]
    if not run:
        needs = f"Needs {claim.needs}." if claim.needs else "Not run in this study."
        return found | {"sentence": needs, "evidence": ""}
    decides = _deciding(claim, run, verdict, len(rows))
    numbers = ("estimate", "low", "high", "margin", "seeds", "n")
    found |= {name: decides[name] for name in numbers}
    found["p"] = decides["p_opposite_holm" if verdict == CONTRADICTED else "p_holm"]
    evidence = dict.fromkeys(" ".join(row["evidence"] for row in run).split())
    return found | {
        "sentence": f"{_counts(claim, count)} {_numbers(decides)}",
        "evidence": " ".join(evidence),
    }


def _deciding(claim: Claim, run: Sequence[Row], verdict: str, count: int) -> Row:
    """The comparison that a verdict hangs on: the weakest of those that are needed."""
    weaker = {">": -1.0, ">=": -1.0, "<": 1.0, "~": 1.0}[claim.comparisons[0].operator]
    equal = claim.comparisons[0].operator == "~"

    def order(row: Row) -> tuple[float, float]:
        estimate = row["estimate"]
        strength = weaker * (abs(estimate) if equal else estimate)
        if verdict == CONTRADICTED:
            return row["p_opposite_holm"], -strength
        return row["p_holm"], strength

    place = count - claim.needed if verdict == CONTRADICTED else claim.needed - 1
    return sorted(run, key=order)[min(place, len(run) - 1)]


def _counts(claim: Claim, count: Mapping[str, int]) -> str:
    """How many comparisons say what, in one sentence."""
    total = len(claim.comparisons)
    said = [f"holds in {count['holds']} of {total}"]
    said += [f"the opposite in {count['opposite']}"] * (count["opposite"] > 0)
    said += [f"{count['open']} cannot tell"] * (count["open"] > 0)
    said += [f"{count['not run']} not run"] * (count["not run"] > 0)
    need = "" if total == 1 else f" ({claim.needed} needed)"
    return f"{', '.join(said)}{need}.".capitalize()


def _numbers(row: Row) -> str:
    """The deciding comparison in one sentence."""
    known = f"{points(row['estimate'])} points"
    if row["low"] < row["high"]:
        known += f", 95 % interval {points(row['low'])} to {points(row['high'])}"
    return f"It hangs on {row['words']}: {known}."


def claims_table(verdicts: pd.DataFrame) -> Grid:
    """The claims for readers."""
    header = ["Claim", "p.", "Verdict", "Because"]
    header += ["difference", "95 % interval", "margin", "n", "p (Holm)"]
    rows = []
    for row in verdicts.astype(object).where(verdicts.notna(), None).to_dict("records"):
        texts = [row["quote"], row["page"], row["verdict"], row["sentence"]]
        if row["estimate"] is None:
            texts += ["–"] * 5
        else:
            exact = row["low"] == row["high"]
            texts += [points(row["estimate"])]
            texts += ["–" if exact else f"{points(row['low'])} to {points(row['high'])}"]
            texts += ["–" if row["margin"] is None else f"± {100 * row['margin']:g}"]
            texts += [str(row["n"]), "–" if exact else p_value(row["p"])]
        rows.append([Text(text, place == 2) for place, text in enumerate(texts)])
    notes = [
        "Supported: as many comparisons hold at 5 %, after Holm's correction within the claim, as "
        "the claim needs. Contradicted: so many show the opposite that the rest cannot be enough. "
        "Undecided: neither, or not run. The numbers, in percentage points, are those of the "
        "weakest comparison that the verdict needs; claims-tests.csv has all of them.",
        "Differences: McNemar's mid-p for one seed; the bootstrap for several, over seeds and "
        "objects, for a difference to a number, and where near-duplicates are among the objects. "
        "Equality: two one-sided tests against the margin. With one seed a verdict is about these "
        "trained networks, not about training them anew.",
    ]
    return Grid("The claims, one by one", header, 4, [rows], notes)
