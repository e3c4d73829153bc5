"""A file of claims, one a row, in a grammar that one evaluator can check.

``cells`` says what is compared, cells of tables as ``collection/task/backbone/init/method``:

    museum/type/{a,b}/imagenet/fine_tuning > museum/type/*/imagenet/off_the_shelf    two comparisons
    museum/type/a/imagenet/off_the_shelf < museum/type/{b,c}/imagenet/off_the_shelf  two comparisons
    museum/type/{a,b}/imagenet/fine_tuning ~ 0.92                                    with a number
    museum/type & other ~ 0.15                                          share of common classes

``{a,b}`` stands for each of these, ``*`` at the right for what stands at the left in its place.
``>`` and ``<`` claim a difference, ``~`` equality within the margin, ``>=`` at least the other less
the margin. ``test`` says how many comparisons the claim needs: ``all``, ``at_least 3``; or
``needs: ...``, what it would take to decide a claim that no comparison of cells can decide.
"""

import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd

from art_transfer.errors import StudyError
from art_transfer.report.runs import CELL
from art_transfer.settings import Run

CLAIMS = ["id", "quote", "page", "kind", "cells", "test", "margin"]

KINDS = {
    "superiority": (">", "<"),
    "ordering": (">", "<"),
    "equivalence": ("~", ">="),
    "qualitative": ("~",),
}
"""The kinds of claims, and which comparisons each may make."""

MARGIN = 0.01
"""The margin (0-1) of a claim that sets none: one point."""

_STATEMENT = re.compile(r"(?P<left>.+?) (?P<operator>>=|>|<|~) (?P<right>.+)")
_PART = re.compile(r"[a-z0-9_]+|\{[a-z0-9_]+(,[a-z0-9_]+)*\}")
_SHARE = re.compile(r"([a-z0-9_]+)/([a-z0-9_]+) & ([a-z0-9_]+)")


@dataclass(frozen=True)
class Cell:
    """One way to train on one task of one collection, whatever the seed."""

    collection: str
    task: str
    backbone: str
    init: str
    method: str

    def __str__(self) -> str:
        """collection/task/backbone/init/method, as ``cells`` has it."""
        return "/".join(getattr(self, name) for name in CELL)

    @property
    def way(self) -> str:
        """How it is trained, for readers."""
        return f"{self.backbone}, {self.init} + {self.method}"

    def run(self, seed: int) -> Run:
        """Its run of a seed."""
        return Run(self.collection, self.task, self.backbone, self.init, self.method, seed)


@dataclass(frozen=True)
class Share:
    """The share of a collection's classes that another collection has too."""

    collection: str
    task: str
    other: str

    def __str__(self) -> str:
        """As ``cells`` has it."""
        return f"{self.collection}/{self.task} & {self.other}"


@dataclass(frozen=True)
class Comparison:
    """One comparison: ``left operator right``."""

    left: Cell | Share
    operator: str
    right: Cell | float

    def __str__(self) -> str:
        """As ``cells`` has it."""
        return f"{self.left} {self.operator} {self.right}"

    @property
    def words(self) -> str:
        """The comparison for readers."""
        left, right = self.left, self.right
        against = right.way if isinstance(right, Cell) else f"{100 * right:g} %"
        if isinstance(left, Share):
            text = f"{left.collection}, {left.task}: classes that {left.other} has too"
        else:
            text = f"{left.collection}, {left.task}: {left.way}"
        return f"{text} {self.operator} {against}".replace("_", " ")


@dataclass(frozen=True)
class Claim:
    """What a paper says, and which comparisons would show it."""

    id: str
    quote: str
    page: str
    kind: str
    comparisons: tuple[Comparison, ...]
    needed: int  # how many of them must hold
    needs: str  # what it would take instead; empty where comparisons can tell
    margin: float  # 0-1


