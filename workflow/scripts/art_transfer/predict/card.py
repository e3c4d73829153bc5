"""A card for a network that is passed on: what it was trained on, how good it is, and its limits.

After Mitchell et al. (2019), "Model Cards for Model Reporting".
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from art_transfer.files import read_json, sha256
from art_transfer.formats import PREDICTIONS, read_parquet
from art_transfer.predict.markdown import rendered
from art_transfer.prepare.splits import used_split
from art_transfer.report.statistics import printed
from art_transfer.report_settings import CardSettings

FILES = {
    "model.keras": "the network, from scaled pixels to probabilities",
    "labels.json": "the names of its classes, in the order of its outputs",
    "preprocessing.json": "what must happen to an image first",
    "calibration.json": "the temperature of its probabilities",
}
"""What is exported beside the card: all that using the network needs."""
SIZES = (0, 1, 10, 30, 100, 300, 1000)
"""Where the groups of classes begin, in objects of the train split."""
MOST = 10
_RESIZE = {
    "stretch": "image = image.resize(({size}, {size}), Image.Resampling.{filter})",
    "crop": (
        "side = min(image.size)\n"
        "left, top = (image.width - side) / 2, (image.height - side) / 2\n"
        "box = (left, top, left + side, top + side)\n"
        "image = image.resize(({size}, {size}), Image.Resampling.{filter}, box=box)"
    ),
    "pad": (
        "ratio = {size} / max(image.size)\n"
        "inner = [max(1, round(length * ratio)) for length in image.size]\n"
        'canvas = Image.new("RGB", ({size}, {size}))\n'
        "small = image.resize(inner, Image.Resampling.{filter})\n"
        "canvas.paste(small, [({size} - length) // 2 for length in inner])\n"
        "image = canvas"
    ),
}
_SCALE = {"raw": "# the network takes 0-255", "unit": "pixels /= 255"}


def model_card(
    template: str,
    settings: CardSettings,
    folder: str | Path,
    rights: Mapping[str, list[str]],
) -> str:
    """The card as Markdown; ``folder`` is the run's, ``rights`` are by collection."""
    folder, run = Path(folder), settings.chain[0]
    found = {path.stem: read_json(path) for path in folder.glob("*.json")}
    table = read_parquet(folder / "predictions.parquet", PREDICTIONS)
    dealt = used_split(settings.split)
    steps, record, calibration = found["preprocessing"], found["run"], found["calibration"]
    never, tested = _never_right(table)
    return rendered(
        template,
        title=f"{settings.network} for {run.task} in {settings.titles[run.collection]}",
        task=run.task,
        network=settings.network,
        collection=settings.titles[run.collection],
        classes=len(found["labels"]),
        study=settings.study,
        run=run.folder.removeprefix("runs/"),
        files=[(name, what, sha256(folder / name)) for name, what in FILES.items()],
        keras=record["versions"]["keras"],
        resize=Markup(
            _RESIZE[steps["fit"]].format(size=steps["size"], filter=steps["filter"].upper())
        ),
        scale=Markup(_scale(steps["scaling"])),
        size=steps["size"],
        chain=list(_chain(settings)),
        method=_method(record["settings"]["method"]),
        kept=_kept(record["settings"]["method"]),
        expect=_expected(record["settings"]["method"], found["metrics"]["epochs"]),
        best_epoch=found["metrics"]["best_epoch"],
        epochs=found["metrics"]["epochs"],
        parameters=f"{record['parameters']:,}",
        features=record["features"],
        splits=list(_splits(dealt)),
        rights=[
            *((settings.titles[name], _stated(said)) for name, said in rights.items()),
            *(
                (title, "not known here; others trained the first weights")
                for title in settings.saw
            ),
        ],
        scores=_scores(found["metrics"]["test"]),
        sizes=list(_by_size(table, dealt)),
        never=never,
        tested=tested,
        temperature=f"{calibration['temperature']:.3f}",
        calibration={
            "n": calibration["validation"]["n"],
            "before": f"{calibration['validation']['loss']:.3f}",
            "after": f"{calibration['validation']['calibrated_loss']:.3f}",
        },
        sure=[
            (row["confidence"], f"{row['share']:.3f}", _share(row["accuracy"]))
            for row in calibration["sure"]
        ],
    )


