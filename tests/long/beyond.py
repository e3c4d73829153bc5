"""Every study of config/beyond that runs on the demo's museums, to its archive.

``python tests/long/beyond.py [NAME ...]`` prints a line for each: jobs, minutes, and where to look.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(names: list[str]) -> int:
    """Run the studies of these names, or all of them; gives how many failed."""
    failed = 0
    for path in sorted((ROOT / "config/beyond").glob("*.yaml")):
        on_the_demo = "extends: ../demo.yaml" in path.read_text(encoding="utf-8")
        if not on_the_demo or (names and path.stem not in names):
            continue
        start = time.monotonic()
        command = [sys.executable, "-m", "snakemake", "archive", "--cores", "2"]
        command += ["--configfile", path.relative_to(ROOT)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        minutes = (time.monotonic() - start) / 60
        failed += done.returncode != 0
        words = "done" if done.returncode == 0 else done.stderr[-2000:]
        jobs = done.stderr.count("Finished jobid")
        print(
            f"{path.stem}: {jobs} jobs, {minutes:.1f} min, {words}; results/{path.stem}/index.html"
        )
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
