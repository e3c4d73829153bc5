"""What a run will cost, judged by what like runs cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from art_transfer.archive.stale_runs import JOINT_FOLDERS, RUN_FOLDERS
from art_transfer.files import read_json
from art_transfer.study import Study

LIKE = (
    ("collection", "task", "network", "kind", "init", "method"),
    ("collection", "network", "size", "kind"),
    ("network", "size", "kind"),
    ("network", "kind"),
    ("kind",),
)
"""What two runs have in common, the best match first."""


@dataclass(frozen=True)
class Cost:
    """What a run took, or will take."""

    hours: float
    device: str  # "gpu" or "cpu"
    like: int  # how many runs it is judged by


class Prices:
    """The costs of the runs that a study has finished."""

    def __init__(self, study: Study, records: Iterable[Mapping[str, Any]]) -> None:
        """``records`` are the contents of ``run.json`` of finished runs."""
        self._study = study
        self._runs = {run.folder: run for run in [*study.runs, *study.joint_runs]}
        self._known = [(_features(record["settings"]), record) for record in records]

    def of(self, folder: str) -> Cost | None:
        """The likely cost of the run in this folder; None where no finished run is like it."""
        run = self._runs.get(folder.removeprefix(f"{self._study.results}/"))
        if run is None:  # asked for by its path, though no experiment names it
            return None
        training = self._study.training(run)
        wanted = _traits(vars(training.run), vars(training.architecture), training.method.kind)
        for names in LIKE:
            like = [r for traits, r in self._known if all(traits[n] == wanted[n] for n in names)]
            if like:
                device = like[-1]["device"]["kind"]
                seconds = [r["seconds"] for r in like if r["device"]["kind"] == device]
                return Cost(mean(seconds) / 3600, device, len(seconds))
        return None


def finished(results: str | Path) -> list[dict[str, Any]]:
    """The ``run.json`` of every run folder, and of trainings of several tasks, of a study."""
    kinds = (RUN_FOLDERS, JOINT_FOLDERS)
    found = [path for kind in kinds for path in sorted(Path(results).glob(f"{kind}/run.json"))]
    return [read_json(path) for path in found]


def _features(settings: Mapping[str, Any]) -> dict[str, Any]:
    return _traits(settings["run"], settings["architecture"], settings["method"]["kind"])


def _traits(run: Mapping[str, Any], network: Mapping[str, Any], kind: str) -> dict[str, Any]:
    whole = kind if run["task"] else f"{kind}, all tasks"
    return {**run, "network": network["network"], "size": network["size"], "kind": whole}
