"""Small configs, tables and image files that several tests start from."""

import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from art_transfer.formats import IMAGES, OBJECTS
from art_transfer.job_settings import UsedSplit
from art_transfer.prepare.labels import Labels, choose_labels
from art_transfer.settings import Task
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
HASH = "sha256:" + "0" * 64

TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}
"""What each EXIF orientation asks for."""

_SMALL = {
    "study": "small",
    "collections": {
        "museum": {"source": "folder", "folder": "somewhere"},
        "photos": {"source": "synthetic", "museum": "photos", "objects": 10, "tasks": ["type"]},
    },
    "tasks": {"material": {"field": "materials"}, "type": {"field": "types"}},
    "backbones": {"demo_plain": {"size": 32}},
    "preprocessings": {"unit": {}},
    "inits": {
        "random": {"random": "he_uniform"},
        "files": {
            "weights": {"demo_plain": {"address": "w.h5", "hash": HASH, "expects": "unit"}},
        },
        "photo_net": {
            "collection": "photos",
            "init": "random",
            "method": "fine_tuning",
            "task": "type",
        },
    },
    "methods": {
        "fine_tuning": {
            "kind": "fine_tuning",
            "preprocessing": "unit",
            "optimizer": {"name": "sgd", "learning_rate": 0.1},
        },
        "off_the_shelf": {
            "kind": "head",
            "preprocessing": "unit",
            "optimizer": {"name": "sgd", "learning_rate": 0.1},
        },
    },
    "experiments": {
        "table": {
            "collections": ["museum"],
            "tasks": ["material", "type"],
            "backbones": ["demo_plain"],
            "inits": ["random", "files", "photo_net"],
            "methods": ["fine_tuning", "off_the_shelf"],
        }
    },
}


def small_config(**changes: Any) -> dict[str, Any]:
    """A valid study; each change is ``a__b=value`` for the key ``a.b``, None removes it."""
    config = copy.deepcopy(_SMALL)
    for key, value in changes.items():
        *folders, last = key.split("__")
        block: dict[str, Any] = config
        for name in folders:
            block = block.setdefault(name, {})
        block[last] = value
    return config


def used(path: str | Path, share: float = 1.0, seed: int = 1, joint: str = "") -> UsedSplit:
    """All of a split's training objects, or a share of them, for the task "type"."""
    return UsedSplit(str(path), share, seed, "type", joint)


def file_of(image: Image.Image | NDArray[Any], kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    stream = io.BytesIO()
    whole = image if isinstance(image, Image.Image) else Image.fromarray(image)
    whole.save(stream, kind, **options)
    return stream.getvalue()


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """An RGB array in which no two places look alike."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def task(**changes: Any) -> Task:
    """A task on materials that does nothing special."""
    plain: dict[str, Any] = {
        "field": "materials",
        "choose": "first",
        "roles": (),
        "drop_roles": (),
        "role_separator": "",
        "name_form": "as_given",
        "mapping": "",
        "value_separators": "",
        "unknown": (),
        "min_objects": 3,
        "permute_labels": False,
    }
    return Task(**(plain | changes))


def objects_of(cells: dict[str, list[str]], field: str = "materials") -> pd.DataFrame:
    """A table of objects that have these values in one field and nothing else."""
    rows = [dict.fromkeys(OBJECTS.names, "") | {"object_id": name} for name in cells]
    table = pd.DataFrame(rows, columns=OBJECTS.names)
    for name in ("creators", "materials", "types"):
        table[name] = list(cells.values()) if name == field else [[] for _ in cells]
    return table


def images_of(statuses: dict[str, str]) -> pd.DataFrame:
    """An image table with these statuses by object id."""
    rows = [
        {"object_id": name, "shard": "0000", "bytes": 1, "status": status}
        for name, status in statuses.items()
    ]
    return pd.DataFrame(rows, columns=IMAGES)


FILLER = {f"z{n}": ["filler"] for n in range(3)} | {f"y{n}": ["stuffing"] for n in range(3)}


def choose(
    cells: dict[str, list[str]],
    rule: Task,
    statuses: dict[str, str] | None = None,
    mapping: dict[str, str] | None = None,
) -> Labels:
    """The labels of these objects and of two classes that are always there."""
    role = f"{rule.roles[0]}{rule.role_separator}" if rule.roles else ""
    every = {**cells, **{name: [role + values[0]] for name, values in FILLER.items()}}
    images = images_of({**dict.fromkeys(every, "ok"), **(statuses or {})})
    objects = objects_of(every, rule.field)
    return choose_labels(objects, images, rule, "museum, task material", mapping)


def labels(cells: dict[str, list[str]], rule: Task, **more: dict[str, str]) -> dict[str, str]:
    """The label by object id, without the two classes that are always there."""
    table = choose(cells, rule, **more).labels
    found = dict(zip(table["object_id"], table["label"], strict=True))
    return {name: label for name, label in found.items() if name not in FILLER}


def decisions(result: Labels) -> set[tuple[str, str, int, str]]:
    rows = set(result.decisions.itertuples(index=False, name=None))
    return rows - {("filler", "filler", 3, "kept"), ("stuffing", "stuffing", 3, "kept")}
