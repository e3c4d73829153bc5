"""Groups of objects that are nearly the same: same image, parts of one thing, or the same work.

Two objects are near-duplicates where at least one of these is so:

``image``   one image is the other, scaled, recoded, in other tones, with a border, or cropped by
            up to about a fifth of each side (``perceptual_hash``, ``registration``);
``number``  parts of one thing: the same creators, and object numbers that differ only in what
            ends them: a letter after a digit (``BK-12-A``, ``BK-12-B``; ``BK-12`` too), ``(R)``
            and ``(V)``, ``recto`` and ``verso``;
``title``   the same title, creators and date, none of them empty, where the title is no generic
            one: no other creators' object has it, in any of the museums that are compared. So
            "Landscape" or "Untitled" say nothing as soon as two artists have made one; a print's
            impressions and the sheets of a series under one title count.

Titles and names are compared without regard to case and white space. Features of networks are not
used: a split that depended on them would depend on training.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from art_transfer.errors import StudyError
from art_transfer.formats import BETWEEN, OBJECTS, columns, read_csv, read_parquet
from art_transfer.prepare.perceptual_hash import WINDOWS, Hashes, candidates, hashes
from art_transfer.prepare.registration import SAME, Smooth, agreement, smoothed
from art_transfer.prepare.values import clean, key

BLOCK = 20_000
"""Looks that are smoothed at a time, 160 MB."""

_PART = re.compile(
    r"(?:(?<=\d)[-_. ]?[a-z]|[-_. ]?\((?:r|v|recto|verso|[a-z])\)|[-_. ](?:recto|verso))$"
)


@dataclass(frozen=True)
class Museum:
    """What near-duplicates are found by: objects, and the looks of those with an image."""

    objects: pd.DataFrame  # object_id, title, creators, date
    pictured: NDArray[np.int64]  # the row in `objects` of each look
    looks: NDArray[np.uint8]  # (n, 64, 64), may be mapped from a file
    hashes: Hashes


def museum(objects: pd.DataFrame, ids: Sequence[str], looks: NDArray[np.uint8]) -> Museum:
    """A museum from its objects, and its looks (n, 64, 64) with their ids in the same order."""
    rows = pd.Series(np.arange(len(objects)), index=objects["object_id"])
    return Museum(objects, rows.loc[list(ids)].to_numpy(np.int64), looks, hashes(looks))


def read_museum(objects: str | Path, tables: Sequence[str | Path], looks: str | Path) -> Museum:
    """A museum from its objects, its image tables, and its looks in their order.

    Raises StudyError where the looks are not as many as the readable images.
    """
    known = read_parquet(objects, columns(OBJECTS, "object_id", "title", "creators", "date"))
    images = pd.concat([read_csv(path, ["object_id", "status"]) for path in tables])
    ids = images.loc[images["status"] == "ok", "object_id"].tolist()
    array = np.load(looks, mmap_mode="r", allow_pickle=False)
    if len(ids) != len(array):
        raise StudyError(
            f"{looks}: {len(array)} looks, but the image tables list {len(ids)} readable images; "
            "delete the file to have it made again"
        )
    return museum(known, ids, array)


def groups(one: Museum) -> pd.DataFrame:
    """The near-duplicates within a museum: formats.DUPLICATES, objects on their own left out.

    ``group`` is the least id of the group; ``how`` says what ties the object to others of its
    group, joined by spaces. Whoever is near two others brings them together.
    """
    found = pd.concat([_images(one, one), _numbers(one.objects), _titles(one.objects, one.objects)])
    found = found[found["a"] != found["b"]]
    ids = one.objects["object_id"].to_numpy(object)
    links = coo_array(
        (np.ones(len(found), bool), (found["a"].to_numpy(), found["b"].to_numpy())),
        shape=(len(ids), len(ids)),
    )
    _, component = connected_components(links, directed=False)
    ends = pd.concat([found.rename(columns={end: "row"})[["row", "how"]] for end in ("a", "b")])
    how = ends.drop_duplicates().sort_values(["row", "how"]).groupby("row")["how"].agg(" ".join)
    table = pd.DataFrame({"object_id": ids[how.index], "how": how.to_numpy()})
    table["group"] = table.groupby(component[how.index])["object_id"].transform("min")
    return table.sort_values("object_id", ignore_index=True)[["object_id", "group", "how"]]


def between(one: Museum, other: Museum) -> pd.DataFrame:
    """The pairs of near-duplicates of two museums: object_id, other_id, how; sorted."""
    turned = _images(other, one).rename(columns={"a": "b", "b": "a"})
    found = pd.concat([_images(one, other), turned, _titles(one.objects, other.objects)])
    found = found.drop_duplicates().sort_values(["a", "b", "how"])
    pairs = found.groupby(["a", "b"])["how"].agg(" ".join).reset_index()
    ids = {
        "object_id": one.objects["object_id"].to_numpy(object)[pairs["a"]],
        "other_id": other.objects["object_id"].to_numpy(object)[pairs["b"]],
    }
    table = pd.DataFrame(ids | {"how": pairs["how"]})
    return table.sort_values(["object_id", "other_id"], ignore_index=True)


def all_between(museums: Mapping[str, Museum], pairs: Iterable[Sequence[str]]) -> pd.DataFrame:
    """The near-duplicates of these pairs of museums; columns: formats.BETWEEN."""
    found = [
        between(museums[one], museums[other]).assign(collection=one, other_collection=other)
        for one, other in pairs
    ]
    return pd.concat([pd.DataFrame(columns=BETWEEN), *found], ignore_index=True)[BETWEEN]


def _images(one: Museum, other: Museum) -> pd.DataFrame:
    """Objects of one museum whose whole image is an image of the other's, or a part of one."""
    near = candidates(one.hashes[:, 0], other.hashes)
    if one is other:
        near = near[near["whole"] != near["other"]]
    # By blocks of looks, so that a large museum's need not all be smoothed at a time.
    blocks = near.groupby([near["whole"] // BLOCK, near["other"] // BLOCK])
    same = [_alike_looks(one.looks, other.looks, part) for _, part in blocks]
    rows, others = np.concatenate([np.zeros((2, 0), np.int64), *same], axis=1)
    return _links(one.pictured[rows], other.pictured[others], "image")


def _alike_looks(
    looks: NDArray[np.uint8], others: NDArray[np.uint8], near: pd.DataFrame
) -> NDArray[np.int64]:
    """Of pairs of looks that may be alike, those that are: their rows (2, n)."""
    whole, rows = _smoothed(looks, near["whole"])
    other, other_rows = _smoothed(others, near["other"])
    same = agreement(whole, rows, other, other_rows, WINDOWS[near["window"]]) >= SAME
    return near.loc[same, ["whole", "other"]].to_numpy(np.int64).T


def _smoothed(looks: NDArray[np.uint8], rows: pd.Series) -> tuple[Smooth, NDArray[np.int64]]:
    """The looks at some rows, each once, and where each row's is among them."""
    used, places = np.unique(rows.to_numpy(np.int64), return_inverse=True)
    return smoothed(looks[used]), places


def _numbers(objects: pd.DataFrame) -> pd.DataFrame:
    """Parts of one thing, by their numbers."""
    table = pd.DataFrame({"creators": _joined(objects), "row": np.arange(len(objects))})
    table["stem"] = [_PART.sub("", object_id.lower()) for object_id in objects["object_id"]]
    return _alike(table, table, ["stem", "creators"], "number")


def _titles(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The same work twice, by title, creators and date."""
    tables = [
        pd.DataFrame(
            {
                "title": objects["title"].map(clean).map(key),
                "creators": _joined(objects),
                "date": objects["date"].map(clean).map(key),
                "row": np.arange(len(objects)),
            }
        )
        for objects in (one, other)
    ]
    makers = pd.concat(tables).groupby("title")["creators"].nunique()
    own = makers.index[makers == 1]
    names = ["title", "creators", "date"]
    first, second = (t[t["title"].isin(own) & (t[names] != "").all(axis=1)] for t in tables)
    return _alike(first, second, names, "title")


def _alike(one: pd.DataFrame, other: pd.DataFrame, same: list[str], how: str) -> pd.DataFrame:
    """Each row tied to the first of the other table's that is the same in these columns."""
    first = other.drop_duplicates(same)
    both = one.merge(first, on=same, suffixes=("", "_first"))
    back = other.merge(one.drop_duplicates(same), on=same, suffixes=("_first", ""))
    both = pd.concat([both, back])
    return _links(both["row"].to_numpy(), both["row_first"].to_numpy(), how)


def _links(a: NDArray[np.int64], b: NDArray[np.int64], how: str) -> pd.DataFrame:
    return pd.DataFrame({"a": a, "b": b, "how": how}).drop_duplicates()


def _joined(objects: pd.DataFrame) -> list[str]:
    """Each object's creators as one text."""
    return ["; ".join(sorted(key(clean(name)) for name in some)) for some in objects["creators"]]
