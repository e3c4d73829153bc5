"""Counts what faults did: a test of a file ``test_GROUP.py`` here is one fault of its group."""

from collections import Counter
from collections.abc import Generator, Iterable
from typing import Any

import pytest

GROUPS = (
    "images",
    "metadata",
    "config",
    "numbers",
    "elsewhere",
    "disk",
    "kills",
    "two_at_once",
    "supply_chain",
)
COUNTS = {group: Counter[str]() for group in GROUPS}


class WrongError(AssertionError):
    """A number or a pixel came of broken input."""


class LostError(AssertionError):
    """Finished work is no longer there."""


def sampled(cases: Iterable[Any], every: int) -> list[Any]:
    """All cases for a ``parametrize``; ``make test`` does each so-manieth, ``full`` is the rest."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), id=name(case, number))
        if number % every == 0
        else pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=pytest.mark.full,
            id=name(case, number),
        )
        for number, case in enumerate(cases)
    ]


def name(case: Any, number: int) -> str:
    """What a case is called: its own name if it begins with one."""
    first = case[0] if isinstance(case, tuple) else case
    text = first if isinstance(first, str) else str(number)
    plain = "".join(c if c.isascii() and c.isprintable() else "." for c in text)
    return f"{plain[:60]}-{number}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    group = item.path.stem.removeprefix("test_")
    if call.when == "call" and group in COUNTS and not report.skipped:
        kinds = {type(None): "survived", WrongError: "wrong", LostError: "lost"}
        failure = type(call.excinfo.value) if call.excinfo else type(None)
        report.user_properties.append(("fault", (group, kinds.get(failure, "failed"))))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, value in report.user_properties if report.when == "call" else ():
        if name == "fault":
            group, outcome = value
            COUNTS[group].update(("tried", outcome))


def pytest_unconfigure(config: pytest.Config) -> None:
    total: Counter[str] = sum(COUNTS.values(), Counter())
    if total and not hasattr(config, "workeroutput"):
        for group, counts in COUNTS.items():
            print(f"faults/{group}: {_words(counts)}")
        print(f"faults: {_words(total)}")


def _words(counts: Counter[str]) -> str:
    return "{} tried, {} survived, {} lost, {} wrong".format(
        *(counts[kind] for kind in ("tried", "survived", "lost", "wrong"))
    )
