"""Snakemake's own records of a study's files, so that an archive knows what it was made from.

Snakemake keeps a small JSON record of each file that it made: the rule's parameters, the inputs
and their checksums. Without them it notices no change. They go into the archive as one file, and
from there back to where Snakemake looks for them.
"""

import gzip
import json
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterator
from pathlib import Path

from snakemake.persistence import MetadataRecord
from snakemake.persistence.file import FilePersistence

from art_transfer.archive.manifest import ASKED_FOR, MANIFEST, RECORDS
from art_transfer.errors import StudyError
from art_transfer.files import atomic_path

SNAKEMAKE = ".snakemake"
TIMES = ("starttime", "endtime", "job_hash", "external_jobid", "incomplete")
HERE_ONLY = ("shellcmd", "code")
"""What names this machine, or is no trigger (profiles/default)."""


def write_records(
    path: str | Path, folder: str | Path, study: str, collections: Collection[str]
) -> None:
    """Write the records of a study's files and of the resources that it uses, sorted, gzipped.

    ``folder`` is Snakemake's own, ``.snakemake``. Files made from the same things give the same
    bytes, whenever they were made. What is written later, this file and the manifest, has none;
    nor has what was asked for by hand, which names folders of this machine.
    """
    tops = {("results", study), ("resources", "weights")}
    tops |= {("resources", name) for name in collections}
    lines = []
    for name, path_of_record in _records(Path(folder) / "metadata"):
        parts = Path(name).parts
        wanted = parts[:2] in tops and parts[-1] not in (RECORDS, MANIFEST)
        if wanted and not (parts[0] == "results" and parts[2] in ASKED_FOR):
            try:
                record = json.loads(path_of_record.read_text(encoding="utf-8"))
            except (ValueError, FileNotFoundError):  # half written, or gone since
                continue  # as Snakemake does, which knows nothing of the file then
            kept = {k: v for k, v in record.items() if k not in (*TIMES, *HERE_ONLY)}
            lines.append(json.dumps({"path": name, "record": kept}, sort_keys=True))
    with (
        atomic_path(path) as temporary,
        temporary.open("wb") as stream,
        gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed,
    ):
        packed.write("".join(f"{line}\n" for line in sorted(lines)).encode())


def read_records(path: str | Path) -> dict[str, MetadataRecord]:
    """The records that ``write_records`` wrote, by path. Raises StudyError for any other file."""
    found = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for entry in map(json.loads, stream):
                name, record = entry["path"], entry["record"]
                if not isinstance(name, str) or not name.encode():
                    raise ValueError(f"a record of {name!r}, which names no file")
                found[name] = MetadataRecord(**record)
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError) as error:
        raise StudyError(
            f"{path}: expected Snakemake's records as `make pack` seals them, one on each line, "
            f"packed with gzip; found {error!r}"
        ) from error
    return found


def restore_records(path: str | Path, project: str | Path) -> None:
    """Give the records in ``path`` to Snakemake in ``project``.

    A record of a file that is there already, made here, stays as it is.
    """
    root = Path(project)
    kept = {name for name, _ in _records(root / SNAKEMAKE / "metadata") if (root / name).is_file()}
    snakemake = FilePersistence(nolock=True, path=root / SNAKEMAKE)
    restored = {name: record for name, record in read_records(path).items() if name not in kept}
    for name, record in restored.items():
        snakemake._write_record(name, record)


def _records(folder: Path) -> Iterator[tuple[str, Path]]:
    """The path of each file that Snakemake knows, and where its record of it lies.

    The name of a record's file is the path in base 64, cut into folders ``@...`` where it is long.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            parts = path.relative_to(folder).parts
            name = "".join(part.removeprefix("@") for part in parts)
            yield urlsafe_b64decode(name).decode(), path
