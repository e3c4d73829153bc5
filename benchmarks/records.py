"""112,000 records to objects, labels and splits: ours against pandas written plainly.

    python benchmarks/records.py [--records 112000]

Both read the same tar of records in the Rijksmuseum Challenge's format, choose a material, a type
and an artist for each object, leave out classes that are too small, deal the rest out by class, and
write the tables. What is checked: how many objects each label has. The plain one refuses nothing,
explains nothing, and splits by pandas's random numbers. A second entry is our peak of memory.
"""

import functools
import io
import tarfile
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measure import ROOT, Benchmark

TASKS = {"material": "materials", "type": "types", "artist": "creators"}
UNKNOWN = {"onbekend", "unknown", "anoniem", "anonymous"}
DC = "{http://purl.org/dc/elements/1.1/}"
Counts = dict[str, dict[str, int]]
Source = tuple[str, str, str, float]


def write_tar(path: Path, records: int) -> None:
    """Records with a long tail of makers, types and materials."""
    from challenge import member, record

    random = np.random.default_rng(0)
    makers, types, stuffs = (random.zipf(1.5, records) % n for n in (1500, 600, 200))
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(records):
            object_id = f"RP-P-OB-{number * 7919 % 1_000_003:06d}"
            data = record(
                object_id,
                description=["Een prent. " * 40],
                creator=[f"prentmaker: Maker, {makers[number]}", "naar ontwerp van: Iemand"],
                type=[f"soort {types[number]}", "historieprent"],
                format=["afmetingen: hoogte 213 mm", f"materiaal: stof {stuffs[number]}"],
            )
            info, data = member(f"xml2/{number:07d}_{object_id}.xml", data)
            archive.addfile(info, io.BytesIO(data))


def download(folder: Path) -> Source:
    """Have the archive fetched once, which is no part of what is measured; give its source."""
    from art_transfer.collect.rijksmuseum_challenge import RijksmuseumChallenge
    from challenge import ARTICLE, figshare
    from museum_server import visit

    files = {"xml2.tar": (folder / "xml2.tar").read_bytes(), "jpg2.tar": b""}
    with figshare(files) as server:
        source = (server.address + ARTICLE, "xml2.tar", "jpg2.tar", 0.01)
        for _ in RijksmuseumChallenge(*source).read(visit(folder / "kept")):
            pass
    return source


def ours(folder: Path, source: Source) -> Callable[[], tuple[Counts, float]]:
    """As the rules objects, labels and split do."""
    from art_transfer.checks import load_study
    from art_transfer.collect.rijksmuseum_challenge import RijksmuseumChallenge
    from art_transfer.config import read_files
    from art_transfer.formats import (
        OBJECTS,
        SPLITS,
        columns,
        read_parquet,
        write_csv,
        write_parquet_parts,
    )
    from art_transfer.prepare.labels import choose_labels
    from art_transfer.prepare.splits import split
    from museum_server import visit

    config = ROOT / "config"
    study, _ = load_study(read_files([config / "config.yaml"]), config)
    museum = RijksmuseumChallenge(*source)

    def once() -> tuple[Counts, float]:
        path = folder / "objects.parquet"
        write_parquet_parts(path, museum.read(visit(folder / "kept")), OBJECTS)
        images = read_parquet(path, columns(OBJECTS, "object_id")).assign(status="ok")
        counts = {}
        for task, field in TASKS.items():
            objects = read_parquet(path, columns(OBJECTS, "object_id", field))
            found = choose_labels(objects, images, study.settings.tasks[task], task)
            for name in ("labels", "decisions", "filters"):
                write_csv(folder / f"{task}-{name}.csv", getattr(found, name))
            table = split(found.labels, 1, study.settings.splits.rule, task)
            write_csv(folder / f"{task}-split.csv", table, SPLITS)
            counts[task] = found.labels["label"].value_counts().to_dict()
        return counts, peak()

    return once


def plain(folder: Path) -> Callable[[], tuple[Counts, float]]:
    """The same with pandas and the standard library, in the usual way."""
    return functools.partial(_plain, folder)


def _plain(folder: Path) -> tuple[Counts, float]:
    rows = []
    with tarfile.open(folder / "xml2.tar") as archive:
        for info in archive:
            tree = ET.parse(archive.extractfile(info)).getroot()  # type: ignore[arg-type]

            def texts(name: str, tree: Any = tree) -> list[str]:
                return [element.text.strip() for element in tree.iter(DC + name)]

            rows.append(
                {
                    "object_id": texts("identifier")[0],
                    "title": " ".join(texts("title")[:1]),
                    "date": " ".join(texts("date")[:1]),
                    "creators": texts("creator"),
                    "types": texts("type"),
                    "materials": texts("format"),
                }
            )
    objects = pd.DataFrame(rows).sort_values("object_id")
    objects.to_parquet(folder / "plain.parquet")
    counts = {}
    for task, field in TASKS.items():
        values = objects[["object_id", field]].explode(field).dropna()
        if task == "material":
            values = values[values[field].str.startswith("materiaal: ")]
        values["label"] = values[field].str.replace(r"^[^:]*: ", "", regex=True)
        if task == "type":
            values["label"] = values[field]
        values = values[~values["label"].str.casefold().isin(UNKNOWN)]
        first = values.drop_duplicates("object_id")[["object_id", "label"]]
        sizes = first["label"].value_counts()
        kept = first[first["label"].map(sizes) >= 3].copy()
        kept["split"] = "train"
        shuffled = kept.sample(frac=1, random_state=1)
        place = shuffled.groupby("label").cumcount() / shuffled["label"].map(sizes)
        kept.loc[place[place < 0.2].index, "split"] = "validation"
        kept.loc[place[place < 0.1].index, "split"] = "test"
        kept.to_csv(folder / f"plain-{task}.csv", index=False)
        counts[task] = kept["label"].value_counts().to_dict()
    return counts, peak()


def peak() -> float:
    """This process's peak memory in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def same(ours: tuple[Counts, float], theirs: tuple[Counts, float]) -> None:
    """Assert that the labels are the same, each with as many objects."""
    for task in TASKS:
        one, other = ours[0][task], theirs[0][task]
        assert one == other, f"{task}: {len(one)} labels here, {len(other)} there"


def main() -> None:
    """Measure both entries."""
    bench = Benchmark(__doc__, records=112_000)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_tar(folder / "xml2.tar", bench.given.records)
        mine = functools.partial(ours, folder, download(folder))
        theirs = functools.partial(plain, folder)
        name = f"{bench.given.records:,} records to objects, labels of 3 tasks, splits"
        peer = "pandas written plainly"
        found = bench.compare(name, mine, peer, theirs, 1.0, same, versions=("pandas",))
        peaks = [[one[1], other[1]] for one, other in found]
        if peaks:
            ratios = [one for one, _ in peaks]
            bench.record(f"{name}: memory", peer, ratios, 500, "MB", True, peaks, ("pandas",))


if __name__ == "__main__":
    main()
