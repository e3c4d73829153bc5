"""What every rule's script does around its one call: logging, and messages for users."""

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO, TypeVar

from art_transfer.errors import StudyError
from art_transfer.files import refused
from art_transfer.settings import from_mapping

T = TypeVar("T")


@contextmanager
def logged(path: str) -> Iterator[TextIO]:
    """Send everything that the block prints to the log at ``path``, libraries' output included.

    Gives the stream that was the terminal's, if there is one, to show progress on.

    A StudyError ends the job with its message alone, in the log and on the terminal; any other
    exception is a defect of ours and leaves its traceback in the log.
    """
    sys.stdout.flush()
    terminal = os.fdopen(os.dup(2), "w")
    with open(path, "ab", buffering=0) as log:  # noqa: PTH123
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what a job printed before it was killed
    try:
        yield terminal
    except StudyError as error:
        _end(f"error: {error}\n", terminal)
    except Exception as error:
        if not (message := refused(error, f"a file of the job whose log is {path}")):
            raise
        _end(f"error: {message}\n", terminal)


def _end(message: str, terminal: TextIO) -> NoReturn:
    """End the job with a message, which must be seen even if the log has no room for it."""
    print(message, end="", file=terminal, flush=True)
    with suppress(OSError):
        print(message, end="", file=sys.stderr, flush=True)
    sys.exit(1)


def settings(snakemake: Any, cls: type[T]) -> T:
    """The rule's settings, which it passes as one canonical text, as a typed object."""
    return from_mapping(cls, json.loads(snakemake.params.settings))
