"""Rule joint: train one network for several tasks at once."""

from pathlib import Path

from art_transfer.formats import DUPLICATES, IMAGES, read_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import Training
from art_transfer.prepare.joint_splits import joint_splits
from art_transfer.prepare.pixels import PixelStore
from art_transfer.prepare.splits import read_split
from art_transfer.provenance import hashes

with logged(snakemake.log[0]):
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.joint import train_joint
    from art_transfer.train.joint_folder import write_joint
    from art_transfer.train.machine import Meter, prepare
    from art_transfer.train.state import State

    training, given = settings(snakemake, Training), snakemake.input
    gpus = snakemake.resources.get("gpu", 0)
    prepare(training.threads, training.run.seed, gpus, training.method.gpus)
    meter = Meter()
    share = training.method.train_share
    splits = {
        task: read_split(path, share, training.run.seed)
        for task, path in zip(training.method.loss_weights, given.splits, strict=True)
    }
    groups = read_csv(given.duplicates[0], DUPLICATES) if given.duplicates else None
    table = joint_splits(splits, training.run.collection, groups)
    classes = {task: sorted(split["label"].unique()) for task, split in splits.items()}
    store = PixelStore([read_csv(path, IMAGES) for path in given.tables], given.pixels)
    read = [*given.splits, *given.duplicates, *given.pixels, *given.tables, *given.first]
    inputs = hashes(read)
    made_from = {"settings": training, "code": snakemake.params.code, "inputs": inputs}
    state = State(snakemake.params.state, made_from)
    joint = train_joint(training, classes, table, store, "".join(given.first), state)
    machine = meter.report(joint.images, state.earlier_seconds) | state.report()
    folder = Path(snakemake.output.run).parent
    write_joint(folder, joint, table, training, inputs, machine, snakemake.params.code)
    state.remove()
