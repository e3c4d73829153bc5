"""Run folders as one tidy table, each checked against the split that it was tested on."""

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.files import read_json, sha256
from art_transfer.formats import (
    DUPLICATES,
    HISTORY,
    PREDICTIONS,
    SPLITS,
    columns,
    read_arrow,
    read_csv,
    read_parquet,
)
from art_transfer.settings import Run

CELL = ["collection", "task", "backbone", "init", "method"]
"""What makes a cell of a table: a run but for its seed."""

SCORES = ["accuracy", "top5_accuracy", "balanced_accuracy", "macro_f1"]
"""Scores on the test split, each 0-1."""

OTHERS = "other classes"
"""What stands for all classes that are not shown one by one."""

BASELINES = ["largest_class", "thumbnail"]
"""What one gets without a network."""

Groups = Mapping[str, pd.DataFrame]
"""The near-duplicates of each museum (formats.DUPLICATES)."""

_LABELLED = columns(PREDICTIONS, "object_id", "label", "predicted")


@dataclass(frozen=True)
class Tested:
    """Which test objects a run gets right, in the order of their ids."""

    objects: str  # a hash of the ids (and their weights): the same where the same are compared
    right: NDArray[np.bool_]
    groups: NDArray[np.int64] | None = None
    """The group of near-duplicates that each object belongs to; None where each stands alone."""


def read_groups(paths: Iterable[str | Path]) -> Groups:
    """Read the near-duplicates of museums, from files of their names (rule near_duplicates)."""
    return {Path(path).stem: read_csv(path, DUPLICATES) for path in paths}


def read_runs(
    runs: Iterable[Run],
    results: str | Path,
    splits: Iterable[str | Path],
    groups: Groups | None = None,
) -> pd.DataFrame:
    """Read run folders into one row per run, in the order given; doubles count once.

    ``results`` is the study's folder of results; ``splits`` the path of each run's split, in the
    runs' order; ``groups`` the near-duplicates of the runs' museums, where ``tested`` shall know of
    them. Columns: those of CELL, ``seed``, SCORES and ``n`` (test objects),
    ``train_accuracy``, ``validation_accuracy`` (0-1) and ``validation_loss`` at the chosen epoch,
    ``train_n`` (training objects), ``best_epoch``,
    ``epochs``, ``parameters`` (of the network with its head), ``features`` (their number),
    ``network`` (a name in NETWORKS), ``kind`` (of the method), ``first`` (kind of first weights),
    ``scaling``, ``expected_scaling``, ``run`` (folder below ``results``), ``metrics_sha256`` and
    ``tested`` (a Tested).

    Raises StudyError, naming the file, where a run folder is incomplete or unreadable, belongs to
    another run, was tested on other objects or labels than the split's test objects, or where
    its predictions cannot be, or do not give its printed scores.
    """
    tests: dict[Path, pa.Table] = {}
    rows = {}
    for run, split in dict(zip(runs, splits, strict=True)).items():
        path = Path(split)
        if path not in tests:
            table = read_csv(path, SPLITS)
            test = table.loc[table["split"] == "test", ["object_id", "label"]]
            schema = columns(PREDICTIONS, "object_id", "label")
            tests[path] = _in_order(pa.Table.from_pandas(test, schema, preserve_index=False))
        row, found = _row(run, Path(results)), _predicted(run, Path(results), PREDICTIONS)
        if not found.select(["object_id", "label"]).equals(tests[path]):
            raise StudyError(_other_objects(run, Path(results), tests[path].to_pandas(), path))
        _check_scores(run, Path(results), row, found)
        rows[run] = row | {"tested": _tested(found, (groups or {}).get(run.collection))}
    return pd.DataFrame(list(rows.values()))


def read_tested(run: Run, results: str | Path, groups: Groups | None = None) -> Tested:
    """Read which test objects a run gets right; ``groups`` are its museum's near-duplicates.

    Raises StudyError where the file is unreadable.
    """
    return _tested(_predicted(run, Path(results), _LABELLED), (groups or {}).get(run.collection))


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
        "train_accuracy": _number(metrics, "train.accuracy", path),
        "train_n": _number(metrics, "train.n", path),
        "validation_accuracy": _number(metrics, "validation.accuracy", path),
        "validation_loss": _number(metrics, "validation.loss", path),
        "validation_n": _number(metrics, "validation.n", path),
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


def _predicted(run: Run, results: Path, schema: pa.Schema) -> pa.Table:
    """These columns of a run's predictions, in the order of the ids."""
    path = results / run.folder / "predictions.parquet"
    return _in_order(_readable(path, lambda path: read_arrow(path, schema)))


