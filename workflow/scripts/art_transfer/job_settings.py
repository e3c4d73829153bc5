"""What each rule's script is told: the part of the study's settings that its outputs depend on.

A rule passes one of these as one canonical text (``settings.canonical``), so that a job reruns
when something in it changes, and not when anything else does.
"""

from dataclasses import dataclass
from typing import Any

from art_transfer.settings import Method, Pixels, Run, Task


@dataclass(frozen=True)
class Architecture:
    """What decides the shape of a network without its head."""

    network: str  # a name in networks.NETWORKS
    size: int  # pixels
    layer: str  # whose pooled output is the features; "last" for the end of the network


@dataclass(frozen=True)
class FirstWeights:
    """What decides a network's first weights, beside the file that the rule has as its input."""

    # "weights"; "keras_2_1", a whole network's in that layout; "random"; "batch_norm", another
    # init's with other statistics; or "run"
    kind: str
    seed: int  # of random ones


@dataclass(frozen=True)
class Extraction:
    """All settings that features depend on."""

    architecture: Architecture
    first: FirstWeights
    scaling: str
    batch_norm: str  # "inference", "folded" or "batch"
    engine: str  # "keras" or "openvino"
    engine_version: str  # of openvino; that of keras is in the code's fingerprint
    threads: int


@dataclass(frozen=True)
class BatchNormSettings:
    """All settings that a network with new batch-norm statistics depends on."""

    architecture: Architecture
    first: FirstWeights  # of the network as it was
    scaling: str
    how: str  # "updated" or "reestimated"
    threads: int


@dataclass(frozen=True)
class Training:
    """All settings that a run depends on."""

    run: Run
    method: Method
    architecture: Architecture
    first: FirstWeights
    pixels: Pixels
    scaling: str
    expected_scaling: str  # by the first weights; another one is allowed, and noted in tables
    threads: int


@dataclass(frozen=True)
class UsedSplit:
    """Which objects of its split a run was trained on (``splits.used_split``)."""

    path: str  # of the split
    share: float  # of its train objects (0-1)
    seed: int  # that chooses them
    task: str
    joint: str  # the path of the labels of several tasks at once; empty for one task


@dataclass(frozen=True)
class SourceSettings:
    """All settings that a museum's objects depend on."""

    source: str
    options: dict[str, Any]


@dataclass(frozen=True)
class ImagesSettings:
    """All settings that a museum's images depend on."""

    source: SourceSettings
    shards: int
    ask_again: int  # raised to ask once more for images that were missing
    listing: str  # a hash of the names and sizes of a folder's files; empty for other sources


@dataclass(frozen=True)
class WeightsSettings:
    """All settings that a file of weights depends on."""

    address: str
    hash: str


@dataclass(frozen=True)
class LabelSettings:
    """All settings that the labels of a collection and a task depend on."""

    task: Task
    max_unreadable_share: float


@dataclass(frozen=True)
class SplitSettings:
    """All settings that one split depends on, beside the seed in its path."""

    rule: str
    group_near_duplicates: bool


@dataclass(frozen=True)
class BetweenSettings:
    """Between which museums near-duplicates are looked for."""

    collections: tuple[str, ...]  # in the order of the inputs
    pairs: tuple[tuple[str, ...], ...]
