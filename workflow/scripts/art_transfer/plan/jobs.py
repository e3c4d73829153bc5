"""The jobs of a plan as Snakemake gives them, in plain objects."""

from dataclasses import dataclass
from pathlib import PurePath

from art_transfer.study import CHECKPOINT

RUN_RULES = ("fine_tune", "head", "classifier", "joint", "joint_task")
"""The rules that train, and that make run folders of what was trained."""


@dataclass(frozen=True)
class Made:
    """What a job is made from, as Snakemake recorded it when it ran, or would record it now."""

    params: tuple[str, ...]  # settings and code, each one line of JSON
    inputs: frozenset[str]


@dataclass(frozen=True)
class Job:
    """A job that Snakemake would run."""

    rule: str
    wildcards: tuple[str, ...]
    outputs: tuple[str, ...]
    before: Made | None  # None: it was never made, or without a record
    now: Made
    changed: frozenset[str] = frozenset()  # inputs whose contents changed
    missing: frozenset[str] = frozenset()  # outputs that are needed and not there
    after: frozenset[str] = frozenset()  # inputs that other jobs make anew

    @property
    def name(self) -> str:
        """The rule and what it is made for."""
        return " ".join((self.rule, *self.wildcards))

    @property
    def folder(self) -> str:
        """Where its first output lies; a run's folder for a job that makes one."""
        return str(PurePath(self.outputs[0]).parent)

    @property
    def trains(self) -> bool:
        """Whether it makes a run, or trains one for several runs."""
        return self.rule in RUN_RULES

    @property
    def lost(self) -> bool:
        """Whether it is made again only since files that were made once are not here."""
        own = self.before == self.now and not self.changed
        return own and bool(self.missing)

    @property
    def lost_checkpoint(self) -> bool:
        """Whether it is a run that is repeated only since its checkpoint was not archived."""
        only = all(PurePath(name).name == CHECKPOINT for name in self.missing)
        return self.trains and self.lost and only
