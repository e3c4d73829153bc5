"""Rule fine_tune: train a whole network."""

from pathlib import Path

from art_transfer.formats import IMAGES, read_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import Training
from art_transfer.prepare.pixels import PixelStore
from art_transfer.prepare.splits import read_split
from art_transfer.provenance import hashes

with logged(snakemake.log[0]):
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.machine import Meter, prepare
    from art_transfer.train.run_folder import write_run
    from art_transfer.train.state import State
    from art_transfer.train.training import fine_tune

    training, given = settings(snakemake, Training), snakemake.input
    gpus = snakemake.resources.get("gpu", 0)
    prepare(training.threads, training.run.seed, gpus, training.method.gpus)
    meter = Meter()
    split = read_split(given.split, training.method.train_share, training.run.seed)
    store = PixelStore([read_csv(table, IMAGES) for table in given.tables], given.pixels)
    inputs = hashes([given.split, *given.pixels, *given.tables, *given.first])
    made_from = {"settings": training, "code": snakemake.params.code, "inputs": inputs}
    state = State(snakemake.params.state, made_from)
    trained = fine_tune(training, split, store, "".join(given.first), state)
    folder = Path(snakemake.output.run).parent
    machine = meter.report(trained.tested.images, state.earlier_seconds) | state.report()
    write_run(
        folder, trained.model, trained.tested, training, inputs, machine, snakemake.params.code
    )
    state.remove()
