"""What the commands beside Snakemake share: the study that is meant, and messages for users."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snakemake.cli import parse_config

from art_transfer.checks import load_study
from art_transfer.config import read_files, with_arguments
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
    """Give a command Snakemake's options ``--configfile`` and ``--config``."""
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        help="the study, as for Snakemake; the paper if none is given",
    )
    parser.add_argument(
        "--config",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="values that the study was run with, as for Snakemake",
    )


def study_of(arguments: Namespace) -> Study:
    """The study of ``--configfile`` and ``--config``. Raises StudyError that lists each mistake."""
    files = arguments.configfile
    try:
        values = parse_config(arguments.config)
    except ValueError as error:
        raise StudyError(f"--config: {error}") from error
    given = with_arguments(read_files(files), values)
    return load_study(given, files[0].parent if files else Path("config"))[0]
