"""What the commands beside Snakemake share: messages for users."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from art_transfer.errors import StudyError


@contextmanager
def messages() -> Iterator[None]:
    """End the command with the message of a StudyError, without a traceback."""
    try:
        yield
    except StudyError as error:
        sys.exit(f"error: {error}")
