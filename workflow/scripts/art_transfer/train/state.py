"""A training's state after each epoch: a job that is killed costs no more than an epoch.

Keras's own BackupAndRestore holds neither the history nor what early stopping knows, and goes on
from whatever it finds. This state holds both, and knows what it was made from.
"""

import dataclasses
import hashlib
import os
import shutil
import signal
import tempfile
import time
import types
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.files import read_json, write_json
from art_transfer.settings import canonical

RECORD, ARRAYS = "state.json", "arrays.npz"
_GROUPS = ("variables", "optimizer", "best")

SECONDS = 0.25
"""Epochs that are shorter than this share a state: those of a small head, which takes seconds."""


@dataclass(frozen=True)
class Saved:
    """What the end of an epoch leaves, beside the arrays; epochs count from 1."""

    made_from: dict[str, str]  # hashes of settings, code and inputs
    phase: int  # the first epoch of what is trained: the head's warm-up, or all of it
    epoch: int  # the last one that was finished
    ended: bool  # whether early stopping has stopped this phase
    wait: int  # what Keras's early stopping knows, in its own terms
    best: float
    best_epoch: int
    history: list[dict[str, float]]  # a row for each epoch, earlier phases included
    resumed_after: list[int]  # the epochs that earlier attempts went on from
    seconds: float  # of all attempts, each up to its last finished epoch


class State:
    """Where one training's state is kept between jobs: ``{folder}/epoch-0007`` and no other."""

    def __init__(
        self, folder: str | Path, made_from: Mapping[str, Any], seconds: float = SECONDS
    ) -> None:
        """Find the state that an earlier attempt left; discard that of another training.

        ``made_from`` names all that the training depends on: settings, code, inputs. States are
        at least ``seconds`` apart.
        """
        self._seconds = seconds
        self.folder = Path(folder)
        self._made_from = {name: _hash(value) for name, value in made_from.items()}
        self._start = self._last = time.perf_counter()
        self.arrays: dict[str, list[NDArray[Any]]] = {}
        self.saved = self._find()
        self.history = list(self.saved.history) if self.saved else []
        self.resumed_after = [*self.saved.resumed_after, self.saved.epoch] if self.saved else []
        self.earlier_seconds = self.saved.seconds if self.saved else 0.0
        self.jobs = self._attempts()
        for half in self.folder.glob(".half-*"):  # of an attempt that was killed while it saved
            shutil.rmtree(half, ignore_errors=True)

    def save(
        self, model: keras.Model, stopping: keras.callbacks.EarlyStopping, phase: int, epoch: int
    ) -> None:
        """Write the state after ``epoch``; it appears whole, and then the one before goes."""
        if time.perf_counter() - self._last < self._seconds:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        seconds = self.earlier_seconds + time.perf_counter() - self._start
        saved = Saved(
            self._made_from,
            phase,
            epoch,
            model.stop_training,
            stopping.wait,
            stopping.best,
            stopping.best_epoch,
            self.history,
            self.resumed_after,
            round(seconds, 3),
        )
        best = stopping.best_weights or []  # none unless they are to be restored
        groups = (_values(model.variables), _values(model.optimizer.variables), best)
        half = self.folder / Path(tempfile.mkdtemp(prefix=".half-", dir=self.folder)).name
        with (half / ARRAYS).open("wb") as stream:
            np.savez(
                stream,
                **{
                    f"{name}-{number:05d}": value
                    for name, values in zip(_GROUPS, groups, strict=True)
                    for number, value in enumerate(values)
                },
            )
        write_json(half / RECORD, dataclasses.asdict(saved))
        for path in (half / ARRAYS, half / RECORD, half):
            _to_disk(path)
        name = f"epoch-{epoch:04d}"
        try:
            half.replace(self.folder / name)
        except OSError:  # a job that was believed lost has just written the same
            shutil.rmtree(half, ignore_errors=True)
        _to_disk(self.folder)  # before the older ones go, for a node that dies now
        for path in self.folder.glob("epoch-*"):
            if path.name < name:
                shutil.rmtree(path, ignore_errors=True)
        self.saved, self._last = saved, time.perf_counter()

    def restore(self, model: keras.Model, stopping: keras.callbacks.EarlyStopping) -> None:
        """Put the found state into a compiled model and its early stopping."""
        assert self.saved is not None
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        kinds = zip(_GROUPS, (model.variables, model.optimizer.variables), strict=False)
        for name, variables in kinds:
            for variable, value in zip(variables, self.arrays[name], strict=True):
                variable.assign(value)
        stopping.best_weights = self.arrays["best"]
        stopping.wait, stopping.best = self.saved.wait, self.saved.best
        stopping.best_epoch = self.saved.best_epoch
        self.arrays = {}

    def report(self) -> dict[str, Any]:
        """What the run's record says of its attempts."""
        return {"resumed_after": self.resumed_after, "jobs": self.jobs}

    def remove(self) -> None:
        """Remove the state, once the run's own files are written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _find(self) -> Saved | None:
        for path in sorted(self.folder.glob("epoch-*"), reverse=True):
            try:
                saved = Saved(**read_json(path / RECORD))
                with np.load(path / ARRAYS, allow_pickle=False) as file:
                    names = sorted(file.files)
                    self.arrays = {
                        group: [file[name] for name in names if name.startswith(f"{group}-")]
                        for group in _GROUPS
                    }
            except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
                print(f"{path}: this state is broken and is discarded: {error}")
                shutil.rmtree(path, ignore_errors=True)
                continue
            names = [n for n, value in self._made_from.items() if saved.made_from.get(n) != value]
            if not names:
                print(f"goes on after epoch {saved.epoch}, from the state in {path}")
                return saved
            print(f"{path}: this state was made with other {' and '.join(names)}; discarded")
            shutil.rmtree(self.folder, ignore_errors=True)  # its attempts were another training's
        with suppress(OSError):
            self.folder.rmdir()  # unless attempts are noted there that saved no state
        return None

    def _attempts(self) -> list[str]:
        """Slurm's numbers of all attempts, first to last, this one noted among them."""
        if job := os.environ.get("SLURM_JOB_ID"):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"job-{job}").touch()
        notes = sorted(self.folder.glob("job-*"), key=lambda path: path.stat().st_mtime_ns)
        return [path.name.removeprefix("job-") for path in notes]


