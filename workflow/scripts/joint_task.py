"""Rule joint_task: test a network that was trained for several tasks on one of them."""

from pathlib import Path

from art_transfer.formats import IMAGES, JOINT_SPLITS, SPLITS, read_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import Training
from art_transfer.prepare.pixels import PixelStore
from art_transfer.prepare.splits import checked_split
from art_transfer.provenance import hashes

with logged(snakemake.log[0]):
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.fitting import history_columns
    from art_transfer.train.joint import tested_on_task
    from art_transfer.train.machine import Meter, prepare
    from art_transfer.train.run_folder import write_run

    training, given = settings(snakemake, Training), snakemake.input
    prepare(training.threads, training.run.seed, snakemake.resources.get("gpu", 0))
    meter = Meter()
    split = checked_split(read_csv(given.split, SPLITS), given.split)
    table = read_csv(given.splits, JOINT_SPLITS)
    history = read_csv(given.history, history_columns(training.method))
    store = PixelStore([read_csv(path, IMAGES) for path in given.tables], given.pixels)
    read = [given.split, given.splits, given.history, *given.pixels, *given.tables, given.model]
    inputs = hashes(read)
    trained = tested_on_task(training, split, table, history, store, given.model)
    folder = Path(snakemake.output.run).parent
    machine = meter.report(trained.tested.images)
    made = trained.model, trained.tested
    write_run(folder, *made, training, inputs, machine, snakemake.params.code)
