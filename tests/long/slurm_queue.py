"""What the Slurm profile costs a queue of short jobs, beside `sbatch` in a loop.

    python tests/long/slurm_queue.py [jobs]

starts the tests' own Slurm (root; needs its programs), sends the jobs, each of which sleeps for a
second, through ``profiles/slurm`` with nothing but its site block changed, then as many with plain
``sbatch``, and prints the seconds of each and how often Slurm's programs were called.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from slurm.cluster import cluster, missing, run  # noqa: E402
from slurm.driver import use_site  # noqa: E402

CALLED = ("sbatch", "squeue", "sacct", "scontrol", "sacctmgr", "sinfo", "scancel")
SNAKEFILE = """
rule all:
    input:
        expand("done/{{number}}", number=range({jobs})),
    localrule: True


rule second:
    output:
        touch("done/{{number}}"),
    shell:
        "sleep 1"
"""


def counted(folder: Path) -> Path:
    """A folder with Slurm's programs that write down each call, then do what they always do."""
    programs = folder / "programs"
    programs.mkdir()
    for name in CALLED:
        real = run("which", name).strip()
        program = programs / name
        program.write_text(f'#!/bin/sh\necho {name} >> {folder}/calls\nexec {real} "$@"\n')
        program.chmod(0o755)
    return programs


def through_profile(folder: Path, jobs: int) -> float:
    """Seconds from the driver's start to its end."""
    (folder / "profiles/slurm").mkdir(parents=True)
    profile = folder / "profiles/slurm/config.yaml"
    profile.write_bytes((ROOT / "profiles/slurm/config.yaml").read_bytes())
    use_site(folder)
    (folder / "Snakefile").write_text(SNAKEFILE.format(jobs=jobs))
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "all"]
    environment = os.environ | {"PATH": f"{counted(folder)}:{os.environ['PATH']}"}
    start = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return time.monotonic() - start


def by_sbatch(folder: Path, jobs: int) -> float:
    """Seconds until the last job has left the queue."""
    start = time.monotonic()
    words = ["--account=art", "--partition=cpu", "--mem=2000", "--time=10", f"--chdir={folder}"]
    for _ in range(jobs):
        run("sbatch", *words, "--output=/dev/null", "--wrap=sleep 1")
    while run("squeue", "--noheader"):
        time.sleep(0.5)
    return time.monotonic() - start


def main(jobs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with cluster(folder / "cluster"):
            plain = by_sbatch(folder, jobs)
            ours = through_profile(folder, jobs)
        calls = Counter((folder / "calls").read_text().split())
    print(f"{jobs} jobs of a second: {ours:.0f} s through the profile, {plain:.0f} s by sbatch")
    print("calls: " + ", ".join(f"{name} {count}" for name, count in calls.most_common()))


if __name__ == "__main__":
    if why := missing():
        print(f"skipped: {why}")
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
