"""One label per object and task, chosen from the museum's metadata by a written rule.

1. Cells are read as ``prepare.values`` says: values, their roles and names, their concepts.
2. With ``roles`` only the values with those roles are kept; those with ``drop_roles`` are left out.
3. Names that are no class (``unknown``) are left out, compared without regard to case.
4. The first, or last, of what is left is the object's label.
5. Spellings that differ in case alone are one class, under its commonest spelling.
6. Classes of fewer than ``min_objects`` objects are left out.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from art_transfer.errors import StudyError
from art_transfer.prepare.values import Values, clean, key, read_values
from art_transfer.settings import Task

ROLE, UNKNOWN = "no value with these roles", "unknown"
PASSED_OVER = "passed over: "
"""How the decision on a value begins whose object's fate hangs on another value."""


@dataclass(frozen=True)
class Labels:
    """What the rule made of a museum."""

    labels: pd.DataFrame  # object_id, label; sorted by object_id
    decisions: pd.DataFrame  # raw value, label, objects, decision: for a curator to read
    filters: pd.DataFrame  # step, objects, classes: what each filter left


def choose_labels(
    objects: pd.DataFrame,
    images: pd.DataFrame,
    task: Task,
    name: str,
    mapping: Mapping[str, str] | None = None,
) -> Labels:
    """Choose the labels of a museum for one task.

    ``objects`` has the columns object_id and the task's field, ``images`` object_id and status;
    others do no harm. ``mapping`` is the task's (``values.read_mapping``). ``name`` says in
    messages which collection and task it is. Raises StudyError where fewer than two classes are
    left.

    ``decisions`` has one row's worth of ``objects`` for each object, and one more, whose decision
    begins with PASSED_OVER, for each further value of an object that has an image.
    """
    values = read_values(objects[task.field], task, mapping or {})
    allowed = with_roles(values.distinct["role"], task.roles, task.drop_roles)
    places, reasons = _deciding(values, allowed, task.choose, len(objects))
    picked = _picked(objects["object_id"], values, places, reasons, task)
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
            f"task needs two. Their metadata field `{task.field}` has {len(values.owners)} values; "
            "see the task's `unknown`, `roles`, `drop_roles` and "
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
    others = np.setdiff1d(np.flatnonzero(usable[values.owners]), places)
    passed = _passed_over(values, others, allowed, task)
    return Labels(labels, _decisions(picked, passed), filters)


def with_roles(
    roles: pd.Series, kept: tuple[str, ...], dropped: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Which values a task's ``roles`` and ``drop_roles`` let through, by their roles' keys."""
    wanted, unwanted = ({key(clean(role)) for role in some} for some in (kept, dropped))
    allowed = roles.isin(wanted) if wanted else pd.Series(True, index=roles.index)
    return (allowed & ~roles.isin(unwanted)).to_numpy(bool)


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


def _deciding(
    values: Values, allowed: NDArray[np.bool_], choose: str, objects: int
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """The place of the value that decides on each object, -1 without one; and why it is no label.

    That is a value that can be a label; else one that is unknown; else one of another role.
    """
    places = np.full(objects, -1)
    reasons = np.full(objects, "no value", dtype=object)
    known = ~values.distinct["unknown"].to_numpy()
    for reason, mask in ((ROLE, values.every), (UNKNOWN, allowed), ("", allowed & known)):
        found = values.first(mask, choose)
        places[values.owners[found]] = found
        reasons[values.owners[found]] = reason
    return places, reasons


def _picked(
    object_ids: pd.Series,
    values: Values,
    places: NDArray[np.int64],
    reasons: NDArray[np.object_],
    task: Task,
) -> pd.DataFrame:
    """A row for each object: its raw value, and key and spelling of its class if it can have one.

    ``decision`` is empty for those that can.
    """
    has = places >= 0
    rows = values.distinct.take(values.codes[places[has]])
    picked = pd.DataFrame(
        {"raw value": "", "key": "", "spelling": "", "mapped": False, "decision": reasons},
        index=pd.Index(object_ids, name="object_id"),
    )
    fits = (reasons == "")[has]
    picked.loc[has, "raw value"] = _shown(rows, (reasons == ROLE)[has], task.role_separator)
    picked.loc[has, "key"] = np.where(fits, rows["key"], "")
    picked.loc[has, "spelling"] = np.where(fits, rows["name"], "")
    picked.loc[has, "mapped"] = fits & rows["mapped"].to_numpy()
    return picked


def _shown(
    rows: pd.DataFrame, role_alone: NDArray[np.bool_], separator: str
) -> NDArray[np.object_]:
    """Raw values for readers; one that its role left out is shown by that alone.

    A museum may keep each object's addresses and sizes in the same field, all of them different.
    """
    roles = np.where(rows["role"] == "", "(no role)", rows["role"] + separator + "…")
    return np.where(role_alone, roles, rows["raw"])


def _passed_over(
    values: Values, places: NDArray[np.int64], allowed: NDArray[np.bool_], task: Task
) -> pd.DataFrame:
    """How often each value at these places was not the one that decided, and why; no labels."""
    distinct = values.distinct
    counts = np.bincount(values.codes[places], minlength=len(distinct))
    unknown = np.where(distinct["unknown"], UNKNOWN, f"not the {task.choose}")
    reasons = np.where(allowed, unknown, "another role")
    table = pd.DataFrame(
        {
            "raw value": _shown(distinct, ~allowed, task.role_separator),
            "label": "",
            "objects": counts,
            "decision": [f"{PASSED_OVER}{reason}" for reason in reasons],
        }
    )
    return table[counts > 0]


def _commonest_spelling(labelled: pd.DataFrame) -> dict[str, str]:
    """The commonest spelling of each key; of equally common ones the first in code-point order."""
    counts = labelled.groupby(["key", "spelling"]).size().reset_index(name="objects")
    counts = counts.sort_values(["key", "objects", "spelling"], ascending=[True, False, True])
    first = counts.drop_duplicates("key")
    return dict(zip(first["key"], first["spelling"], strict=True))


def _decisions(picked: pd.DataFrame, passed_over: pd.DataFrame) -> pd.DataFrame:
    """How often each raw value became which label, or would have, and why it did not."""
    fits = picked["decision"] == ""
    same = picked["raw value"] == picked["label"]
    word = np.where(picked["mapped"], "mapped", np.where(same, "kept", "merged"))
    counted = picked.assign(decision=np.where(fits, word, picked["decision"]), objects=1)
    names = ["decision", "raw value", "label"]
    counted = pd.concat([counted[[*names, "objects"]], passed_over], ignore_index=True)
    counted = counted.groupby(names)["objects"].sum().reset_index()
    counted = counted.sort_values(
        ["decision", "objects", "raw value", "label"], ascending=[True, False, True, True]
    )
    return counted[["raw value", "label", "objects", "decision"]].reset_index(drop=True)


def _permuted(labels: pd.DataFrame) -> list[str]:
    """The labels dealt out anew, in the order of a hash of the ids."""
    order = labels["object_id"].map(lambda i: hashlib.sha256(f"permute/{i}".encode()).digest())
    return labels["label"].iloc[order.argsort(kind="stable").to_numpy()].tolist()