def _in_order(table: pa.Table) -> pa.Table:
    """The table sorted by ``object_id``, in one piece; those that we write are sorted already."""
    table = table.replace_schema_metadata(None).combine_chunks()
    ids = table["object_id"]
    ordered = len(ids) < 2 or pc.all(pc.less(ids[:-1], ids[1:])).as_py()
    return table if ordered else table.sort_by("object_id").combine_chunks()


def _tested(found: pa.Table, near_duplicates: pd.DataFrame | None) -> Tested:
    # Neither buffers nor lengths alone tell ids apart: "ab", "c" and "a", "bc" share the bytes.
    ids = "\n".join(found["object_id"].to_pylist())
    right = pc.equal(found["label"], found["predicted"]).to_numpy()
    groups = None if near_duplicates is None else _groups(found["object_id"], near_duplicates)
    return Tested(hashlib.sha256(ids.encode()).hexdigest(), right, groups)


def _groups(ids: pa.ChunkedArray, near_duplicates: pd.DataFrame) -> NDArray[np.int64] | None:
    known = pa.array(near_duplicates["object_id"], pa.string())
    place = pc.fill_null(pc.index_in(ids, value_set=known), -1).to_numpy()
    numbers, _ = pd.factorize(near_duplicates["group"])
    alone = len(numbers) + np.arange(len(ids))
    groups = np.where(place < 0, alone, numbers[place]) if len(numbers) else alone
    return groups if len(np.unique(groups)) < len(ids) else None


def _other_objects(run: Run, results: Path, expected: pd.DataFrame, split: Path) -> str:
    """How the predictions' objects and labels differ from the test objects of the split."""
    path = results / run.folder / "predictions.parquet"
    table = read_predictions(run, results).set_index("object_id")
    test = expected.set_index("object_id")["label"]
    again = "Remove the folder to have the run made again"
    doubled = table.index[table.index.duplicated()].unique()
    if len(doubled):
        return f"{path}: {_examples(doubled)} occur more than once. {again}"
    missing, foreign = test.index.difference(table.index), table.index.difference(test.index)
    if len(missing) or len(foreign):
        return (
            f"{path}: this run was tested on other objects than the test split of {split}: "
            f"{len(missing)} of its {len(test)} objects are missing ({_examples(missing)}) and "
            f"{len(foreign)} do not belong to it ({_examples(foreign)}). {again}"
        )
    labels = test.reindex(table.index)
    wrong = table.index[table["label"] != labels]
    found, expected_label = table.at[wrong[0], "label"], labels[wrong[0]]
    return (
        f"{path}: the labels of {len(wrong)} objects are not those of {split}, such as "
        f"{wrong[0]!r}: {found!r} instead of {expected_label!r}. {again}"
    )


def _check_scores(run: Run, results: Path, row: dict[str, Any], found: pa.Table) -> None:
    """The predictions must be ones that a network can make, and give the scores that are printed.

    The scores are those that ``train.evaluation`` has from scikit-learn, but a hundred times as
    fast.
    """
    folder, again = results / run.folder, "Remove the folder to have the run made again"
    truth = pc.dictionary_encode(found["label"].combine_chunks())
    codes, count = truth.indices.to_numpy(), len(truth.dictionary)
    known = pc.index_in(found["predicted"], value_set=truth.dictionary)
    predicted = pc.fill_null(known, -1).to_numpy()
    rank, probability = found["rank"].to_numpy(), found["probability"].to_numpy()
    right = codes == predicted
    possible = (right == (rank == 1)) & (probability >= 0) & (probability <= 1) & (predicted >= 0)
    if not possible.all():
        strange = np.array(found["object_id"].to_pylist(), dtype=object)[~possible]
        raise StudyError(
            f"{folder / 'predictions.parquet'}: {_examples(strange.tolist())}: no network says "
            "this; expected a class of the split, a probability of 0 to 1, and rank 1 where it is "
            f"right and nowhere else. {again}"
        )
    sizes, hits = np.bincount(codes, minlength=count), np.bincount(codes[right], minlength=count)
    computed = {
        "n": len(codes),
        "accuracy": right.mean(),
        "top5_accuracy": (rank <= 5).mean(),
        "balanced_accuracy": (hits / sizes).mean(),
        "macro_f1": (2 * hits / (sizes + np.bincount(predicted, minlength=count))).mean(),
    }
    for name, value in computed.items():
        if abs(row[name] - value) > 1e-6:
            raise StudyError(
                f"{folder / 'metrics.json'}: test.{name} is {row[name]}, but the predictions "
                f"beside it give {value}. {again}"
            )


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
