"""The seal of an archive: one line for each file, as ``sha256sum --check`` reads them."""

from pathlib import Path

from art_transfer.files import files_below, sha256, write_text

MANIFEST = "MANIFEST.sha256"
CHECKPOINTS = "CHECKPOINTS.sha256"
"""The same for the checkpoints that were packed too; part of a packed archive only."""
RECORDS = "records.jsonl.gz"
"""Snakemake's own records of the study's files (``records.write_records``)."""
CHECKPOINT_ENDINGS = (".keras", ".h5")
ASKED_FOR = ("predict", "export")
"""What was asked for by hand, such as predictions for images that are not the study's."""
NOT_ARCHIVED = ("features", "state", *ASKED_FOR)
"""Beside that what can be computed again from what is archived, and the state of trainings."""


def lies_apart(path: Path) -> bool:
    """Whether a path relative to a study's folder is in NOT_ARCHIVED, or hidden."""
    parts = path.as_posix().split("/")
    return parts[0] in NOT_ARCHIVED or any(part.startswith(".") for part in parts)


def archived_files(results: str | Path) -> list[Path]:
    """The files of a study that are archived, sorted by their path.

    Everything below ``results`` but checkpoints, what is in NOT_ARCHIVED, the manifests themselves,
    and hidden files, which are halves of files that are being written. A folder that was moved to
    another disk, with a link in its place, counts as if it were here.
    """
    root = Path(results)
    return [
        path
        for path in files_below(root)
        if path.relative_to(root).parts[0] not in (MANIFEST, CHECKPOINTS)
        and not lies_apart(path.relative_to(root))
        and path.suffix not in CHECKPOINT_ENDINGS
    ]


def write_manifest(results: str | Path) -> None:
    """Write ``MANIFEST.sha256`` with paths relative to ``results``, in sha256sum's format.

    A seal of checkpoints that came with an archive goes: they may have been trained anew since.
    """
    root = Path(results)
    (root / CHECKPOINTS).unlink(missing_ok=True)
    lines = [f"{sha256(p)}  {p.relative_to(root).as_posix()}\n" for p in archived_files(root)]
    write_text(root / MANIFEST, "".join(lines))