def read_claims(path: str | Path) -> list[Claim]:
    """Read a file of claims, a CSV with the columns CLAIMS.

    Raises StudyError, naming the file and the row, where one cannot be evaluated.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: expected a CSV of claims: {error}") from error
    if list(table) != CLAIMS:
        raise StudyError(f"{path}: its columns are {list(table)}; expected {CLAIMS}")
    claims: list[Claim] = []
    for number, row in enumerate(table.to_dict("records"), start=2):
        try:
            claim = _claim({str(name): text for name, text in row.items()})
            if claim.id in {other.id for other in claims}:
                raise ValueError(f"`id` is {claim.id!r} once more; expected another name")
        except ValueError as error:
            raise StudyError(f"{path}: row {number}: {error}") from error
        claims.append(claim)
    return claims


def _claim(row: dict[str, str]) -> Claim:
    if row["kind"] not in KINDS:
        raise ValueError(f"`kind` is {row['kind']!r}; expected one of {sorted(KINDS)}")
    comparisons = parse(row["cells"]) if row["cells"] else ()
    operators = {comparison.operator for comparison in comparisons}
    if not operators <= set(KINDS[row["kind"]]):
        raise ValueError(f"`kind` is {row['kind']}, which cannot be shown by {operators.pop()!r}")
    needed, needs = _test(row["test"], len(comparisons))
    margin = float(row["margin"]) if row["margin"] else MARGIN
    if not 0 <= margin < 1:
        raise ValueError(f"`margin` is {margin}; expected a share from 0 to 1")
    names = (row["id"], row["quote"], row["page"], row["kind"])
    return Claim(*names, comparisons, needed, needs, margin)


def _test(text: str, count: int) -> tuple[int, str]:
    """How many comparisons are needed, or what else."""
    if not count:
        if not text.startswith("needs: "):
            raise ValueError("`cells` is empty; expected a `test` that begins with `needs: `")
        return 0, text.removeprefix("needs: ")
    at_least = re.fullmatch(r"at_least ([1-9][0-9]*)", text)
    if text == "all":
        return count, ""
    if at_least is None or int(at_least[1]) > count:
        raise ValueError(f"`test` is {text!r}; expected `all`, or `at_least N` of {count}")
    return int(at_least[1]), ""


def parse(text: str) -> tuple[Comparison, ...]:
    """The comparisons that a statement makes. Raises ValueError that says what is wrong."""
    found = _STATEMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"`cells` is {text!r}; expected LEFT > RIGHT, or with <, >= or ~")
    left, operator, right = found["left"], found["operator"], found["right"]
    number = _number(right)
    share = _SHARE.fullmatch(left)
    if share is not None:
        if number is None or operator != "~":
            raise ValueError(f"`cells` is {text!r}; a share is compared with a number, by ~")
        return (Comparison(Share(*share.groups()), operator, number),)
    if number is not None:
        return tuple(Comparison(cell, operator, number) for cell in _cells(left))
    pairs = [(cell, other) for cell in _cells(left) for other in _cells(right, cell)]
    for cell, other in pairs:
        if cell == other or (cell.collection, cell.task) != (other.collection, other.task):
            raise ValueError(
                f"`cells` compares {cell} with {other}; expected two ways to train on one task of "
                "one collection, which have the same test objects"
            )
    return tuple(Comparison(cell, operator, other) for cell, other in pairs)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _cells(text: str, like: Cell | None = None) -> list[Cell]:
    """The cells of a pattern; ``*`` is what ``like`` has in its place."""
    parts = text.split("/")
    if len(parts) != len(CELL):
        raise ValueError(f"{text!r} in `cells` has {len(parts)} parts; expected {'/'.join(CELL)}")
    choices = []
    for name, part in zip(CELL, parts, strict=True):
        if part == "*" and like is not None:
            choices.append([getattr(like, name)])
        elif _PART.fullmatch(part):
            choices.append(part.strip("{}").split(","))
        else:
            raise ValueError(
                f"the {name} in `cells` is {part!r}; expected a name, {{a,b}}, or * at the right"
            )
    return [Cell(*names) for names in product(*choices)]
