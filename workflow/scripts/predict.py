"""Rule predict: name anybody's images with a finished run's network."""

from pathlib import Path

from art_transfer.formats import IMAGES, read_csv, write_csv
from art_transfer.job import logged, settings
from art_transfer.predict.images import find_images
from art_transfer.prepare.pixels import PixelStore
from art_transfer.prepare.splits import used_split
from art_transfer.report_settings import PredictSettings

with logged(snakemake.log[0]):
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.machine import prepare

    wanted, given = settings(snakemake, PredictSettings), snakemake.input
    prepare(wanted.threads, 0, snakemake.resources.get("gpu", 0))
    from art_transfer.predict.network import Neighbours, Network
    from art_transfer.predict.table import predicted

    network = Network(Path(given.run[0]).parent)
    neighbours = None
    for split in map(used_split, wanted.splits):
        store = PixelStore([read_csv(table, IMAGES) for table in given.tables], given.pixels)
        trained_on = sorted(split.loc[split["split"] == "train", "object_id"])
        neighbours = Neighbours(network, store, trained_on)
    images = find_images(wanted.images)
    table = predicted(network, images, wanted.confidence, neighbours, wanted.nearest)
    write_csv(snakemake.output[0], table)
