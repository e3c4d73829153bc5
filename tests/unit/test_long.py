"""The scripts of tests/long, which `make test-long` runs at their real size, run at a small one."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LONG = Path(__file__).parents[1] / "long"
SMALL = {
    "antwerp_scale.py": ["300", "20"],
    "challenge_scale.py": ["200", "2"],
    "csv_scale.py": ["500"],
    "index_scale.py": ["1", "100", "100"],
    "oai_scale.py": ["--records", "300"],
    "thousand_runs.py": ["200"],
}
WHOLE = {"beyond.py", "load.py", "near_duplicates.py"}  # minutes at any size


def test_every_script_is_known():
    assert {path.name for path in LONG.glob("*.py")} == SMALL.keys() | WHOLE


@pytest.mark.parametrize("name", SMALL)
def test_runs(name):
    if name == "index_scale.py" and not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("needs the programs chromium and chromedriver")
    command = [sys.executable, LONG / name, *SMALL[name]]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout, done.stderr[-3000:]
