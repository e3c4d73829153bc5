"""Rule saliency: where two networks look, on images that only the second gets right (Figure 4)."""

import pandas as pd
from art_transfer.files import read_json, write_text
from art_transfer.formats import IMAGES, read_csv, write_csv
from art_transfer.job import logged, settings
from art_transfer.prepare.pixels import PixelStore
from art_transfer.report.grid import markdown
from art_transfer.report.originals import originals
from art_transfer.report.runs import read_predictions
from art_transfer.report.saliency import (
    Panel,
    as_seen,
    choose,
    pictures,
    saliency_figure,
    shown_objects,
)
from art_transfer.report.saliency_checks import numbers, numbers_tables, sample
from art_transfer.report.saliency_tiles import write_tiles
from art_transfer.report.style import save, styled
from art_transfer.report_settings import SaliencySettings

with logged(snakemake.log[0]), styled():
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.machine import prepare

    wanted, given, panels, measured = settings(snakemake, SaliencySettings), snakemake.input, [], []
    prepare(wanted.threads, 0, snakemake.resources.get("gpu", 0))
    from art_transfer.report.explained import network_of_run

    store = PixelStore([read_csv(path, IMAGES) for path in given.tables], given.pixels)
    for pair, null in zip(wanted.pairs, wanted.null or [None] * len(wanted.pairs), strict=True):
        tested = [read_predictions(run, wanted.results) for run in pair]
        choice = choose(pair[0].task, *tested, wanted.images)
        ids = choice.objects["object_id"].tolist()
        pixels = store.batch(store.rows(ids))
        before, after, another = (
            network_of_run(f"{wanted.results}/{run.folder}", wanted.algorithm) if run else None
            for run in (*pair, null)
        )
        folder = f"resources/{wanted.collection}/images"
        images = [as_seen(image, wanted.fit) for image in originals(folder, ids, wanted.shards)]
        panels.append(Panel(choice, images, before.maps(pixels), after.maps(pixels)))
        classes = read_json(f"{wanted.results}/{pair[1].folder}/labels.json")
        truth = tested[1].set_index("object_id")["label"].map(classes.index)
        chosen = sample(truth.index, wanted.sample)
        pixels = store.batch(store.rows(chosen))
        measured.append(numbers(pair[0].task, pixels, truth[chosen], before, after, another))
    figure = saliency_figure(panels, wanted.title, wanted.before, wanted.after)
    save(figure, snakemake.output.pdf, snakemake.output.png)
    write_csv(snakemake.output.csv, shown_objects(panels))
    write_tiles([row for panel in panels for row in pictures(panel)], snakemake.output.tiles)
    table = pd.concat(measured, ignore_index=True)
    write_csv(snakemake.output.numbers, table)
    grids = numbers_tables(table, wanted.null_has_own_split)
    write_text(snakemake.output.md, "\n".join(map(markdown, grids)))
