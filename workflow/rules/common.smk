# Reads and checks the config; gives the rules their paths, settings and fingerprints.
import os
import sys
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from art_transfer.check_files import (
    check_configs,
    check_definitions,
    check_folders,
    check_mappings,
    check_published,
)
from art_transfer.checks import load_study
from art_transfer.config import with_arguments
from art_transfer.errors import StudyError
from art_transfer.files import listing
from art_transfer.fingerprint import fingerprint
from art_transfer.job_settings import (
    BetweenSettings,
    ImagesSettings,
    LabelSettings,
    SplitSettings,
    WeightsSettings,
)
from art_transfer.report_settings import (
    CardSettings,
    CatalogueSettings,
    ClaimsSettings,
    ClassesSettings,
    CostRecord,
    CostSettings,
    CrateSettings,
    CurvesSettings,
    DatasetsSettings,
    Described,
    DuplicatesSettings,
    GainsSettings,
    FigureSettings,
    IndexSettings,
    LabelRulesSettings,
    LayersSettings,
    MosaicSettings,
    OverlapSettings,
    PredictSettings,
    RecordsSettings,
    SaliencySettings,
    ShownMaps,
    TableSettings,
    TitleSettings,
    Transfer,
    TransfersSettings,
)
from art_transfer.networks import NETWORKS, backbone_titles
from art_transfer.settings import Run, canonical
from snakemake.io import flag, get_flag_value

given = [Path(path).parent for path in workflow.configfiles]
try:
    check_configs(workflow.configfiles)
    study, loaded = load_study(
        with_arguments(config, workflow.config_settings.config),
        given[0] if given else Path("config"),
    )
    check_definitions(study, Path("resources"))
    check_folders(study)
    check_mappings(study)
    check_published(study)
except StudyError as error:
    raise WorkflowError(str(error))
config.clear()
config.update(loaded)

RESULTS = study.results
LOGS = f"logs/{study.settings.study}"
TABLE_FILES = ["metrics.json", "predictions.parquet", "run.json"]
RUN = "{collection}/{task}/{backbone}/{init}/{method}/seed-{seed}"
JOINT = "{collection}/{backbone}/{init}/{method}/seed-{seed}"


wildcard_constraints:
    collection="[a-z0-9_]+",
    task="[a-z0-9_]+",
    backbone="[a-z0-9_]+",
    init="[a-z0-9_]+",
    method="[a-z0-9_]+",
    preprocessing="[a-z0-9_]+",
    experiment="[a-z0-9_]+",
    figure="[a-z0-9_]+",
    shard="[0-9]{4}",
    seed="[0-9]+",
    size="[0-9]+",
    fit="[a-z]+",
    filter="[a-z]+",


def run_of(wildcards):
    """The run that a rule's wildcards name; without a task that of all tasks at once."""
    w = wildcards
    task = w.get("task", "")
    return Run(w.collection, task, w.backbone, w.init, w.method, int(w.seed))


def any_of(names):
    """A pattern that matches these names and nothing else."""
    return "|".join(names) or "(?!)"


def images_of(collection):
    """The image tables of all shards of a collection."""
    return [f"resources/{collection}/images/{shard}.csv" for shard in study.shards(collection)]


def zips_of(collection):
    """The images of all shards of a collection."""
    return [f"resources/{collection}/images/{shard}.zip" for shard in study.shards(collection)]


def pixels_of(collection, backbone):
    """The pixels of all shards of a collection at a backbone's size."""
    folder = study.pixels(collection, backbone)
    return [f"{folder}/{shard}.npy" for shard in study.shards(collection)]


def run_files(runs, names):
    """Files of these names in the folders of these runs."""
    return [f"{RESULTS}/{run.folder}/{name}" for run in runs for name in names]


def readable(path, **about):
    """Mark a table in Markdown, with what `report` takes: its page goes into the report for it."""
    return flag(path, "readable", about)


# The collections with their tasks, and the runs that a table shows.
KEYS = sorted({(run.collection, run.task) for run in study.runs})
COMPARED = study.runs_of(study.settings.experiments)


def titles_of(collections):
    """The collections' names for readers."""
    return {name: study.title(name) for name in dict.fromkeys(collections)}


def splits_of(runs):
    """The split that each of these runs was tested on."""
    return [study.split(run.collection, run.task, run.seed) for run in runs]


def used_splits(runs):
    """The files that say which objects these runs were trained on."""
    used = [study.used_split(run) for run in runs]
    return sorted({path for each in used for path in (each.path, each.joint) if path})


def duplicates_of(runs):
    """The near-duplicates of the museums that these runs were tested on."""
    return [f"{RESULTS}/duplicates/{name}.csv" for name in sorted({r.collection for r in runs})]


def published(*names):
    """The files of published numbers and claims of these names, those that the study has."""
    folder = study.settings.published
    paths = [f"{folder}/{name}.csv" for name in names] if folder else []
    return [path for path in paths if Path(path).is_file()]
