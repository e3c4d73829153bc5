"""The study on one page: claims and evidence, tables, figures, classes, and where networks look.

The page lies in the study's folder and points at the files beside it. Everything it needs is in it
but the figures, so it opens from disk.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from docutils.core import publish_doctree
from PIL import Image

from art_transfer.formats import read_csv
from art_transfer.report.class_scores import COUNTED, class_scores
from art_transfer.report.grid import Cell, points
from art_transfer.report.pages import render, uri
from art_transfer.report.read_grids import (
    NUMBERED,
    ShownTable,
    from_csv,
    from_markdown,
    heading,
    texts,
    title_of,
)
from art_transfer.report.saliency_tiles import read_tiles
from art_transfer.report.tables import words
from art_transfer.report_settings import Described, IndexSettings, ShownMaps

CLAIMS, CLASSES = "claims.csv", "classes.csv"
CLAIM = ["id", "quote", "page", "kind", "verdict", "estimate", "low", "high", "margin"]
CLAIM += ["sentence", "evidence"]
VERDICTS = ("supported", "contradicted", "undecided")

LEADING = ("comparison", "gains", "datasets")
"""Tables that follow those of the experiments; all others come by their names after them."""

FORMS = {".csv": "CSV", ".tex": "LaTeX", ".md": "Markdown"}
"""What a table's file is called by the end of its name."""

FILES = {
    "report.html": "Snakemake's report: the same tables and figures, the jobs and their times",
    "run_config.yaml": "the whole config, with its defaults filled in",
    "ro-crate-metadata.json": "what each file is, for machines (RO-Crate)",
    "MANIFEST.sha256": "every file's hash: sha256sum --check MANIFEST.sha256",
    "records.jsonl.gz": "Snakemake's own records of these files",
}


def index(
    template: str | Path,
    script: str | Path,
    wanted: IndexSettings,
    table_files: Sequence[str],
    figure_files: Sequence[str],
    pages: Sequence[str],
    config: str | Path,
) -> str:
    """The page, as HTML.

    ``table_files`` and ``figure_files`` are all that the study has of them, ``pages`` those of its
    museums, ``config`` the config that was run; all lie below ``wanted.results``.
    """
    results = wanted.results
    claimed = [row for path in table_files if Path(path).name == CLAIMS for row in claims(path)]
    shown = tables(table_files, results, wanted)
    verdicts = [(verdict, sum(c["verdict"] == verdict for c in claimed)) for verdict in VERDICTS]
    places = {name: f"#table-{table['id']}" for table in shown for _, name in table["files"]}
    for claim in claimed:
        claim["evidence"] = [(w, _place_of(w, places, results)) for w in claim["evidence"].split()]
    museums = {_address(Path(p), results): wanted.titles[Path(p).stem] for p in pages}
    return render(
        template,
        script,
        title=wanted.title or wanted.study,
        study=wanted.study,
        facts=_facts(wanted),
        claims=claimed,
        claim_files=[_address(Path(p), results) for p in table_files if Path(p).name == CLAIMS],
        verdicts=[(verdict, count) for verdict, count in verdicts if count],
        one_seed=len({run.seed for run in wanted.runs}) == 1,
        tables=shown,
        figures=figures(figure_files, results, wanted),
        classes=class_scores(
            read_csv(Path(results) / "tables" / CLASSES, COUNTED), wanted.titles, wanted.networks
        ),
        saliency=[saliency(figure, results) for figure in wanted.saliency],
        methods=methods(config),
        config=Path(config).read_text(encoding="utf-8"),
        files=[*museums.items(), *FILES.items()],
    )


def claims(path: str | Path) -> list[dict[str, Any]]:
    """The rows of ``claims.csv``, its numbers as percentage points."""
    table = texts(path, CLAIM)
    for name in ("estimate", "low", "high", "margin"):
        table[name] = table[name].map(lambda text: points(float(text)) if text else "")
    return [{str(name): row[name] for name in CLAIM} for row in table.to_dict("records")]


def tables(paths: Sequence[str], results: str, wanted: IndexSettings) -> list[dict[str, Any]]:
    """What the page shows of each table among ``paths`` but the claims, in the order of reading.

    A table that has Markdown is shown as that; a CSV without as it is.
    """
    order = [*sorted(wanted.experiments, key=lambda name: not NUMBERED.match(name)), *LEADING]
    files = [Path(path) for path in paths if path.endswith((".csv", ".md"))]
    found = {path.with_suffix(".csv") for path in files if path.stem != Path(CLAIMS).stem}
    ordered = sorted(found, key=lambda path: (*_place(path.stem, order), path.stem))
    return [_table(path, results, wanted.described) for path in ordered]


def figures(paths: Sequence[str], results: str, wanted: IndexSettings) -> list[dict[str, Any]]:
    """What the page shows of each PNG among ``paths``, numbered ones first."""
    pictures = {Path(path) for path in paths if path.endswith(".png")}
    found = sorted(pictures, key=lambda p: (not NUMBERED.match(p.stem), p.stem))
    return [_figure(path, results, wanted.described) for path in found]


