"""What stands in a museum's metadata: cells cut into values, values read as names.

1. A cell is cut at the task's value separators; white space is folded; Unicode is composed (NFC).
2. ``role: Name`` is parted at the role separator.
3. With ``name_form: first_names_first`` a name that is written surname first is turned round.
4. The mapping table replaces a value by its concept. It is looked up whole, then without its role,
   then turned round.

Each distinct value is read once, however many objects have it. docs/labels.md has examples.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.formats import read_users_csv
from art_transfer.settings import Task

MAPPING = ["value", "concept"]
"""Columns of a mapping table; it may have others."""


@dataclass(frozen=True)
class Values:
    """All values of a museum's objects in one field, in the objects' order and theirs."""

    owners: NDArray[np.int64]  # the number of each value's object, never falling
    codes: NDArray[np.int64]  # each value's row of `distinct`
    distinct: pd.DataFrame  # raw, role, name, key, unknown, mapped

    @cached_property
    def every(self) -> NDArray[np.bool_]:
        """A mask over ``distinct`` that leaves out nothing."""
        return np.ones(len(self.distinct), bool)

    def first(self, allowed: NDArray[np.bool_], choose: str) -> NDArray[np.int64]:
        """The place of the first, or last, allowed value of each object that has one.

        ``allowed`` is a mask over ``distinct``; places count in ``owners`` and ``codes``.
        """
        places = np.flatnonzero(allowed[self.codes])
        changes = np.diff(self.owners[places]) > 0
        end = np.ones(min(len(places), 1), bool)  # the very first or last value; none of none
        keep = [end, changes] if choose == "first" else [changes, end]
        return places[np.concatenate(keep)]


def read_values(cells: Iterable[Iterable[str]], task: Task, mapping: Mapping[str, str]) -> Values:
    """Read the cells of each object by a task's rule; ``mapping`` is as ``read_mapping`` gives it.

    Roles, keys and the mapping's values are compared without regard to case.
    """
    unknown = {key(clean(name)) for name in task.unknown}
    parts_of: dict[str, list[int]] = {}
    code_of: dict[str, int] = {}
    owners: list[int] = []
    codes: list[int] = []
    for number, some in enumerate(cells):
        for cell in some:
            if cell not in parts_of:
                parts = _parts(cell, task.value_separators)
                parts_of[cell] = [code_of.setdefault(part, len(code_of)) for part in parts]
            codes += parts_of[cell]
            owners += [number] * len(parts_of[cell])
    distinct = pd.DataFrame(
        [_read(raw, task, mapping, unknown) for raw in code_of],
        columns=["raw", "role", "name", "key", "unknown", "mapped"],
    ).astype({"unknown": bool, "mapped": bool})
    return Values(np.array(owners, np.int64), np.array(codes, np.int64), distinct)


def read_mapping(path: str | Path) -> dict[str, str]:
    """The concept of each value, by the value's key, from a CSV with the columns MAPPING.

    A row without a concept says nothing: the value stays as it is. Raises StudyError where the
    file or a column is missing, a value is empty, or one value has two concepts.
    """
    table = read_users_csv(path)
    missing = [name for name in MAPPING if list(table.columns).count(name) != 1]
    if missing:
        raise StudyError(
            f"{path}: expected the column {', '.join(missing)} once; found {list(table.columns)}"
        )
    concepts: dict[str, str] = {}
    rows: dict[str, int] = {}
    for row, (value, text) in enumerate(zip(table["value"], table["concept"], strict=True), 2):
        name, concept = key(clean(value)), clean(text)
        if not concept:
            continue
        if not name:
            raise StudyError(f"{path}: row {row} has the concept {concept!r} but no value")
        known = concepts.setdefault(name, concept)
        first = rows.setdefault(name, row)
        if key(known) != key(concept):
            raise StudyError(
                f"{path}: {clean(value)!r} is mapped to {known!r} in row {first} and to "
                f"{concept!r} in row {row}; expected one concept for a value, whatever its case"
            )
    return concepts


_TAIL = re.compile(
    r"^(?P<name>.*?[^\s,])(?:[\s,]+|(?=\())(?P<tail>\([^()]*\)|Jr\.?|Sr\.?|(?-i:I{1,3}|IV)"
    r"|the (?:Elder|Younger)|de (?:Oude|Jonge)|d\. ?[ÄJ]\.|der (?:Ältere|Jüngere)"
    r"|l['’]Ancien|le (?:Vieux|Jeune)|père|fils|il (?:Vecchio|Giovane))$",
    re.IGNORECASE,
)


def first_names_first(name: str) -> str:
    """``Surname, First names`` turned round: ``Gogh, Vincent van`` is ``Vincent van Gogh``.

    What tells people of one name apart goes to the end: a generation (``Jr.``, ``the Elder``,
    ``II``) or something in brackets. Any other name that has no comma, or several, stays as it is:
    nobody can tell which of its parts is what.
    """
    if "," not in name:
        return name
    rest = name
    tails: list[str] = []
    while match := _TAIL.match(rest):
        rest, tails = match["name"], [match["tail"], *tails]
    parts = [part.strip() for part in rest.split(",")]
    broken = any(part.count("(") != part.count(")") for part in parts)  # a comma in brackets
    if broken or len(parts) > 2 or not all(parts):
        return name
    return " ".join([*reversed(parts), *tails])


def clean(value: str) -> str:
    """White space folded, invisible characters gone, Unicode composed."""
    return unicodedata.normalize("NFC", " ".join(_printable(value).split()))


def key(label: str) -> str:
    """What makes two spellings one class: they differ in case alone."""
    return unicodedata.normalize("NFC", label.casefold())


def _read(
    raw: str, task: Task, mapping: Mapping[str, str], unknown: set[str]
) -> tuple[str, str, str, str, bool, bool]:
    """A row of ``Values.distinct``; an empty name is as good as unknown."""
    role, given = _role_and_name(raw, task.role_separator)
    name = first_names_first(given) if task.name_form == "first_names_first" else given
    concept = None
    if mapping:
        forms = (key(form) for form in (clean(raw), given, name))
        concept = next((mapping[form] for form in forms if form in mapping), None)
    if concept is not None:
        return raw, key(role), concept, key(concept), key(concept) in unknown, True
    left_out = not name or key(name) in unknown or key(given) in unknown
    return raw, key(role), name, key(name), left_out, False


def _parts(cell: str, separators: str) -> list[str]:
    parts = re.split(f"[{re.escape(separators)}]", cell) if separators else [cell]
    return [_printable(part).strip() for part in parts if clean(part)]


def _role_and_name(value: str, separator: str) -> tuple[str, str]:
    cleaned = clean(value)
    if separator.strip() and separator in (padded := f"{cleaned} "):  # "painter: " has no name
        role, name = padded.split(separator, 1)
        return clean(role), clean(name)
    return "", cleaned


def _printable(value: str) -> str:
    """Line breaks and the like as spaces; direction marks and soft hyphens gone."""
    if value.isprintable():
        return value
    kinds = ((character, unicodedata.category(character)) for character in value)
    return "".join(" " if kind == "Cc" else c for c, kind in kinds if kind != "Cf")