class Keeper(keras.callbacks.Callback):
    """Goes on from a state, keeps it after each epoch, and heeds SIGTERM.

    Stands after ``stopping`` in a fit's callbacks, so that it sees what that has decided.
    """

    def __init__(
        self, state: State | None, stopping: keras.callbacks.EarlyStopping, first: int, last: int
    ) -> None:
        """For one phase of a training: the epochs ``first`` to ``last``. No state keeps none."""
        super().__init__()
        self._state, self._stopping, self._phase = state, stopping, first
        self._terminated, self._epoch = False, first
        saved = state.saved if state else None
        self._resumes = saved is not None and saved.phase == first
        self.over = saved is not None and saved.phase > first
        self.first, self.last = first, last
        if saved is not None and self._resumes:
            self.first, self.last = saved.epoch + 1, saved.epoch if saved.ended else last
        history = state.history if state else []
        self.rows = [row for row in history if first <= row["epoch"] <= last]
        """The history of this phase, earlier attempts included."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Restore the state; early stopping has just forgotten all it knew."""
        if self._state and self._resumes:
            self._state.restore(self.model, self._stopping)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note which epoch runs."""
        self._epoch = epoch + 1

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the epoch's numbers, and save as long as all of them are numbers."""
        row = {"epoch": epoch + 1, **(logs or {})}
        self.rows.append(row)
        if self._state and np.isfinite([list(row.values()) for row in self.rows]).all():
            self._state.history.append(row)
            self._state.save(self.model, self._stopping, self._phase, epoch + 1)
        self._heed()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop here if the job was told to."""
        self._heed()

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop here if the job was told to."""
        self._heed()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the block SIGTERM ends the step that runs, and then the job."""

        def note(number: int, frame: types.FrameType | None) -> None:
            self._terminated = True

        before = signal.signal(signal.SIGTERM, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _heed(self) -> None:
        if not self._terminated:
            return
        kept = self._state.saved.epoch if self._state and self._state.saved else 0
        raise StudyError(
            f"the job was told to end (SIGTERM) in epoch {self._epoch}, before its training was "
            f"over; submitted again, it goes on after epoch {kept}"
        )


def _to_disk(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, would outlive the node's power."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _values(variables: list[Any]) -> list[NDArray[Any]]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:16]
