"""How many objects and classes other rules to choose labels by would give, beside Table 1."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from art_transfer.prepare.labels import with_roles
from art_transfer.prepare.values import Values, clean, key, read_values
from art_transfer.report.comparison import TABLE1
from art_transfer.settings import Task

LABEL_RULES = [
    *["collection", "task", "choose", "roles", "drop_roles", "unknown", "min_objects"],
    *["objects", "classes", "published_objects", "published_classes"],
    *["objects_difference", "classes_difference", "distance", "configured"],
]

MIN_OBJECTS = (3, 5, 10, 20)
ROLES = 8
"""How many of the most frequent roles are tried, each alone and each left out."""

LEFT_OUT, A_CLASS = "left out", "a class"

_RULE = ["choose", "roles", "drop_roles", "unknown", "min_objects"]
_Roles = tuple[tuple[str, ...], tuple[str, ...]]


def label_rules(
    objects: pd.DataFrame, images: pd.DataFrame, task: Task, mapping: Mapping[str, str]
) -> pd.DataFrame:
    """N objects and Q classes of a museum under each plausible rule for one task.

    Arguments are as for ``choose_labels``; the columns are those of LABEL_RULES from ``choose`` to
    ``classes``, and ``configured``, which is true for the task's own rule. ``roles`` and
    ``drop_roles`` are separated by ``; ``; names that the task calls unknown are LEFT_OUT or
    A_CLASS. Unlike in a split no class is missing because of chance.
    """
    usable = objects["object_id"].isin(images.loc[images["status"] == "ok", "object_id"])
    values = read_values(objects.loc[usable, task.field], task, mapping)
    distinct, own = values.distinct, (_keys(task.roles), _keys(task.drop_roles))
    classes = pd.factorize(distinct["key"])[0]
    masks = {
        LEFT_OUT: ~distinct["unknown"].to_numpy(),
        A_CLASS: (distinct["name"] != "").to_numpy(),
    }
    unknowns = list(masks) if task.unknown else [LEFT_OUT]
    roles = {some: with_roles(distinct["role"], *some) for some in _role_sets(values, own)}
    rows = []
    for choose, (kept, dropped), unknown in product(("first", "last"), roles, unknowns):
        allowed = roles[kept, dropped] & masks[unknown]
        sizes = np.bincount(classes[values.codes[values.first(allowed, choose)]])
        for least in sorted({*MIN_OBJECTS, task.min_objects}):
            large = sizes[sizes >= least]
            rule = (choose, "; ".join(kept), "; ".join(dropped), unknown, least)
            rows.append((*rule, int(large.sum()), len(large)))
    table = pd.DataFrame(rows, columns=[*_RULE, "objects", "classes"])
    ours = (task.choose, "; ".join(own[0]), "; ".join(own[1]), LEFT_OUT, task.min_objects)
    return table.assign(configured=(table[_RULE] == ours).all(axis=1))


def ranked(
    found: Mapping[tuple[str, str], pd.DataFrame], table1: pd.DataFrame | None
) -> pd.DataFrame:
    """The rules of each (collection, task), the nearest to the published N and Q first.

    ``table1`` is the published one (``comparison.read_table1``) or None. ``distance`` is
    ``|N / published N - 1| + |Q / published Q - 1|``. Equally near rules, and those with nothing
    published, whose columns are empty, stand in the order in which they were tried, after the
    configured one. Columns: LABEL_RULES.
    """
    tables = [
        table.assign(collection=collection, task=task, place=place)
        for place, ((collection, task), table) in enumerate(found.items())
    ]
    published = pd.DataFrame(columns=TABLE1) if table1 is None else table1
    sizes = published[["collection", "task", "objects", "classes"]].drop_duplicates()
    table = pd.concat(tables, ignore_index=True).merge(
        sizes.rename(columns={name: f"published_{name}" for name in ("objects", "classes")}),
        on=["collection", "task"],
        how="left",
        validate="many_to_one",
    )
    table["distance"] = 0.0
    for name in ("objects", "classes"):
        number = pd.to_numeric(table[f"published_{name}"]).astype("Int64")
        table[f"published_{name}"] = number
        table[f"{name}_difference"] = table[name] - number
        table["distance"] += (table[name] / number - 1).abs().astype("Float64")
    table["other"] = ~table["configured"]
    ordered = table.sort_values(["place", "distance", "other"], kind="stable", ignore_index=True)
    return ordered[LABEL_RULES]


def _role_sets(values: Values, own: _Roles) -> list[_Roles]:
    """The sets of roles to try, each once: kept ones (none for all), and those left out."""
    counts = pd.Series(values.distinct["role"].to_numpy()[values.codes]).value_counts()
    named = counts[counts.index != ""].rename_axis("role").reset_index(name="values")
    frequent = named.sort_values(["values", "role"], ascending=[False, True])["role"].head(ROLES)
    alone: list[_Roles] = [((role,), ()) for role in frequent]
    without: list[_Roles] = [((), (role,)) for role in frequent]
    return list(dict.fromkeys([((), ()), *alone, *without, own]))


def _keys(roles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key(clean(role)) for role in roles)
