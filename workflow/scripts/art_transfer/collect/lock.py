"""What was fetched from a museum, written down once: a later fetch is compared with it."""

import datetime
import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import yaml

from art_transfer.collect.source import Source
from art_transfer.errors import StudyError
from art_transfer.files import sha256, write_yaml
from art_transfer.formats import IMAGES, read_csv, write_csv
from art_transfer.job_settings import SourceSettings
from art_transfer.settings import canonical

LOCK = "source.lock.yaml"
HASHES = ["id", "sha256"]


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
    ours = known.get("settings") == canonical(settings)
    if ours and table.is_file() and known["objects_sha256"] == sha256(objects):
        return  # the usual case, which needs no memory
    new = _object_hashes(objects)
    if ours and table.is_file():
        compare(table, new, "objects", known["date"])
        return
    shutil.rmtree(table.parent, ignore_errors=True)  # the images of other objects
    write_csv(table, new)
    write_yaml(
        lock,
        {
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "settings": canonical(settings),
            "records": len(new),
            "objects_sha256": sha256(objects),
            "hashes": f"source.lock/{table.name}",
            "hashes_sha256": sha256(table),
        },
    )


def freeze_images(source: Source, images: str | Path, name: str) -> None:
    """Write the hashes of a shard's images into the lock, or compare with those there.

    An image that was missing and is there now is no difference, but added to the lock.
    ``images`` is the shard's table (``formats.IMAGES``), ``name`` the shard's in the lock. Raises
    StudyError as ``freeze_objects``.
    """
    if not source.remote:
        return
    table = Path(images).parents[1] / "source.lock" / f"images-{name}.csv"
    found = read_csv(images, IMAGES)
    new = pd.DataFrame({"id": found["object_id"], "sha256": found["sha256"]})
    if table.is_file():
        compare(table, new, "images", "an earlier fetch", may_come=True)
    write_csv(table, new)


def compare(table: Path, new: pd.DataFrame, what: str, since: str, may_come: bool = False) -> None:
    """Raise StudyError where ids or hashes (``HASHES``) differ from those in ``table``.

    With ``may_come`` a hash where there was none is no difference.
    """
    old = pd.read_csv(table, dtype=str, keep_default_na=False)
    both = old.merge(new, on="id", how="outer", suffixes=("_old", "_new"), validate="one_to_one")
    kinds = {
        "added": both["sha256_old"].isna(),
        "removed": both["sha256_new"].isna(),
    }
    differs = both["sha256_old"] != both["sha256_new"]
    if may_come:
        differs &= both["sha256_old"] != ""
    kinds["changed"] = differs & ~kinds["added"] & ~kinds["removed"]
    if not differs.any():
        return
    both["difference"] = ""
    for kind, rows in kinds.items():
        both.loc[rows, "difference"] = kind
    listing = table.with_name(f"{table.stem}-differences.csv")
    write_csv(listing, both.loc[differs, ["id", "difference"]])
    counts = ", ".join(
        f"{int(rows.sum())} {kind}{_examples(both.loc[rows, 'id'])}" for kind, rows in kinds.items()
    )
    raise StudyError(
        f"the museum's {what} are not those of {since}: {counts}; {listing} lists them all. To "
        f"study the museum as it is now, delete {table} and run again; to have the study as it "
        "was, take its archived files."
    )


def _examples(ids: pd.Series) -> str:
    return f" ({', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''})" if len(ids) else ""


def _object_hashes(objects: Path) -> pd.DataFrame:
    """The id and a hash of each object, without reading them all at once."""
    parts = [pd.DataFrame(columns=HASHES, dtype=str)]
    for batch in pq.ParquetFile(objects).iter_batches(batch_size=10_000):
        rows: Iterable[dict[str, object]] = batch.to_pylist()
        hashes = [(str(row["object_id"]), _hash(canonical(row))) for row in rows]
        parts.append(pd.DataFrame(hashes, columns=HASHES))
    return pd.concat(parts, ignore_index=True)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
