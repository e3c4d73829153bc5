"""Rule saliency: where two networks look, on images that only the second gets right (Figure 4)."""

from art_transfer.formats import IMAGES, read_csv, write_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import SaliencySettings
from art_transfer.prepare.pixels import PixelStore
from art_transfer.report.originals import originals
from art_transfer.report.runs import read_predictions
from art_transfer.report.saliency import Panel, choose, pictures, saliency_figure, shown_objects
from art_transfer.report.saliency_tiles import write_tiles
from art_transfer.report.style import save, styled

with logged(snakemake.log[0]), styled():
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.report.visual_backprop import maps_of_run
    from art_transfer.train.machine import prepare

    wanted, given, panels = settings(snakemake, SaliencySettings), snakemake.input, []
    prepare(wanted.threads, 0, snakemake.resources.get("gpu", 0))
    store = PixelStore([read_csv(path, IMAGES) for path in given.tables], given.pixels)
    for pair in wanted.pairs:
        choice = choose(
            pair[0].task, *(read_predictions(run, wanted.results) for run in pair), wanted.images
        )
        ids = choice.objects["object_id"].tolist()
        pixels = store.batch(store.rows(ids))
        maps = [
            maps_of_run(f"{wanted.results}/{run.folder}", pixels, wanted.algorithm) for run in pair
        ]
        folder = f"resources/{wanted.collection}/images"
        panels.append(Panel(choice, originals(folder, ids, wanted.shards), *maps))
    figure = saliency_figure(panels, wanted.title, wanted.before, wanted.after)
    save(figure, snakemake.output.pdf, snakemake.output.png)
    write_csv(snakemake.output.csv, shown_objects(panels))
    write_tiles([row for panel in panels for row in pictures(panel)], snakemake.output.tiles)
