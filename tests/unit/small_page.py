"""A study's tables, figures and predictions as its rules would leave them, for its page."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from art_transfer.files import write_text
from art_transfer.formats import PREDICTIONS, SPLITS, write_csv, write_parquet
from art_transfer.report.classes import per_class
from art_transfer.report.grid import Cell, Grid, markdown
from art_transfer.report.index_page import CLAIM, index
from art_transfer.report.saliency import SHOWN
from art_transfer.report.saliency_tiles import write_tiles
from art_transfer.report_settings import Described, IndexSettings, ShownMaps
from art_transfer.settings import Run
from builders import ROOT, file_of, noise, used

TEMPLATES = ROOT / "workflow" / "report"
CONFIG = "methods: {m: {kind: head}}\ninits: {i: {random: he_uniform}}\npreprocessings: {u: {}}\n"
ROWS = [("vgg19", "9.50"), ("resnet50", "62.01"), ("xception", "–"), ("inception_v3", "1,234.00")]


@dataclass(frozen=True)
class SmallStudy:
    """What is in the study; texts that a museum or an author may have written are ``text``."""

    results: Path
    text: str = "Stil life"
    inits: tuple[str, ...] = ("imagenet", "rijksnet")
    methods: tuple[str, ...] = ("off_the_shelf",)
    backbones: tuple[str, ...] = ("vgg19",)
    tasks: tuple[str, ...] = ("type",)
    seeds: int = 1
    classes: int = 3
    test_objects: int = 6
    list_rows: int = 3
    claims: list[dict[str, Any]] = field(default_factory=list)

    def runs(self) -> list[Run]:
        """The grid of runs."""
        return [
            Run("museum", task, backbone, init, method, seed)
            for task in self.tasks
            for backbone in self.backbones
            for init in self.inits
            for method in self.methods
            for seed in range(1, self.seeds + 1)
        ]

    def split(self, run: Run) -> Path:
        return self.results / f"splits/museum/{run.task}/seed-{run.seed}.csv"


def write_page(study: SmallStudy) -> Path:
    """Write the study's files and its page; gives the page."""
    results = study.results
    _runs(study)
    grid = _grid(study)
    write_text(results / "tables" / "table2.md", markdown(grid))
    write_csv(results / "tables" / "table2.csv", pd.DataFrame(ROWS, columns=["name", "accuracy"]))
    rows = [(f"{study.text} {n}", n, n % 7) for n in range(study.list_rows)]
    long = pd.DataFrame(rows, columns=["raw value", "objects", "rest"])
    write_csv(results / "tables" / "labels-museum.csv", long)
    classes, _, _ = per_class({run: used(study.split(run)) for run in study.runs()}, results)
    write_csv(results / "tables" / "classes.csv", classes)
    write_csv(results / "tables" / "claims.csv", pd.DataFrame(study.claims, columns=CLAIM))
    figures = results / "figures"
    figures.mkdir()
    (figures / "figure1.png").write_bytes(file_of(noise(40, 60)))
    _saliency(study)
    write_text(results / "catalogue" / "museum.html", "<title>museum</title>")
    write_text(results / "run_config.yaml", CONFIG)
    page = results / "index.html"
    write_text(page, html(study))
    return page


def html(study: SmallStudy, **changes: Any) -> str:
    """The page of a study whose files are written."""
    results = study.results
    tables = [str(path) for path in sorted((results / "tables").glob("*"))]
    wanted = IndexSettings(
        "small",
        study.text,
        str(results),
        {"museum": f"Museum {study.text}"},
        {name: name for name in study.backbones},
        ("table2",),
        tuple(study.runs()),
        (ShownMaps("figure4", study.text, "before", "after"),),
        {
            str(results / "figures/figure1.png"): Described(
                str(TEMPLATES / "mosaic.rst"), "sample images"
            )
        },
    )
    return index(
        TEMPLATES / "index.html",
        TEMPLATES / "index.js",
        replace(wanted, **changes),
        tables,
        [str(results / "figures" / "figure1.png")],
        [str(results / "catalogue" / "museum.html")],
        results / "run_config.yaml",
    )


def _grid(study: SmallStudy) -> Grid:
    rows = [[Cell(name), Cell(value, value == "62.01")] for name, value in ROWS]
    return Grid(study.text, ["Network", "accuracy"], 1, [rows], [f"Note: {study.text}"])


def _runs(study: SmallStudy) -> None:
    """Splits and predictions; the first run gets each second test object right, the next others."""
    labels = [f"{study.text} {n % study.classes:03d}" for n in range(study.test_objects)]
    ids = [f"o{n:06d}" for n in range(study.test_objects)]
    names = [f"{study.text} {n:03d}" for n in range(study.classes)]
    others = [names[(n + 1) % study.classes] for n in range(study.test_objects)]
    rows = [(f"t{n}", name, "train") for n, name in enumerate(names)]
    rows += [(f"v{n}", name, "validation") for n, name in enumerate(names)]
    rows += [(name, label, "test") for name, label in zip(ids, labels, strict=True)]
    table = pd.DataFrame(
        {"object_id": ids, "label": labels, "predicted": labels, "probability": 0.5, "rank": 1}
    )
    for number, run in enumerate(study.runs()):
        if not study.split(run).is_file():
            write_csv(study.split(run), pd.DataFrame(rows, columns=SPLITS))
        right = (np.arange(study.test_objects) + number) % 2 == 0
        made = table.assign(predicted=np.where(right, labels, others))
        write_parquet(study.results / run.folder / "predictions.parquet", made, PREDICTIONS)
        write_text(study.results / run.folder / "metrics.json", "{}")


def _saliency(study: SmallStudy) -> None:
    """Two objects; the first of a class of its own."""
    rows = [
        ("type", "o1", study.text, "wrong one", study.text, 0.91, 0.125, 2, 9),
        ("artist", "o2", "Käthe Kollwitz", "wrong one", "Käthe Kollwitz", 0.8, 0.25, 2, 9),
    ]
    figures = study.results / "figures"
    write_csv(figures / "figure4.csv", pd.DataFrame(rows, columns=SHOWN))
    pictures = [[noise(30, 20, 3 * n + k) for k in range(3)] for n in range(len(rows))]
    write_tiles(pictures, figures / "figure4-objects.png")
