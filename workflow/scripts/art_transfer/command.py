"""What the commands beside Snakemake share: messages for users."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from art_transfer.errors import StudyError
from art_transfer.files import refused


@contextmanager
def messages() -> Iterator[None]:
    """End the command with the message of a StudyError, or of a disk, without a traceback."""
    try:
        yield
    except StudyError as error:
        sys.exit(f"error: {error}")
    except Exception as error:
        if not (message := refused(error, "a file of this command")):
            raise
        sys.exit(f"error: {message}")
