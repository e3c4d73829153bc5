"""Rule classifier: fit one of scikit-learn's classifiers on features."""

from pathlib import Path

from art_transfer.files import read_json
from art_transfer.job import logged, settings
from art_transfer.job_settings import Training
from art_transfer.prepare.splits import read_split
from art_transfer.provenance import hashes

with logged(snakemake.log[0]):
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.classifiers import fit_classifier
    from art_transfer.train.features import read_features
    from art_transfer.train.machine import Meter, prepare
    from art_transfer.train.run_folder import write_tested

    training, given = settings(snakemake, Training), snakemake.input
    run, method = training.run, training.method
    prepare(training.threads, run.seed, gpus=0, wanted=0)
    meter = Meter()
    split = read_split(given.split, method.train_share, run.seed)
    features = read_features(given.features[0], given.ids[0], split["object_id"].tolist())
    inputs = hashes([given.split, *given.features, *given.ids, *given.record])
    tested, chosen = fit_classifier(method, split, features, run.seed, training.threads)
    network = {
        "parameters": read_json(given.record[0])["parameters"],
        "features": features.shape[1],
        "chosen": chosen,
    }
    folder, machine = Path(snakemake.output.run).parent, meter.report(tested.images)
    write_tested(folder, tested, training, inputs, network | machine, snakemake.params.code)
