"""Rule head: train a softmax on features."""

from pathlib import Path

from art_transfer.job import logged, settings
from art_transfer.job_settings import Training
from art_transfer.prepare.splits import read_split
from art_transfer.provenance import hashes

with logged(snakemake.log[0]):
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.features import read_features
    from art_transfer.train.machine import Meter, prepare
    from art_transfer.train.run_folder import write_run
    from art_transfer.train.state import State
    from art_transfer.train.training import train_head

    training, given = settings(snakemake, Training), snakemake.input
    prepare(training.threads, training.run.seed, snakemake.resources.get("gpu", 0))
    meter = Meter()
    split = read_split(given.split, training.method.train_share, training.run.seed)
    ids = split["object_id"].tolist()
    features = read_features(given.features[0], given.ids[0], ids)
    for path, names in zip(
        given.features[1:], given.ids[1:], strict=True
    ):  # of the training objects alone
        train = (split["split"] == "train").to_numpy()
        features[train] = read_features(path, names, split["object_id"][train].tolist())
    inputs = hashes([given.split, *given.features, *given.ids, *given.record, *given.first])
    made_from = {"settings": training, "code": snakemake.params.code, "inputs": inputs}
    state = State(snakemake.params.state, made_from)
    trained = train_head(training, split, features, "".join(given.first), state)
    folder = Path(snakemake.output.run).parent
    machine = meter.report(trained.tested.images, state.earlier_seconds) | state.report()
    write_run(
        folder, trained.model, trained.tested, training, inputs, machine, snakemake.params.code
    )
    state.remove()
