"""Lists that a museum gives in pages, and that may change while they are read."""

from collections.abc import Callable

from tqdm import tqdm

from art_transfer.collect.source import Visit
from art_transfer.collect.store import END, Store
from art_transfer.errors import StudyError

_TIMES = 3


class ChangedError(Exception):
    """The museum changed while its list was read; the message says what."""


def read_list(
    store: Store, visit: Visit, address: str, read_page: Callable[[tqdm], None], advice: str
) -> None:
    """Read the pages that are not kept yet; the store's position says where the next one is.

    ``read_page`` keeps one page and moves a bar on. Where the museum changes meanwhile, numbered
    pages shift and would hide records: on ChangedError the list is read anew, a few times. Raises
    StudyError with ``advice`` when that does not help.
    """
    for _ in range(_TIMES):
        try:
            with visit.progress("record", initial=len(store)) as bar:
                while store.position != END:
                    read_page(bar)
            return
        except ChangedError as error:
            print(f"{address}: the list is read anew: {error}")
            store.restart()
    raise StudyError(f"{address}: the list changed {_TIMES} times while it was read; {advice}")