def saliency(shown: ShownMaps, results: str) -> dict[str, Any]:
    """The objects of a saliency figure with their pictures, truths and predictions."""
    names = ["task", "object_id", "label", "predicted_before", "predicted_after"]
    names += ["probability_after", "mean_absolute_difference"]
    folder = Path(results) / "figures"
    table = texts(folder / f"{shown.figure}.csv", names)
    tiles = read_tiles(folder / f"{shown.figure}-objects.png", len(table))
    objects = [
        {**row, "task": words(row["task"]), "pictures": _pictures(row, shown, found)}
        for row, found in zip(table.to_dict("records"), tiles, strict=True)
    ]
    return {
        "name": title_of(shown.figure),
        "title": shown.title,
        "before": shown.before,
        "after": shown.after,
        "objects": objects,
    }


def methods(config: str | Path) -> list[ShownTable]:
    """How networks are trained, and what they start from, by the config that was run."""
    loaded = yaml.safe_load(Path(config).read_text(encoding="utf-8"))
    return [
        _blocks("Methods", loaded["methods"]),
        _blocks("First weights", loaded["inits"]),
        _blocks("Preprocessing", loaded["preprocessings"]),
    ]


def _place_of(evidence: str, places: Mapping[str, str], results: str) -> str:
    """Where a table or a run's folder is, as seen from the page; empty for anything else."""
    scores = f"{evidence}/metrics.json"
    named = re.fullmatch(r"runs(/[a-z0-9_-]+)+", evidence)
    run = scores if named and (Path(results) / scores).is_file() else ""
    return places.get(evidence, run)


def _facts(wanted: IndexSettings) -> list[str]:
    """How much of everything there is, in words."""
    runs = wanted.runs
    counts = {
        "compared run": len(runs),
        "collection": len({run.collection for run in runs}),
        "task": len({run.task for run in runs}),
        "network": len({run.backbone for run in runs}),
        "seed": len({run.seed for run in runs}),
    }
    return [f"{count:,} {name}{'s' * (count != 1)}" for name, count in counts.items()]


def _place(name: str, order: Sequence[str]) -> tuple[int, int]:
    """Where a table comes: named ones in their order, then others, then long lists and the cost."""
    if name in order:
        return 0, order.index(name)
    return (2, 0) if name.startswith("label") or name == "cost" else (1, 0)


def _table(path: Path, results: str, described: Mapping[str, Described]) -> dict[str, Any]:
    readable = path.with_suffix(".md")
    if readable.is_file():
        shown = from_markdown(readable.read_text(encoding="utf-8"))
    else:
        shown = [from_csv(path)]
    files = {kind: path.with_suffix(end) for end, kind in FORMS.items()}
    return {
        "id": path.stem,
        "name": title_of(path.stem),
        "heading": heading(path.stem, shown),
        "text": _caption(described.get(str(path.with_suffix(".html")))),
        "tables": shown,
        "raw": not readable.is_file(),
        "files": [(kind, _address(p, results)) for kind, p in files.items() if p.is_file()],
    }


def _figure(path: Path, results: str, described: Mapping[str, Described]) -> dict[str, Any]:
    with Image.open(path) as image:
        width, height = image.size
    about = described.get(str(path))
    vector = path.with_suffix(".pdf")
    return {
        "id": path.stem,
        "name": title_of(path.stem),
        "shows": about.shows if about else "",
        "text": _caption(about),
        "address": _address(path, results),
        "vector": _address(vector, results) if vector.is_file() else "",
        "size": (width, height),
    }


def _pictures(
    row: Mapping[Any, Any], shown: ShownMaps, tiles: Sequence[tuple[bytes, int, int]]
) -> list[tuple[dict[str, Any], str, tuple[str, str], str]]:
    """An object's pictures, each with a text instead, what it is said to be, and whether it is."""
    verdicts = ("", "(wrong)", f"(right, {100 * float(row['probability_after']):.0f} %)")
    said = (
        ("truth", row["label"]),
        (shown.before, row["predicted_before"]),
        (shown.after, row["predicted_after"]),
    )
    alts = ("the object", f"map, {shown.before}", f"map, {shown.after}")
    shared = [{"address": uri(data, "jpeg"), "size": size} for data, *size in tiles]
    return list(zip(shared, alts, said, verdicts, strict=True))


def _caption(about: Described | None) -> str:
    """A caption of the report as plain text."""
    if about is None:
        return ""
    text = Path(about.caption).read_text(encoding="utf-8")
    return " ".join(publish_doctree(text).astext().split())


def _address(path: Path, results: str) -> str:
    """A file's place as seen from the page."""
    return PurePosixPath(path.relative_to(results)).as_posix()


def _blocks(caption: str, blocks: Mapping[str, Any]) -> ShownTable:
    """Named blocks of the config side by side, a row for each key."""
    flat = {name: dict(_flat(block)) for name, block in blocks.items()}
    keys = list(dict.fromkeys(key for values in flat.values() for key in values))
    rows = [[Cell(key), *(Cell(values.get(key, "")) for values in flat.values())] for key in keys]
    return ShownTable(caption, ["key", *flat], [], rows)


def _flat(block: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The values of nested blocks by their dotted keys, without those that are empty."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif value is not None:
            yield f"{before}{key}", str(value)
