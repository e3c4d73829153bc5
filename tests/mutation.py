"""Mutation testing: are the tests of what decides on every number good enough to miss no change?

    python tests/mutation.py [module] ...

mutmut changes the module in all its ways, one at a time, and the unit tests that concern it run on
each change. Prints those that no test notices, the survivors, and the score of each module; ends
with an error where that of all is below LEAST. In ``logs/mutation/MODULE`` the command ``mutmut
show NAME`` shows a survivor. ``make mutation`` makes the environment for it; docs/reliability.md
looks at the survivors.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "logs" / "mutation"
LEAST = 85  # per cent of all mutants together
NOTICED = ("killed", "timeout")
TESTS = {
    "prepare/splits": ("splits",),
    "prepare/labels": ("labels", "labels_counts", "values"),
    "prepare/values": ("labels", "labels_counts", "values"),
    "settings": ("config",),
    "config": ("config", "config_mistakes"),
    "report/statistics": ("statistics",),
    "report/estimates": ("estimates", "report_gains", "report_tables"),
}
"""Each module with the tests of ``tests/unit`` that concern it."""
SLOW = ("cover", "drawn_together", "growing", "one_sided", "that_we_ship")
"""Parts of the names of tests that take seconds: simulations, for which a thousand mutants wait."""

SETTINGS = """
[tool.mutmut]
source_paths = ["art_transfer"]
only_mutate = ["art_transfer/{module}.py"]
also_copy = ["config", "docs"]
pytest_add_cli_args = ["--hypothesis-profile=mutation", "-k", "not ({slow})"]
pytest_add_cli_args_test_selection = [{tests}]
timeout_multiplier = 10.0
timeout_constant = 10.0
"""


def mutmut(folder: Path, *arguments: str) -> str:
    """What a command of mutmut prints."""
    program = Path(sys.executable).with_name("mutmut")
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stdout[-5000:])
    return done.stdout


def prepare(folder: Path, module: str) -> None:
    """Lay out what mutmut expects: the package at the top, tests and settings beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "workflow/scripts/art_transfer", folder / "art_transfer")
    shutil.copytree(ROOT / "workflow/schemas", folder / "schemas")
    for name in ("config", "docs", "tests/unit"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "tests/conftest.py", folder / "tests")
    tests = ", ".join(f'"tests/unit/test_{name}.py"' for name in TESTS[module])
    settings = SETTINGS.format(module=module, tests=tests, slow=" or ".join(SLOW))
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + settings)


def tested(module: str) -> Counter[bool]:
    """How many mutants of a module came to which end."""
    folder = LOGS / module.replace("/", "-")
    prepare(folder, module)
    mutmut(folder, "run", "--max-children", "1")
    lines = mutmut(folder, "results", "--all", "true").splitlines()
    ends = dict(line.strip().rsplit(": ", 1) for line in lines if "__mutmut_" in line)
    for name, end in ends.items():
        if end not in NOTICED:
            print(f"  {name}: {end}")
    return Counter(end in NOTICED for end in ends.values())


def score(name: str, ends: Counter[bool]) -> float:
    """Print and give the share of the mutants that a test noticed, in per cent."""
    percent = 100 * ends[True] / ends.total()
    print(f"{name}: {ends.total()} mutants, {ends[False]} survived, {percent:.1f} %", flush=True)
    return percent


if __name__ == "__main__":
    os.nice(19)
    total: Counter[bool] = Counter()
    for module in sys.argv[1:] or TESTS:
        ends = tested(module)
        score(f"mutation/{module}", ends)
        total += ends
    if score("mutation", total) < LEAST:
        sys.exit(f"the tests notice fewer than {LEAST} % of the mutants")
