"""The files that a training for several tasks leaves behind."""

from pathlib import Path
from typing import Any

import pandas as pd

from art_transfer.files import write_json
from art_transfer.formats import JOINT_SPLITS, write_csv
from art_transfer.job_settings import Training
from art_transfer.train.fitting import history_columns
from art_transfer.train.joint import Joint
from art_transfer.train.run_folder import network_facts, preprocessing, record, write_model


def write_joint(
    folder: str | Path,
    joint: Joint,
    splits: pd.DataFrame,
    training: Training,
    inputs: dict[str, str],
    machine: dict[str, Any],
    code: str,
) -> None:
    """Write the files of a training for several tasks, as ``write_run``; ``labels.json`` by task.

    ``splits`` is the table of whose labels count, ``splits.csv`` there.
    """
    folder = Path(folder)
    write_model(joint.model, folder / "model.keras")
    write_json(folder / "labels.json", joint.classes)
    write_json(folder / "preprocessing.json", preprocessing(training))
    write_csv(folder / "history.csv", joint.history, history_columns(training.method))
    write_csv(folder / "splits.csv", splits, JOINT_SPLITS)
    found = record(training, inputs, network_facts(joint.model) | machine, code)
    write_json(folder / "run.json", found | {"best_epoch": joint.best_epoch})
