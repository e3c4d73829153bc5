"""Records fetched one by one, each at most once.

What one of them lacks ends no job, but what many lack in a row does: the museum has a bad day.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from art_transfer.collect.source import Visit
from art_transfer.collect.store import Store
from art_transfer.collect.transport import BusyError, NotThereError, UnansweredError
from art_transfer.collect.web import Web
from art_transfer.errors import StudyError

_FAILURES_IN_A_ROW = 20
_GONE_ALLOWED = 0.1

Reader = Callable[[Web, str, str], Any]
"""Asks for the record at an address, of an object's id."""


@dataclass
class Failures:
    """What could not be fetched, for now; ``most`` in a row end the job.

    What had failed ``before``, in an earlier job, ends none.
    """

    what: str
    most: int = _FAILURES_IN_A_ROW
    advice: str = "start again later"
    before: Set[str] = frozenset()
    ids: list[str] = field(default_factory=list)
    reason: str = ""  # of the last one
    again: dict[str, str] = field(default_factory=dict)  # the reason by the id
    in_a_row: int = 0

    def new_first(self, ids: Iterable[str]) -> list[str]:
        """The same ids, those that had failed before last."""
        return sorted(ids, key=self.before.__contains__)

    def failing(self) -> str:
        """What to add to a message where some fail that had failed before."""
        ids = list(self.again)
        return f", and {len(ids)} fail, as {ids[:3]} ({self.again[ids[-1]]})" if ids else ""

    def note(self, object_id: str, reason: str) -> None:
        """Note an answer, with an empty reason for a good one; StudyError after many bad ones."""
        if reason and object_id in self.before:
            self.again[object_id] = reason
            return
        self.in_a_row = self.in_a_row + 1 if reason else 0
        if reason:
            self.ids.append(object_id)
            self.reason = reason
        if self.in_a_row >= self.most:
            raise StudyError(
                f"{self.in_a_row} {self.what} in a row could not be fetched, the last for this "
                f"reason: {reason}. What came is kept: {self.advice}."
            )

    def lacking(self, total: int, left_out: str) -> str:
        """What to tell the user at the end, where some of ``total`` have not come.

        ``left_out`` says what becomes of those that fail once more.
        """
        return (
            f"{len(self.ids)} of {total} {self.what} could not be fetched, as {self.ids[:3]}, the "
            f"last for this reason: {self.reason}. All others are kept: {self.advice}, and only "
            f"these are asked for. What fails once more is {left_out}."
        )


def fetch_records(
    ids: list[str],
    kept: Store,
    address: str,
    read: Reader,
    visit: Visit,
    gone_allowed: int | None = None,
) -> list[str]:
    """Keep the records that are not kept yet, and give the ids of those that have gone.

    It is for the caller to keep these as empty records, which are not asked for again. ``address``
    has ``{id}`` in it. Raises StudyError where more than a tenth (or ``gone_allowed``) have gone,
    where many in a row fail, and at the end where any has failed. Without ``gone_allowed`` one that
    had failed in an earlier job too is asked for last, and left out for now as if it had gone.
    """
    failures = Failures("records", before=kept.failed if gone_allowed is None else frozenset())
    waiting = failures.new_first(object_id for object_id in ids if object_id not in kept)
    if not waiting:
        return []
    web = Web(visit.manners, visit.contact)

    def ask(object_id: str) -> tuple[str, Any, str]:
        where = address.replace("{id}", quote(object_id, safe=""))
        try:
            return object_id, read(web, where, object_id), ""
        except NotThereError:
            return object_id, None, ""
        except BusyError:
            raise
        except UnansweredError as error:
            return object_id, None, str(error)

    wanted = set(ids)
    gone_before = sum(not record and object_id in wanted for object_id, record in kept)
    most = max(1, int(_GONE_ALLOWED * len(ids))) if gone_allowed is None else gone_allowed
    gone: list[str] = []
    with visit.progress("record", len(ids), len(ids) - len(waiting)) as bar:
        for object_id, record, reason in web.each(waiting, ask):
            if record is not None:
                kept.keep([(object_id, record)], "")
            elif not reason:
                gone.append(object_id)
            bar.update()
            failures.note(object_id, reason)
            if gone_before + len(gone) + len(failures.again) > most:
                listed = f"{gone_before + len(gone)} of the {len(ids)} records that are listed"
                raise StudyError(
                    f"{address}: {listed} are not there, as {gone[:3]}{failures.failing()}; more "
                    f"than {most} are taken for a museum that is being rebuilt. Start again later: "
                    "they are asked for again. If they have gone for good, delete "
                    f"{visit.kept}/list-*.sqlite to read the list anew; if that still has them, "
                    "ask for a list that leaves them out."
                )
    if failures.ids:
        kept.note_failed(failures.ids)
        if gone_allowed is None:
            kept.keep(((object_id, []) for object_id in gone), "")
        left_out = "left out, up to a tenth" if gone_allowed is None else "asked for again"
        raise StudyError(f"{address}: {failures.lacking(len(ids), left_out)}")
    if again := list(failures.again):
        told = f"{len(again)} records failed to come in two jobs, as {again[:3]}; left out"
        print(f"{address}: {told}; the last for this reason: {failures.again[again[-1]]}")
    return gone
