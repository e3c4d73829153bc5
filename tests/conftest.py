"""Options of the tests."""

from typing import Any

import pytest
from hypothesis import Phase, settings
from xdist.scheduler.loadscope import LoadScopeScheduling


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-scenarios", action="store_true", help="run the long scenarios of Slurm too"
    )


class ByFile(LoadScopeScheduling):
    """Several processes, each for a file; for a folder whose tests share what is made once."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::")[0]
        folder = path.rsplit("/", 1)[0]
        return folder if folder.endswith(("slurm", "workflow")) else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


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
