"""Rules features_shared and features_of_run: one forward pass over a whole museum."""

from art_transfer.errors import StudyError
from art_transfer.files import write_json
from art_transfer.formats import IMAGES, read_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import Extraction
from art_transfer.prepare.pixels import PixelStore
from art_transfer.provenance import hashes, write_sha256

with logged(snakemake.log[0]):
    # Imported here so that TensorFlow's greetings go to the log.
    from art_transfer.train.backbones import build
    from art_transfer.train.features import extract
    from art_transfer.train.machine import Meter, prepare

    wanted, given, made = settings(snakemake, Extraction), snakemake.input, snakemake.output
    gpus = snakemake.resources.get("gpu", 0)
    if gpus and wanted.engine == "openvino":
        raise StudyError(
            f"this job was promised {gpus} GPU(s), but its preprocessing's `engine` is openvino, "
            "which computes on the processor; in profiles/slurm/config.yaml give features_shared "
            "and features_of_run `gpu: 0` and a partition without GPUs"
        )
    devices = 0 if wanted.engine == "openvino" else 1
    prepare(wanted.threads, wanted.first.seed, gpus, devices)
    meter = Meter()
    backbone = build(wanted.architecture, wanted.first, "".join(given.first))
    store = PixelStore([read_csv(table, IMAGES) for table in given.tables], given.pixels)
    how = wanted.batch_norm, wanted.engine
    images = extract(backbone, store, wanted.scaling, made.features, made.ids, *how)
    write_sha256(made.features)
    inputs = hashes([*given.first, *given.pixels, *given.tables])
    record = {"parameters": backbone.count_params(), "inputs": inputs}
    write_json(made.record, record | {"code": snakemake.params.code})
    write_json(made.cost, {"threads": wanted.threads, **meter.report(images)})
