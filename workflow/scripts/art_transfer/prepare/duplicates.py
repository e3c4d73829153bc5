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

Looks that are the same byte by byte, as those of a museum's one file for "no image available", are
compared once: each object with such a look is tied to the first object that has the look it is
near, and not to every one. The same holds for titles. So the groups are what all pairs would give,
and 10,000 such objects have 10,000 ties and not 100 million.

Titles and names are compared without regard to case and white space. Features of networks are not
used: a split that depended on them would depend on training.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from art_transfer.arrays import read_array
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
    looks: NDArray[np.uint8]  # (n, 64, 64), may be mapped from a file
    compared: NDArray[np.int64]  # the rows in `looks` of those that are compared
    hashes: Hashes  # of those
    pictured: pd.DataFrame  # which of those (look) an object has (row in `objects`)


def museum(objects: pd.DataFrame, ids: Sequence[str], looks: NDArray[np.uint8]) -> Museum:
    """A museum from its objects, and its looks (n, 64, 64) with their ids in the same order."""
    rows = pd.Series(np.arange(len(objects)), index=objects["object_id"])
    compared, own = _compared(looks)
    pictured = pd.DataFrame({"look": own, "row": rows.loc[list(ids)].to_numpy(np.int64)})
    pictured = pictured[pictured["look"] >= 0]
    return Museum(objects, looks, compared, hashes(looks, compared), pictured)


def read_museum(objects: str | Path, tables: Sequence[str | Path], looks: str | Path) -> Museum:
    """A museum from its objects, its image tables, and its looks in their order.

    Raises StudyError where the looks are broken, or not as many as the readable images.
    """
    known = read_parquet(objects, columns(OBJECTS, "object_id", "title", "creators", "date"))
    images = pd.concat([read_csv(path, ["object_id", "status"]) for path in tables])
    ids = images.loc[images["status"] == "ok", "object_id"].tolist()
    array = read_array(looks, np.uint8, 3)
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
    """The pairs of near-duplicates of two museums: object_id, other_id, how; sorted.

    Of several objects with one look, or one title, the first stands for all: each object that has
    near-duplicates in the other museum is in a pair, but not every pair is there.
    """
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
    if one is other:  # a look is near itself, which counts where several objects have it
        several = np.bincount(one.pictured["look"], minlength=len(one.compared)) > 1
        near = near[(near["whole"] != near["other"]) | several[near["whole"]]]
    # By blocks of looks, so that a large museum's need not all be smoothed at a time.
    blocks = near.groupby([near["whole"] // BLOCK, near["other"] // BLOCK])
    same = [_alike_looks(one, other, part) for _, part in blocks]
    pairs = pd.concat([near.iloc[:0], *same], ignore_index=True).rename_axis("pair").reset_index()
    first, second = (
        some.pictured.merge(pairs[[end, "pair"]], left_on="look", right_on=end)[["pair", "row"]]
        for some, end in ((one, "whole"), (other, "other"))
    )
    return _alike(first, second, ["pair"], "image")


def _alike_looks(one: Museum, other: Museum, near: pd.DataFrame) -> pd.DataFrame:
    """Of pairs of looks that may be alike, those that are."""
    whole, rows = _smoothed(one, near["whole"])
    others, other_rows = _smoothed(other, near["other"])
    return near[agreement(whole, rows, others, other_rows, WINDOWS[near["window"]]) >= SAME]


def _smoothed(some: Museum, numbers: pd.Series) -> tuple[Smooth, NDArray[np.int64]]:
    """The compared looks of these numbers, each once, and where each number's is among them."""
    used, places = np.unique(numbers.to_numpy(np.int64), return_inverse=True)
    return smoothed(some.looks[some.compared[used]]), places


def _compared(looks: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the looks to compare, and which of these each look is; -1 for a plain one.

    Each look once, the first of those that are the same. Plain ones agree with none, but their
    hashes may be near those of all others.
    """
    digests = [hashlib.blake2b(look.tobytes(), digest_size=16).digest() for look in looks]
    kinds, _ = pd.factorize(np.array(digests, object))
    _, first = np.unique(kinds, return_index=True)
    blocks = (first[start : start + BLOCK] for start in range(0, len(first), BLOCK))
    shown = [smoothed(looks[rows]).any(axis=(1, 2)) for rows in blocks]
    some = np.concatenate([np.zeros(0, bool), *shown])
    return first[some], np.where(some, np.cumsum(some) - 1, -1)[kinds]


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
