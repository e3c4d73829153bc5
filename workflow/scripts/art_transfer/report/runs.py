"""Run folders as one tidy table, each checked against the split that it was tested on."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from art_transfer.errors import StudyError
from art_transfer.files import read_json, sha256
from art_transfer.formats import HISTORY, PREDICTIONS, SPLITS, read_csv, read_parquet
from art_transfer.settings import Run

CELL = ["collection", "task", "backbone", "init", "method"]
"""What makes a cell of a table: a run but for its seed."""

SCORES = ["accuracy", "top5_accuracy", "balanced_accuracy", "macro_f1"]
"""Scores on the test split, each 0-1."""

BASELINES = ["largest_class", "thumbnail"]
"""What one gets without a network."""


def read_runs(
    runs: Iterable[Run], results: str | Path, splits: Iterable[str | Path]
) -> pd.DataFrame:
    """Read run folders into one row per run, in the order given; doubles count once.

    ``results`` is the study's folder of results; ``splits`` the path of each run's split, in the
    runs' order. Columns: those of CELL, ``seed``, SCORES and ``n`` (test objects),
    ``validation_accuracy`` (0-1) and ``validation_loss`` at the chosen epoch, ``best_epoch``,
    ``epochs``, ``parameters`` (of the network with its head), ``features`` (their number),
    ``network`` (a name in NETWORKS), ``kind`` (of the method), ``first`` (kind of first weights),
    ``scaling``, ``expected_scaling``, ``run`` (folder below ``results``) and ``metrics_sha256``.

    Raises StudyError, naming the file, where a run folder is incomplete or unreadable, belongs to
    another run, was tested on other objects or labels than the split's test objects, or where
    its predictions cannot be, or do not give its printed scores.
    """
    tests: dict[Path, pd.Series] = {}
    rows = {}
    for run, split in dict(zip(runs, splits, strict=True)).items():
        path = Path(split)
        if path not in tests:
            table = read_csv(path, SPLITS)
            tests[path] = table[table["split"] == "test"].set_index("object_id")["label"]
        row = _row(run, Path(results))
        _check_predictions(run, Path(results), row, tests[path], path)
        rows[run] = row
    return pd.DataFrame(list(rows.values()))


def read_histories(runs: Iterable[Run], results: str | Path) -> pd.DataFrame:
    """Read the runs' histories into one row per run and epoch.

    Columns: those of CELL, ``seed``, ``network``, ``kind``, ``first``, those of HISTORY, and
    ``chosen``, true at the epoch whose weights were tested. Raises StudyError as ``read_runs``.
    """
    parts = []
    for run in dict.fromkeys(runs):
        row, path = _row(run, Path(results)), Path(results) / run.folder / "history.csv"
        history = _readable(path, lambda path: read_csv(path, HISTORY))
        chosen = history["epoch"] == row["best_epoch"]
        if chosen.sum() != 1:
            raise StudyError(
                f"{path}: epoch {row['best_epoch']}, which metrics.json says was tested, is there "
                f"{chosen.sum()} times; expected once. Remove the folder to have the run made again"
            )
        fields = [*CELL, "seed", "network", "kind", "first"]
        parts.append(history.assign(**{name: row[name] for name in fields}, chosen=chosen))
    return pd.concat(parts, ignore_index=True)


def read_predictions(run: Run, results: str | Path) -> pd.DataFrame:
    """Read a run's predictions: the columns of PREDICTIONS and ``right`` (bool)."""
    path = Path(results) / run.folder / "predictions.parquet"
    table = _readable(path, lambda path: read_parquet(path, PREDICTIONS))
    return table.assign(right=table["label"] == table["predicted"])


def read_baselines(runs: Iterable[Run], results: str | Path) -> pd.DataFrame:
    """Read the baselines of the runs' collections, tasks and seeds.

    Columns: ``collection``, ``task``, ``seed``, then the test accuracy (0-1) of each of
    BASELINES. Raises StudyError where a file is missing or lacks a baseline.
    """
    rows = []
    for collection, task, seed in dict.fromkeys((r.collection, r.task, r.seed) for r in runs):
        path = Path(results) / "baselines" / collection / task / f"seed-{seed}.json"
        found = _readable(path, read_json)
        rows.append(
            {"collection": collection, "task": task, "seed": seed}
            | {name: _value(found, f"{name}.accuracy", path) for name in BASELINES}
        )
    return pd.DataFrame(rows)


