"""The files that a run leaves behind."""

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import keras

from art_transfer.files import atomic_path, write_json
from art_transfer.formats import HISTORY, PREDICTIONS, write_csv, write_parquet
from art_transfer.job_settings import Training
from art_transfer.train.backbones import FEATURES
from art_transfer.train.evaluation import Tested


def write_run(
    folder: str | Path,
    model: keras.Model,
    tested: Tested,
    training: Training,
    inputs: dict[str, str],
    machine: dict[str, Any],
    code: str,
) -> None:
    """Write the files of a run that leaves a network, as ``write_tested`` does the others."""
    write_model(model, Path(folder) / "model.keras")
    facts = network_facts(model) | machine
    write_tested(folder, tested, training, inputs, facts, code)


def write_tested(
    folder: str | Path,
    tested: Tested,
    training: Training,
    inputs: dict[str, str],
    facts: dict[str, Any],
    code: str,
) -> None:
    """Write a run's files but for its network, ``run.json`` last.

    ``inputs`` are the SHA-256 of all that the run read, by path; ``facts`` are what
    ``machine.Meter`` reports, and the numbers of the network's ``parameters`` and ``features``;
    ``code`` is the fingerprint of the rule's code.
    """
    folder = Path(folder)
    write_json(folder / "labels.json", tested.classes)
    write_json(folder / "preprocessing.json", preprocessing(training))
    write_json(folder / "calibration.json", tested.calibration)
    write_csv(folder / "history.csv", tested.history, HISTORY)
    write_parquet(folder / "predictions.parquet", tested.predictions, PREDICTIONS)
    write_json(folder / "metrics.json", tested.metrics)
    write_json(folder / "run.json", record(training, inputs, facts, code))


def network_facts(model: keras.Model) -> dict[str, int]:
    """How many parameters and features a network has, for ``run.json``."""
    return {
        "parameters": model.count_params(),
        "features": model.get_layer(FEATURES).output.shape[-1],
    }


def record(
    training: Training, inputs: dict[str, str], facts: dict[str, Any], code: str
) -> dict[str, Any]:
    """The contents of ``run.json``; see ``write_tested``."""
    return {
        "run": dataclasses.asdict(training.run),
        "settings": dataclasses.asdict(training),
        "code": code,
        "inputs": inputs,
        **facts,
    }


def preprocessing(training: Training) -> dict[str, Any]:
    """What must happen to an image before the model sees it."""
    return {
        "size": training.architecture.size,
        "fit": training.pixels.fit,
        "filter": training.pixels.filter,
        "scaling": training.scaling,
        "layer": training.architecture.layer,
    }


def write_model(model: keras.Model, path: str | Path) -> None:
    """Save a model without its optimiser; the same weights give the same bytes.

    Keras writes the time of saving and addresses in memory into the file, which would make a
    retrained but equal parent look like a changed one to every run that starts from it.
    """
    bare = keras.Model(model.input, model.output, name=model.name)
    with atomic_path(path) as temporary:
        bare.save(temporary)
        with zipfile.ZipFile(temporary) as archive:
            members = {name: archive.read(name) for name in sorted(archive.namelist())}
        metadata = json.loads(members["metadata.json"])
        metadata["date_saved"] = ""
        members["metadata.json"] = json.dumps(metadata).encode()
        members["config.json"] = _renumbered(members["config.json"])
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def _renumbered(config: bytes) -> bytes:
    """A model's description with its shared objects numbered in their order."""
    numbers: dict[int, int] = {}

    def renumber(block: dict[str, Any]) -> dict[str, Any]:
        if "shared_object_id" in block:
            address = block["shared_object_id"]
            block["shared_object_id"] = numbers.setdefault(address, len(numbers) + 1)
        return block

    return json.dumps(json.loads(config, object_hook=renumber)).encode()
