"""An experiment's table: tidy in full precision, and in the paper's form (Tables 2 and 3)."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from art_transfer.networks import backbone_titles
from art_transfer.report.grid import THETA, THETA_HAT, Cell, Grid, percent
from art_transfer.report.runs import BASELINES, CELL, SCORES

ROUTE = " → "
"""Parts the museums that a network was trained on one after the other."""

BASELINE_TITLES = {
    "largest_class": "Largest class",
    "thumbnail": "Linear, 8 × 8 thumbnail",
}

_SCALINGS = {
    "unit": "[0, 1]",
    "tf": "[-1, 1]",
    "caffe": "BGR minus the mean",
    "torch": "standardised RGB",
    "raw": "0-255",
}


def cells(runs: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """One row per cell, over its seeds, in the runs' order: the table's CSV.

    ``runs`` and ``baselines`` as ``runs.read_runs`` and ``runs.read_baselines`` give them.
    Columns: those of CELL, ``seeds`` (how many), ``n`` (test objects, summed over seeds), each of
    SCORES and the validation scores with its mean and, under ``..._sd``, its standard deviation
    over seeds (n - 1; empty for one seed), ``validation_n`` as ``n``, the baselines' mean
    accuracies on the same test objects, ``parameters``, ``features``, what the preprocessing was
    and should have been, and the way back: ``runs`` and ``metrics_sha256``, one for each seed,
    parted by spaces.
    """
    joined = runs.merge(
        baselines, on=["collection", "task", "seed"], how="left", validate="many_to_one"
    )
    groups = joined.groupby(CELL, sort=False)
    table = groups.agg(seeds=("seed", "nunique"), n=("n", "sum"))
    for name in [*SCORES, "validation_accuracy", "validation_loss"]:
        table[name] = groups[name].mean()
        table[f"{name}_sd"] = groups[name].std(ddof=1)
    table["validation_n"] = groups["validation_n"].sum()
    for name in [*BASELINES, "best_epoch", "parameters", "features"]:
        table[name] = groups[name].mean()
    for name in ["network", "kind", "first", "scaling", "expected_scaling"]:
        table[name] = groups[name].first()
    table["runs"] = groups["run"].agg(" ".join)
    table["metrics_sha256"] = groups["metrics_sha256"].agg(" ".join)
    return table.reset_index()


def paper_table(table: pd.DataFrame, caption: str, titles: Mapping[str, str]) -> Grid:
    """The cells in the paper's form: a row per task and backbone, a column per init and method.

    ``table`` is what ``cells`` gives, ``titles`` the collections' names for readers. With one
    init the columns are the methods, as in Table 2, with the parameters in millions and |x|; with
    several, each method has a column for each init, as in Table 3.
    """
    inits, methods = list(dict.fromkeys(table["init"])), list(dict.fromkeys(table["method"]))
    pairs = [(init, method) for method in methods for init in inits]
    several, sizes = table["collection"].nunique() > 1, len(inits) == 1
    symbols = init_titles(table)
    header = ["Collection"] * several + ["Task", "Network"]
    header += [
        words(method) if sizes else f"{symbols[init]} + {words(method)}" for init, method in pairs
    ]
    header += ["Params (millions)", "|x|"] * sizes
    best = table.groupby(["collection", "task", "method"])["accuracy"].transform("max")
    names = network_titles(table)
    blocks: dict[tuple[str, str], dict[str, dict[tuple[str, str], dict[Any, Any]]]] = {}
    for cell in table.assign(best=table["accuracy"] >= best - 1e-12).to_dict("records"):
        block = blocks.setdefault((cell["collection"], cell["task"]), {})
        block.setdefault(cell["backbone"], {})[cell["init"], cell["method"]] = cell
    groups = []
    for (collection, task), block in blocks.items():
        start = [Cell(titles[collection])] * several + [Cell(words(task))]
        rows = [
            [*start, Cell(names[backbone]), *_row(found, pairs, sizes)]
            for backbone, found in block.items()
        ]
        some = next(iter(next(iter(block.values())).values()))
        for baseline, title in BASELINE_TITLES.items():
            accuracies = [Cell(percent(some[baseline]))] * len(pairs)
            rows.append([*start, Cell(title), *accuracies, *[Cell("")] * (2 * sizes)])
        groups.append(rows)
    return Grid(caption, header, 2 + several, groups, _notes(table, symbols, names))


def words(name: str) -> str:
    """A name of the config as words."""
    return name.replace("_", " ")


def trained(init: str, method: str) -> str:
    """First weights and method as words."""
    return f"{words(init)} + {words(method)}"


def trained_on(found: Sequence[tuple[Sequence[str], str, str, Hashable]]) -> list[str]:
    """What some first weights were trained on, for readers.

    Each of ``found`` has the titles of the museums, the first first; the names of the first weights
    and of those that they are compared with; and the cell that it is about. The names are told
    where a cell has two of one way through the museums.
    """
    each = {(ROUTE.join(way), of, over, cell) for way, of, over, cell in found}
    ways = Counter((way, cell) for way, _, _, cell in each)
    texts = []
    for museums, of, over, cell in found:
        way = ROUTE.join(museums)
        names = f" ({words(of)}, over {words(over)})" if ways[way, cell] > 1 else ""
        texts.append(way + names)
    return texts


def network_titles(table: pd.DataFrame) -> dict[str, str]:
    """Each backbone's name for readers; with its own name where two share a network."""
    return backbone_titles(dict(zip(table["backbone"], table["network"], strict=True)))


