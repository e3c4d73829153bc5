"""Start Snakemake with the Slurm profile, watch its jobs, and hurt them."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .cluster import run

CONFIG = "tests/slurm/tiny.yaml"
TUNED = "results/tiny/runs/photos/type/demo_plain/random/fine_tuning/seed-1"
LOG = "logs/tiny/runs/photos/type/demo_plain/random/fine_tuning/seed-1.log"
STATE = "results/tiny/state/photos.type.demo_plain.random.fine_tuning.seed-1"
PROFILE = ("--profile", "profiles/slurm")
QUICK = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10")
SITE = re.compile(r"(# ---- your site.*?\n).*?(# -{20,}\n)", re.DOTALL)


def use_site(project: Path) -> None:
    """Put the test cluster into the profile's site block, and change nothing else of it."""
    profile = project / "profiles/slurm/config.yaml"
    site = (Path(__file__).parent / "site.yaml").read_text()
    text, count = SITE.subn(lambda found: found[1] + site + found[2], profile.read_text())
    assert count == 1
    profile.write_text(text)


class Driver:
    """A Snakemake that submits to Slurm; its output is in ``log``."""

    def __init__(
        self, project: Path, *arguments: str, config: str = CONFIG, path: Path | None = None
    ) -> None:
        """``path`` is a folder of programs that come before the others."""
        self.project = project
        self.log = project / "driver.log"
        self._start = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, "-m", "snakemake", *PROFILE, *QUICK, *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--configfile", config],
                cwd=project,
                env=os.environ
                | {"TF_CPP_MIN_LOG_LEVEL": "2"}
                | ({"PATH": f"{path}:{os.environ['PATH']}"} if path else {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()[self._start :]

    def wait(self, seconds: float = 600) -> int:
        """The driver's exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the driver hung: {self.said[-3000:]}") from None

    def finish(self) -> None:
        """Wait, and see it end well."""
        assert self.wait() == 0, self.said[-5000:]

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def jobs(self, rule: str = "fine_tune") -> list[str]:
        """The Slurm jobs that this driver has submitted for a rule, in their order."""
        text = self.said
        found = re.findall(r"Job (\d+) has been submitted with SLURM jobid (\d+)", text)
        ids = set(re.findall(rf"rule {rule}:.*?jobid: (\d+)", text, re.DOTALL))
        return [slurm for job, slurm in found if job in ids]


def until(condition: Callable[[], object], what: str, seconds: float = 300) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)


def in_epoch(project: Path, epoch: int) -> None:
    """Wait until the training is in the midst of an epoch."""
    until(lambda: f"Epoch {epoch}/" in log_of(project), f"epoch {epoch}")


def log_of(project: Path) -> str:
    """The training's log so far; the next attempt will begin another."""
    log = project / LOG
    return log.read_text() if log.exists() else ""


def trainer(project: Path) -> int:
    """The process that trains in this project, and in no other: the one that runs its script."""
    script = f"{project}/.snakemake/scripts/"
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and words[1].decode().startswith(script) and b"fine_tune" in words[1]:
            found.append(int(process.name))
    assert len(found) == 1, found
    return found[0]


def sacct(job: str, *fields: str) -> list[list[str]]:
    """What the accounting says of a job: a row for each time that Slurm started it."""
    said = run("sacct", "-D", "-X", "-n", "-P", "-j", job, f"--format={','.join(fields)}")
    return [line.split("|") for line in said.splitlines()]


def went_on(project: Path, whole: Path, epoch: int, stopped: str) -> None:
    """The run was stopped in an epoch's midst, went on from the one before, and is the same.

    ``stopped`` is the log of the attempt that was stopped.
    """
    assert f"Epoch {epoch}/6" in stopped, stopped
    assert re.search(rf"Epoch {epoch}/6\n\d+/\d+ - ", stopped) is None, "the epoch was finished"
    resumed = log_of(project)
    assert f"goes on after epoch {epoch - 1}, " in resumed
    assert re.findall(r"Epoch (\d)/6", resumed) == [str(n) for n in range(epoch, 7)], resumed
    names = [path.name for path in (whole / TUNED).iterdir() if path.name != "run.json"]
    assert len(names) == 7
    for name in names:
        assert (project / TUNED / name).read_bytes() == (whole / TUNED / name).read_bytes(), name
    assert not (project / STATE).exists()
