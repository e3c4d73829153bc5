"""Options of the tests."""

import pytest
from hypothesis import Phase, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-scenarios", action="store_true", help="run the long scenarios of Slurm too"
    )


# No test is timed: a busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None)
# The same few examples for every mutant (tests/mutation.py), and none made small that fails.
settings.register_profile(
    "mutation",
    deadline=None,
    max_examples=20,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("untimed")
