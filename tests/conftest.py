"""Options of the tests."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-scenarios", action="store_true", help="run the long scenarios of Slurm too"
    )
