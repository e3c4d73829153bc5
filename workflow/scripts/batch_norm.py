"""Rule batch_norm: a network whose batch-norm statistics are those of a collection's images."""

from art_transfer.formats import IMAGES, read_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import BatchNormSettings
from art_transfer.prepare.pixels import PixelStore

with logged(snakemake.log[0]):
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.backbones import build
    from art_transfer.train.batch_norm import take_statistics
    from art_transfer.train.machine import prepare
    from art_transfer.train.run_folder import write_model

    wanted, given = settings(snakemake, BatchNormSettings), snakemake.input
    prepare(wanted.threads, wanted.first.seed, snakemake.resources.get("gpu", 0))
    network = build(wanted.architecture, wanted.first, "".join(given.first))
    store = PixelStore([read_csv(table, IMAGES) for table in given.tables], given.pixels)
    take_statistics(network, store, wanted.scaling, wanted.how)
    write_model(network, snakemake.output[0])
