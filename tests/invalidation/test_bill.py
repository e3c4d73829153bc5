"""`make plan` agrees with Snakemake, and explains it, for a study that is really there."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .edits import edited, really


def bill(project: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "workflow/scripts/plan.py", "--json", "archive", "--configfile"]
    done = subprocess.run(
        [*command, "small.yaml", *arguments], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_finished_study_costs_nothing(finished):
    found = bill(finished)
    assert found["rules"] == {} and found["stays"] == {"runs": 14, "of": 14}


def test_a_setting_and_a_module_are_named_with_the_price(finished, plan, tmp_path):
    (tmp_path / "change.yaml").write_text("methods: {shelf: {epochs: 3}}\n")
    module = finished / "workflow/scripts/art_transfer/report/gains.py"
    with edited(module, really):
        found = bill(finished, str(tmp_path / "change.yaml"))
        planned = plan(finished, "small.yaml", str(tmp_path / "change.yaml"))
    jobs = [job for entries in found["rules"].values() for job in entries]
    assert len(jobs) == len(planned)
    setting = {"kind": "setting", "what": "methods.shelf.epochs", "old": "2", "new": "3"}
    assert found["config"] == [setting]
    for entry in found["rules"]["head"]:
        assert {**setting, "what": "method.epochs"} in entry["reasons"]
        assert entry["cost"]["device"] == "cpu" and entry["cost"]["like"] == 1
    (gains,) = found["rules"]["gains"]
    assert [reason["what"] for reason in gains["reasons"]] == ["art_transfer/report/gains.py"]
    assert found["stays"] == {"runs": 10, "of": 14}
    took = [json.loads(path.read_text())["seconds"] for path in finished.rglob("shelf/*/run.json")]
    assert abs(found["hours"]["cpu"] - sum(took) / 3600) < 1e-3
