"""A museum on one page: its sizes, classes, sample images, rights, and what was left out.

The page is one file that loads nothing, so that it can be archived and sent. Everything from the
museum's metadata is text to it: the template escapes it, and an address becomes a link only if it
is one of the web.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import seaborn
from matplotlib.figure import Figure
from PIL import Image

from art_transfer.collect.shards import read_images, readable
from art_transfer.images import decode
from art_transfer.prepare.labels import PASSED_OVER
from art_transfer.prepare.values import clean
from art_transfer.report.datasets import EVERYWHERE
from art_transfer.report.originals import sample
from art_transfer.report.pages import render, uri
from art_transfer.report.style import WIDTH, figure, plain_log, png_bytes
from art_transfer.report.tables import words

PICTURES = 24
SIDE = 240  # pixels of the longer side of a picture
LARGEST = 10  # classes shown by name
MOST = 30  # rows of a table
EXAMPLES = 3
LONGEST = 100  # letters of a caption or an example

Count = tuple[str, int]
Reason = tuple[str, int, str]  # why, how many, the values or objects that are the commonest
KEPT = ("kept", "merged", "mapped")


@dataclass(frozen=True)
class Labelled:
    """What is known of one task's labels."""

    filters: pd.DataFrame  # step, objects, classes
    decisions: pd.DataFrame  # raw value, label, objects, decision
    split: pd.DataFrame  # object_id, label, split; of the first seed


def catalogue(
    template: str | Path,
    title: str,
    objects: pd.DataFrame,
    images: pd.DataFrame,
    labelled: Mapping[str, Labelled],
    pictures: Mapping[str, bytes],
    lock: Mapping[str, object] | None,
) -> str:
    """The page, as HTML, from the file ``template``. Call within ``style.styled``.

    ``objects`` has the columns object_id, title, creators, date, rights and source_url; ``images``
    object_id and status; ``labelled`` is by task; ``pictures`` are image files by object id;
    ``lock`` is the source's lock file, None if there is none.
    """
    with_image = objects[objects["object_id"].isin(readable(images)["object_id"])]
    return render(
        template,
        title=title,
        objects=len(objects),
        with_image=len(with_image),
        facts=[(words(str(name)), str(value)) for name, value in _plain(lock or {})],
        tasks=[_task(name, found) for name, found in labelled.items()],
        plot=uri(png_bytes(long_tail(labelled)), "png") if labelled else "",
        pictures=list(_pictures(objects, pictures)),
        rights=_cut(_rights(with_image)),
        image_reasons=_image_reasons(images),
    )


def sample_files(folder: str | Path, images: pd.DataFrame, shards: int) -> dict[str, bytes]:
    """The image files of PICTURES objects, chosen by a hash of their ids; ``folder`` has shards."""
    ids = sample(readable(images)["object_id"], PICTURES)
    return read_images(folder, ids, shards)


def long_tail(labelled: Mapping[str, Labelled]) -> Figure:
    """How many objects each class has, from the largest on, a line for each task."""
    sizes = {words(name): _sizes(found)["objects"] for name, found in labelled.items()}
    tables = [
        pd.DataFrame({"task": name, "rank": range(1, len(counts) + 1), "objects": counts})
        for name, counts in sizes.items()
    ]
    made = figure(WIDTH, 2.8)
    axes = made.add_subplot()
    seaborn.lineplot(
        pd.concat(tables, ignore_index=True),
        **{"x": "rank", "y": "objects", "hue": "task", "style": "task"},
        **{"estimator": None, "errorbar": None, "palette": "colorblind", "ax": axes},
    )
    axes.set(xscale="log", yscale="log", xlabel="class, from the largest on", ylabel="objects")
    plain_log(axes.xaxis, axes.yaxis)
    axes.legend(title=None)
    return made


