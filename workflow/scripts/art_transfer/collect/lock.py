"""What was fetched from a museum, written down once: a later fetch is compared with it.

Objects and images are sorted by their ids, so that two museums of any size are compared line by
line and little memory is needed.
"""

import csv
import datetime
import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from art_transfer.collect.source import Source
from art_transfer.errors import StudyError
from art_transfer.files import atomic_path, sha256, write_yaml
from art_transfer.formats import IMAGES, read_csv
from art_transfer.job_settings import SourceSettings
from art_transfer.settings import canonical

LOCK = "source.lock.yaml"
HASHES = ["id", "sha256"]
_KINDS = ("added", "removed", "changed")

Hashes = Iterable[tuple[str, str]]
"""Ids and hashes, sorted by the ids."""


def freeze_objects(source: Source, objects: str | Path, settings: SourceSettings) -> None:
    """Write ``source.lock.yaml`` beside ``objects.parquet``, or compare with the one there.

    The lock is no output of a rule, so that it outlives reruns. A lock of other settings is
    replaced. A source that is not remote needs none: its files are there. Raises StudyError that
    says how many objects were added, removed and changed since, and which table lists them all.
    """
    if not source.remote:
        return
    objects = Path(objects)
    lock, table = objects.parent / LOCK, objects.parent / "source.lock" / "objects.csv"
    known = yaml.safe_load(lock.read_text(encoding="utf-8")) if lock.is_file() else {}
    if known.get("settings") == canonical(settings) and table.is_file():
        if known["objects_sha256"] != sha256(objects):
            compare(table, _object_hashes(objects), "objects", known["date"])
        return
    shutil.rmtree(table.parent, ignore_errors=True)  # the images of other objects
    _write(table, _object_hashes(objects))
    write_yaml(
        lock,
        {
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "settings": canonical(settings),
            "records": pq.read_metadata(objects).num_rows,
            "objects_sha256": sha256(objects),
            "hashes": f"source.lock/{table.name}",
            "hashes_sha256": sha256(table),
        },
    )


def freeze_images(source: Source, images: str | Path, name: str) -> None:
    """Write the hashes of a shard's images into the lock, or compare with those there.

    An image that was missing or unreadable and is there now is no difference, but added to the
    lock. ``images`` is the shard's table (``formats.IMAGES``), ``name`` the shard's in the lock.
    Raises StudyError as ``freeze_objects``, and where one that is in the lock did not come.
    """
    if not source.remote:
        return
    table = Path(images).parents[1] / "source.lock" / f"images-{name}.csv"
    found = read_csv(images, IMAGES)
    hashes = found["sha256"].where(found["status"] == "ok", "")  # of a file that is no image: none
    new = list(zip(found["object_id"], hashes, strict=True))
    if table.is_file():
        failed = found.loc[found["status"].str.startswith("failed"), "object_id"].tolist()
        known = dict(_read(table)) if failed else {}
        lacking = [object_id for object_id in failed if known.get(object_id)]
        if lacking:
            raise StudyError(
                f"{len(lacking)} images that an earlier fetch had did not come this time"
                f"{_examples(lacking)}: start again later, and only these are asked for"
            )
        compare(table, new, "images", "an earlier fetch", may_come=True)
    _write(table, new)


def compare(table: Path, new: Hashes, what: str, since: str, may_come: bool = False) -> None:
    """Raise StudyError where ids or hashes differ from those in ``table``; it lists all that do.

    With ``may_come`` a hash where there was none is no difference.
    """
    listing = table.with_name(f"{table.stem}-differences.csv")
    counts: Counter[str] = Counter()
    examples: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    with atomic_path(listing) as temporary, temporary.open("w", encoding="utf-8", newline="") as to:
        writer = csv.writer(to, lineterminator="\n")
        writer.writerow(["id", "difference"])
        for object_id, kind in _differences(_read(table), iter(new), may_come):
            writer.writerow([object_id, kind])
            counts[kind] += 1
            examples[kind] = [*examples[kind], object_id][:4]
    if not counts:
        listing.unlink()
        return
    told = ", ".join(f"{counts[kind]} {kind}{_examples(examples[kind])}" for kind in _KINDS)
    raise StudyError(
        f"the museum's {what} are not those of {since}: {told}; {listing} lists them all. To "
        f"study the museum as it is now, delete {table} and run again; to have the study as it "
        "was, take its archived files."
    )


def _differences(
    old: Iterator[tuple[str, str]], new: Iterator[tuple[str, str]], may_come: bool
) -> Iterator[tuple[str, str]]:
    """The ids that differ and how, from two sorted lists side by side."""
    was, now = next(old, None), next(new, None)
    while was is not None or now is not None:
        if was is None or (now is not None and now[0] < was[0]):
            assert now is not None
            yield now[0], "added"
            now = next(new, None)
        elif now is None or was[0] < now[0]:
            yield was[0], "removed"
            was = next(old, None)
        else:
            if was[1] != now[1] and not (may_come and was[1] == ""):
                yield was[0], "changed"
            was, now = next(old, None), next(new, None)


def _examples(ids: list[str]) -> str:
    return f" ({', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''})" if ids else ""


def _read(table: Path) -> Iterator[tuple[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        next(rows)
        yield from ((row[0], row[1]) for row in rows)


def _write(table: Path, hashes: Hashes) -> None:
    with atomic_path(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as to:
        writer = csv.writer(to, lineterminator="\n")
        writer.writerow(HASHES)
        writer.writerows(hashes)


def _object_hashes(objects: Path) -> Iterator[tuple[str, str]]:
    """The id and a hash of each object, without reading them all at once."""
    for batch in pq.ParquetFile(objects).iter_batches(batch_size=10_000):
        for row in batch.to_pylist():
            digest = hashlib.sha256(canonical(row).encode()).hexdigest()
            yield str(row["object_id"]), digest
