"""What the commands beside Snakemake share: the study that is meant, and messages for users."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from art_transfer.checks import load_study
from art_transfer.config import read_files
from art_transfer.errors import StudyError
from art_transfer.study import Study


@contextmanager
def messages() -> Iterator[None]:
    """End the command with the message of a StudyError, without a traceback."""
    try:
        yield
    except StudyError as error:
        sys.exit(f"error: {error}")


def add_configfile(parser: ArgumentParser) -> None:
    """Give a command Snakemake's option ``--configfile``."""
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        help="the study, as for Snakemake; the paper if none is given",
    )


def study_of(arguments: Namespace) -> Study:
    """The study that ``--configfile`` names. Raises StudyError that lists every mistake in it."""
    files = arguments.configfile
    return load_study(read_files(files), files[0].parent if files else Path("config"))[0]
