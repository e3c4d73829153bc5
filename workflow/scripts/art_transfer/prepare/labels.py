"""One label per object and task, chosen from the museum's metadata by a written rule.

1. A cell is cut at the task's value separators; white space is folded; Unicode is composed (NFC).
2. ``role: Name`` is parted at the role separator; with ``roles`` only those roles are kept,
   compared without regard to case.
3. Names that are no class (``unknown``) are left out, compared without regard to case.
4. The first, or last, of what is left is the object's label.
5. Spellings that differ in case alone are one class, under its commonest spelling.
6. Classes of fewer than ``min_objects`` objects are left out.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

import pandas as pd

from art_transfer.errors import StudyError
from art_transfer.settings import Task


@dataclass(frozen=True)
class Labels:
    """What the rule made of a museum."""

    labels: pd.DataFrame  # object_id, label; sorted by object_id
    decisions: pd.DataFrame  # raw value, label, objects, decision: for a curator to read
    filters: pd.DataFrame  # step, objects, classes: what each filter left


def choose_labels(objects: pd.DataFrame, images: pd.DataFrame, task: Task, name: str) -> Labels:
    """Choose the labels of a museum for one task.

    ``objects`` has the columns of ``formats.OBJECTS``, ``images`` those of ``formats.IMAGES``.
    ``name`` says in messages which collection and task it is. Raises StudyError where fewer than
    two classes are left.
    """
    raw = objects.set_index("object_id")[task.field]
    picked = pd.DataFrame(
        [_pick(list(values), task) for values in raw],
        index=raw.index,
        columns=["raw value", "key", "spelling", "decision"],
    )
    usable = picked.index.isin(images.loc[images["status"] == "ok", "object_id"])
    picked.loc[~usable, "decision"] = "no readable image"
    labelled = picked[picked["decision"] == ""]
    names = _commonest_spelling(labelled)
    sizes = labelled["key"].value_counts()
    rare = picked["key"].map(sizes).lt(task.min_objects) & (picked["decision"] == "")
    picked.loc[rare, "decision"] = f"class of fewer than {task.min_objects} objects"
    picked["label"] = picked["key"].map(names).fillna("")
    kept = picked[picked["decision"] == ""]
    if kept["key"].nunique() < 2:
        raise StudyError(
            f"{name}: {kept['key'].nunique()} classes are left of {len(objects)} objects, and a "
            f"task needs two. Their metadata field `{task.field}` has "
            f"{(raw.map(len) > 0).sum()} values; see the task's `unknown`, `roles` and "
            f"`min_objects` ({task.min_objects}) in the config."
        )
    labels = kept.reset_index()[["object_id", "label"]].sort_values("object_id", ignore_index=True)
    if task.permute_labels:
        labels["label"] = _permuted(labels)
    filters = pd.DataFrame(
        [
            ("in the museum", len(objects), pd.NA),
            ("with a readable image", int(usable.sum()), pd.NA),
            ("with a label", len(labelled), labelled["key"].nunique()),
            (f"class of at least {task.min_objects}", len(kept), kept["key"].nunique()),
        ],
        columns=["step", "objects", "classes"],
    )
    return Labels(labels, _decisions(picked), filters)


def check_images(images: pd.DataFrame, max_share: float, name: str) -> None:
    """Stop where more than ``max_share`` (0-1) of a museum's images are missing or unreadable."""
    bad = images[images["status"] != "ok"].sort_values("object_id")
    if len(bad) / max(len(images), 1) > max_share:
        examples = "".join(f"\n  {r.object_id}: {r.status}" for r in bad.head(5).itertuples())
        raise StudyError(
            f"collection {name}: {len(bad)} of {len(images)} images cannot be used, more than "
            f"`max_unreadable_share` ({max_share}) allows; resources/{name}/images/*.csv list "
            f"them all, the first are:{examples}"
        )


def _pick(values: list[str], task: Task) -> tuple[str, str, str, str]:
    """The raw value that was chosen, its key, its spelling, and why there is no label, if so."""
    unknown = {_key(_clean(name)) for name in task.unknown}
    roles = {_key(_clean(role)) for role in task.roles}
    parts = [part for value in values for part in _parts(value, task.value_separators)]
    reason = "no value"
    found = []
    for part in parts:
        role, label = _role_and_name(part, task.role_separator)
        if roles and _key(role) not in roles:
            reason = "no value with these roles"
        elif _key(label) in unknown or not label:
            reason = "unknown"
        else:
            found.append((part, _key(label), label, ""))
    if found:
        return found[0] if task.choose == "first" else found[-1]
    return (parts[0] if parts else "", "", "", reason)


def _parts(value: str, separators: str) -> list[str]:
    parts = re.split(f"[{re.escape(separators)}]", value) if separators else [value]
    return [_printable(part).strip() for part in parts if _clean(part)]


def _role_and_name(value: str, separator: str) -> tuple[str, str]:
    cleaned = _clean(value)
    if separator.strip() and separator in (padded := f"{cleaned} "):  # "painter: " has no name
        role, label = padded.split(separator, 1)
        return _clean(role), _clean(label)
    return "", cleaned


def _clean(value: str) -> str:
    """White space folded, invisible characters gone, Unicode composed."""
    return unicodedata.normalize("NFC", " ".join(_printable(value).split()))


def _printable(value: str) -> str:
    """Line breaks and the like as spaces; direction marks and soft hyphens gone."""
    kinds = ((character, unicodedata.category(character)) for character in value)
    return "".join(" " if kind == "Cc" else c for c, kind in kinds if kind != "Cf")


def _key(label: str) -> str:
    """What makes two spellings one class."""
    return unicodedata.normalize("NFC", label.casefold())


def _commonest_spelling(labelled: pd.DataFrame) -> dict[str, str]:
    """The commonest spelling of each key; of equally common ones the first in code-point order."""
    counts = labelled.groupby(["key", "spelling"]).size().reset_index(name="objects")
    counts = counts.sort_values(["key", "objects", "spelling"], ascending=[True, False, True])
    first = counts.drop_duplicates("key")
    return dict(zip(first["key"], first["spelling"], strict=True))


def _decisions(picked: pd.DataFrame) -> pd.DataFrame:
    """How often each raw value became which label, or would have, and why it did not."""
    merged = (picked["decision"] == "") & (picked["raw value"] != picked["label"])
    decision = picked["decision"].mask(picked["decision"] == "", "kept").mask(merged, "merged")
    counted = picked.assign(decision=decision)
    counted = counted.groupby(["decision", "raw value", "label"]).size().reset_index(name="objects")
    counted = counted.sort_values(
        ["decision", "objects", "raw value", "label"], ascending=[True, False, True, True]
    )
    return counted[["raw value", "label", "objects", "decision"]].reset_index(drop=True)


def _permuted(labels: pd.DataFrame) -> list[str]:
    """The labels dealt out anew, in the order of a hash of the ids."""
    order = labels["object_id"].map(lambda i: hashlib.sha256(f"permute/{i}".encode()).digest())
    return labels["label"].iloc[order.argsort(kind="stable").to_numpy()].tolist()