def _scale(scaling: str) -> str:
    call = f'pixels = keras.applications.imagenet_utils.preprocess_input(pixels, mode="{scaling}")'
    return _SCALE.get(scaling, call)


def _chain(settings: CardSettings) -> Iterator[str]:
    """From the first weights to this network, one sentence each."""
    yield f"First weights: {settings.first}."
    for run in reversed(settings.chain):
        if run in settings.renewed:
            yield (
                f"{settings.titles[run.collection]}: statistics of batch normalisation, from all "
                "images, tested ones too, without their labels."
            )
        yield f"{settings.titles[run.collection]}, {run.task}: {run.method} (seed {run.seed})."


def _method(method: Mapping[str, Any]) -> str:
    what = "A softmax on fixed features" if method["kind"] == "head" else "The whole network"
    if method["kind"] != "head" and method["frozen_layers"]:
        what += f" but its first {method['frozen_layers']} layers with weights"
    if method["loss_weights"]:
        tasks = ", ".join(method["loss_weights"])
        what += f" for {tasks} at once, without the objects that any of them tests or validates on"
    optimizer = method["optimizer"]
    return (
        f"{what}, {optimizer['name']} with learning rate {optimizer['learning_rate']:g}, "
        f"{method['batch_size']} objects per step, patience of {method['patience']} epochs."
    )


def _kept(method: Mapping[str, Any]) -> str:
    """Why the epoch that was kept is that one."""
    if not method["restore_best_weights"]:
        return "the last one"
    if method["loss_weights"]:
        return "by the weighted sum of all tasks' losses on their joint validation objects"
    return "by the loss on the validation split"


def _expected(method: Mapping[str, Any], epochs: int) -> str:
    """What the validation split decided beside the temperature, and what follows from that."""
    if method["restore_best_weights"]:
        chose = "the epoch"
    elif epochs < method["epochs"]:
        chose = "when to stop"
    else:
        return "The validation split decided nothing else."
    return f"The validation split also chose {chose}, so expect a little less on new objects."


def _splits(dealt: pd.DataFrame) -> Iterator[tuple[str, int, int]]:
    for name in ("train", "validation", "test"):
        labels = dealt.loc[dealt["split"] == name, "label"]
        yield name, len(labels), labels.nunique()


def _stated(statements: list[str]) -> str:
    more = f"; and {len(statements) - MOST} more" if len(statements) > MOST else ""
    return ("; ".join(statements[:MOST]) or "not stated by the source") + more


def _scores(test: Mapping[str, Any]) -> dict[str, str | int]:
    interval = printed(test["accuracy"], test["n"])
    return {
        "n": test["n"],
        "accuracy": f"{test['accuracy']:.3f}",
        "low": f"{interval.low:.3f}",
        "high": f"{interval.high:.3f}",
        "top5": f"{test['top5_accuracy']:.3f}",
        "balanced": f"{test['balanced_accuracy']:.3f}",
        "macro_f1": f"{test['macro_f1']:.3f}",
    }


def _by_size(table: pd.DataFrame, dealt: pd.DataFrame) -> Iterator[tuple[str, int, int, str]]:
    """Classes, test objects and accuracy by how often the true class was trained on."""
    trained = dealt.loc[dealt["split"] == "train", "label"].value_counts()
    sizes = table["label"].map(trained).fillna(0)
    right = table["label"] == table["predicted"]
    for least, next_ in zip(SIZES, [*SIZES[1:], None], strict=True):
        inside = (sizes >= least) & (sizes < (next_ or float("inf")))
        if inside.any():
            name = f"{least} to {next_ - 1}" if next_ else f"{least} or more"
            name = name if least else "0"
            classes = table.loc[inside, "label"].nunique()
            yield name, classes, int(inside.sum()), f"{right[inside].mean():.3f}"


def _never_right(table: pd.DataFrame) -> tuple[list[str], int]:
    """The classes of the test split that were never named rightly, and how many it has."""
    best = (table["label"] == table["predicted"]).groupby(table["label"]).any()
    return sorted(best.index[~best]), len(best)


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