def _task(name: str, found: Labelled) -> dict[str, object]:
    """What the template shows of a task."""
    steps = [
        (str(row["step"]), int(row["objects"]), row["classes"])
        for row in found.filters.to_dict("records")
    ]
    steps.append((EVERYWHERE, len(found.split), found.split["label"].nunique()))
    before = [steps[0][1], *(objects for _, objects, _ in steps)]
    out = ~found.decisions["decision"].isin(KEPT)
    passed = found.decisions["decision"].str.startswith(PASSED_OVER)
    return {
        "name": words(name),
        "objects": len(found.split),
        "classes": found.split["label"].nunique(),
        "largest": list(_sizes(found).head(LARGEST).itertuples(index=False, name=None)),
        "steps": [
            (step, objects, "" if pd.isna(classes) else int(classes), earlier - objects)
            for (step, objects, classes), earlier in zip(steps, before, strict=False)
        ],
        "reasons": _reasons(found.decisions[out & ~passed]),
        "passed_over": _reasons(found.decisions[passed]),
    }


def _sizes(found: Labelled) -> pd.DataFrame:
    """Classes and their objects, the largest first."""
    sizes = found.split.groupby("label").size().reset_index(name="objects")
    return sizes.sort_values(["objects", "label"], ascending=[False, True], ignore_index=True)


def _reasons(decisions: pd.DataFrame) -> list[Reason]:
    """Each decision, how many objects it left out, and the values that did so most often."""
    ordered = decisions.sort_values(["objects", "raw value"], ascending=[False, True])
    rows = []
    for reason, group in ordered.groupby("decision"):
        named = group[group["raw value"] != ""].head(EXAMPLES)
        pairs = zip(named["raw value"], named["objects"], strict=True)
        examples = " · ".join(f"{_short(value)} ({count:,})" for value, count in pairs)
        rows.append((str(reason).removeprefix(PASSED_OVER), int(group["objects"].sum()), examples))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _image_reasons(images: pd.DataFrame) -> list[Reason]:
    """Why objects have no image: the kind of reason, how many, and the first of them."""
    bad = images[images["status"] != "ok"].sort_values("object_id")
    rows = []
    for kind, group in bad.groupby(bad["status"].str.split(":").str[0]):
        some = zip(group["object_id"].head(EXAMPLES), group["status"], strict=False)
        examples = " · ".join(f"{_short(name)}: {_short(status)}" for name, status in some)
        rows.append((clean(str(kind)), len(group), examples))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _rights(objects: pd.DataFrame) -> list[Count]:
    """Each rights statement and how many objects with an image it covers, the commonest first."""
    counts = objects["rights"].map(clean).value_counts()
    rows = [(str(text) or "not stated", int(count)) for text, count in counts.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _cut(rows: list[Count]) -> list[Count]:
    """The first rows, and what the others come to."""
    rest = rows[MOST:]
    if not rest:
        return rows
    return [*rows[:MOST], (f"{len(rest):,} others", sum(count for _, count in rest))]


def _pictures(objects: pd.DataFrame, pictures: Mapping[str, bytes]) -> Iterator[dict[str, object]]:
    """Small JPEGs with their captions, in the order of ``pictures``."""
    rows = objects.set_index("object_id")
    for object_id, data in pictures.items():
        row = rows.loc[object_id].to_dict()
        image = decode(data)
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=82)
        yield {
            "title": _short(row["title"]) or object_id,
            "by": _short("; ".join(row["creators"])),
            "date": _short(row["date"]),
            "rights": _short(row["rights"]),
            "link": row["source_url"] if _is_web(row["source_url"]) else "",
            "image": uri(stream.getvalue(), "jpeg"),
            "width": image.width,
            "height": image.height,
        }


def _plain(lock: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """What a lock file says in one word each; its lists are for machines."""
    for name, value in lock.items():
        if not isinstance(value, list | dict):
            yield name, value


def _is_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return False


def _short(text: object) -> str:
    """Cut by letters: an address is one long word."""
    cleaned = clean(str(text))
    return cleaned if len(cleaned) <= LONGEST else f"{cleaned[: LONGEST - 1]}…"