def init_titles(table: pd.DataFrame) -> dict[str, str]:
    """The paper's θ and θ-hat where the inits are such a pair, else their own names."""
    first = dict(zip(table["init"], table["first"], strict=True))
    if len(first) == 2 and list(first.values())[1] == "run":
        return dict(zip(first, (THETA, THETA_HAT), strict=True))
    return {init: words(init) for init in first}


def _row(
    found: Mapping[tuple[str, str], Mapping[Any, Any]],
    pairs: Sequence[tuple[str, str]],
    sizes: bool,
) -> list[Cell]:
    """The accuracies of one task and backbone by (init, method), and the network's size."""
    row = []
    for pair in pairs:
        if pair not in found:
            row.append(Cell("–"))
            continue
        cell = found[pair]
        spread = f" ± {percent(cell['accuracy_sd'])}" if cell["seeds"] > 1 else ""
        row.append(Cell(percent(cell["accuracy"]) + spread, bool(cell["best"])))
    if not sizes:
        return row
    millions = [cell["parameters"] / 1e6 for cell in found.values()]
    counts = [f"{each:.1f}" if each >= 10 else f"{each:.2f}" for each in millions]
    features = [f"{cell['features']:.0f}" for cell in found.values()]
    return [*row, *(Cell(" / ".join(dict.fromkeys(texts))) for texts in (counts, features))]


def _notes(table: pd.DataFrame, symbols: Mapping[str, str], names: Mapping[str, str]) -> list[str]:
    """What a reader must know: units, spread, what is bold, the baselines, the preprocessing."""
    several = table["init"].nunique() > 1
    where = "task and method, over all first weights" if several else "task and column"
    if table["collection"].nunique() > 1:
        where = f"collection, {where}"
    notes = [f"Test accuracy in percent. Bold: the best network for each {where}."]
    seeds = int(table["seeds"].max())
    if seeds > 1:
        notes.append(f"Mean ± standard deviation over {seeds} seeds.")
    if THETA_HAT in symbols.values():
        first, second = symbols
        notes.append(f"{THETA}: first weights {first}; {THETA_HAT}: first weights {second}.")
    if not several:
        notes.append(
            "|x|: how many features an image has before the head; several numbers are those of "
            "columns whose networks end at different layers."
        )
    notes.append(
        "The last two rows of each task are no networks and have no columns: always saying the "
        "largest class, and a linear classifier on thumbnails and the aspect ratio; both from the "
        "whole train split, whatever share of it a column was trained on."
    )
    return notes + _mismatches(table, names)


def _mismatches(table: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """A sentence for each kind of preprocessing that is not what the first weights expect."""
    found: dict[tuple[str, str, str], tuple[dict[str, None], dict[str, None]]] = {}
    trained = table[table["first"] != "random"]  # random weights expect nothing
    for cell in trained[trained["scaling"] != trained["expected_scaling"]].to_dict("records"):
        key = (cell["init"], cell["expected_scaling"], cell["scaling"])
        networks, methods = found.setdefault(key, ({}, {}))
        networks[names[cell["backbone"]]] = methods[words(cell["method"])] = None
    return [
        f"Preprocessing: the first weights {init} of {', '.join(networks)} were trained on pixels "
        f"scaled to {_SCALINGS[expected]}; here ({', '.join(methods)}) they are given "
        f"{_SCALINGS[used]}."
        for (init, expected, used), (networks, methods) in found.items()
    ]