def _row(run: Run, results: Path) -> dict[str, Any]:
    """What metrics.json and run.json say of a run."""
    path, record_path = (results / run.folder / name for name in ("metrics.json", "run.json"))
    metrics, record = _readable(path, read_json), _readable(record_path, read_json)
    if record.get("run") != dataclasses.asdict(run):
        raise StudyError(
            f"{record_path}: this is the record of another run: {record.get('run')}; "
            f"expected {dataclasses.asdict(run)}. Was a folder copied or renamed?"
        )
    scores = {name: _number(metrics, f"test.{name}", path) for name in [*SCORES, "n"]}
    return {
        **dataclasses.asdict(run),
        **scores,
        "validation_accuracy": _number(metrics, "validation.accuracy", path),
        "validation_loss": _number(metrics, "validation.loss", path),
        "best_epoch": _number(metrics, "best_epoch", path),
        "epochs": _number(metrics, "epochs", path),
        "parameters": _number(record, "parameters", record_path),
        "features": _number(record, "features", record_path),
        "network": _value(record, "settings.architecture.network", record_path),
        "kind": _value(record, "settings.method.kind", record_path),
        "first": _value(record, "settings.first.kind", record_path),
        "scaling": _value(record, "settings.scaling", record_path),
        "expected_scaling": _value(record, "settings.expected_scaling", record_path),
        "run": run.folder,
        "metrics_sha256": sha256(path),
    }


def _check_predictions(
    run: Run, results: Path, row: dict[str, Any], test: pd.Series, split: Path
) -> None:
    """The predictions must be of the test objects, each once, with their labels and accuracy."""
    path = results / run.folder / "predictions.parquet"
    table = read_predictions(run, results).set_index("object_id")
    again = "Remove the folder to have the run made again"
    doubled = table.index[table.index.duplicated()].unique()
    if len(doubled):
        raise StudyError(f"{path}: {_examples(doubled)} occur more than once. {again}")
    missing, foreign = test.index.difference(table.index), table.index.difference(test.index)
    if len(missing) or len(foreign):
        raise StudyError(
            f"{path}: this run was tested on other objects than the test split of {split}: "
            f"{len(missing)} of its {len(test)} objects are missing ({_examples(missing)}) and "
            f"{len(foreign)} do not belong to it ({_examples(foreign)}). {again}"
        )
    labels = test.reindex(table.index)
    wrong = table.index[table["label"] != labels]
    if len(wrong):
        found, expected = table.at[wrong[0], "label"], labels[wrong[0]]
        raise StudyError(
            f"{path}: the labels of {len(wrong)} objects are not those of {split}, such as "
            f"{wrong[0]!r}: {found!r} instead of {expected!r}. {again}"
        )
    strange = table[
        (table["right"] != (table["rank"] == 1))
        | ~table["probability"].between(0, 1)
        | ~table["predicted"].isin(test)
    ]
    if len(strange):
        raise StudyError(
            f"{path}: {_examples(strange.index)}: no network says this; expected a class of the "
            "split, a probability of 0 to 1, and rank 1 where it is right and nowhere else. "
            f"{again}"
        )
    for name, value in _scores(table).items():
        if abs(row[name] - value) > 1e-6:
            raise StudyError(
                f"{path.with_name('metrics.json')}: test.{name} is {row[name]}, but the "
                f"predictions beside it give {value}. {again}"
            )


def _scores(table: pd.DataFrame) -> dict[str, float]:
    """The scores of predictions, as ``train.evaluation`` has them from scikit-learn."""
    by_class = table.groupby("label")["right"]
    sizes = by_class.size()
    predicted = table["predicted"].value_counts().reindex(sizes.index, fill_value=0)
    return {
        "n": len(table),
        "accuracy": float(table["right"].mean()),
        "top5_accuracy": float((table["rank"] <= 5).mean()),
        "balanced_accuracy": float(by_class.mean().mean()),
        "macro_f1": float((2 * by_class.sum() / (sizes + predicted)).mean()),
    }


def _examples(ids: Sequence[str] | pd.Index) -> str:
    shown = ", ".join(map(repr, ids[:3]))
    return (shown + (", ..." if len(ids) > 3 else "")) or "none"


def _readable(path: Path, read: Any) -> Any:
    """What ``read`` makes of a file, or a message that says why it cannot be read."""
    try:
        return read(path)
    except FileNotFoundError as error:
        raise StudyError(f"{path}: this file is missing; the run has to be made first") from error
    except (ValueError, pa.ArrowException, OSError) as error:
        raise StudyError(
            f"{path}: this file cannot be read ({error}). Remove it to have it made again"
        ) from error


def _value(found: Any, key: str, path: Path) -> Any:
    """The value at a dotted key of a JSON file."""
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            raise StudyError(f"{path}: the key `{key}` is missing. Remove it to have it made again")
        found = found[part]
    return found


def _number(found: Any, key: str, path: Path) -> float:
    """The finite number at a dotted key of a JSON file."""
    value = _value(found, key, path)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise StudyError(
            f"{path}: `{key}` is {value!r}; expected a number. Remove it to have it made again"
        )
    return value
