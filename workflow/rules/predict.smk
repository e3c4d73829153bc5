# Reads    finished run folders, and anybody's images
# Makes    results/{study}/predict and export, which are asked for by hand and never archived


localrules:
    export,


PREDICTING = study.settings.predict
MODEL_FILES = [OUTPUTS[name] for name in ("model", "classes", "preprocessing", "calibration")]


def predicting(nearest_only=False):
    """The run that predicts; nothing where only its nearest objects need it and none are asked."""
    if PREDICTING is None:
        raise WorkflowError(
            "the config has no block `predict`; expected its keys `run` and `images`, as in "
            "--config 'predict={run: collection/task/backbone/init/method/seed-1, images: folder}'"
        )
    return [] if nearest_only and not PREDICTING.nearest else [study.predicting]


def looked_through(paths):
    """An input function: these files of the museum among whose objects the nearest are sought.

    Where the run is there and they are not, making them would have it trained again.
    """

    def found(wildcards):
        wanted = [path for run in predicting(True) for path in paths(run)]
        there = all(Path(path).is_file() for path in run_files(predicting(), MODEL_FILES))
        missing = [path for path in wanted if there and not Path(path).is_file()]
        if missing:
            raise WorkflowError(
                f"{missing[0]} is missing, among whose objects the nearest are sought. `snakemake "
                "shared` makes it and leaves the run as it is; `predict.nearest: 0` does without"
            )
        return wanted

    return found


def exported(wildcards):
    """The run to export and those that it starts from; another run would be trained first."""
    run = run_of(wildcards)
    if run not in study.runs:
        raise WorkflowError(f"{run.folder} is no run of the study; `snakemake -n runs` lists them")
    if study.settings.methods[run.method].kind == "classifier":
        raise WorkflowError(
            f"{run.folder} is a classifier's on ready features, which leaves no network to export; "
            "name a run of another method"
        )
    return study.chain(run)


def card_settings(wildcards):
    """What a model card says beside what the run's folder holds."""
    chain = exported(wildcards)
    last, init = chain[-1], study.base_init(chain[-1].init)
    first = study.settings.inits[init]
    file = study.pinned(init, last.backbone, last.task) if first.weights else None
    words = f"{file.address} ({file.hash})" if file else f"random, {first.random}"
    if first.saw:
        words += f", trained on {', '.join(map(study.title, first.saw))}"
    network = NETWORKS[study.network(chain[0].backbone)].title
    titles = titles_of(run.collection for run in chain)
    split = study.used_split(chain[0])
    saw = list(map(study.title, first.saw))
    renewed = [run for run in chain if study.settings.inits[run.init].batch_norm]
    given = (study.settings.study, words, chain, split, network, titles, saw, renewed)
    return canonical(CardSettings(*given))


def predict_settings(wildcards):
    """What is to be predicted; images count by their ids and sizes."""
    # Imported here, for pandas would make every plan and every job start later.
    from art_transfer.predict.images import find_images, listed

    wanted = PREDICTING
    try:
        names = listed(find_images(wanted.images))
    except StudyError as error:
        raise WorkflowError(str(error))
    splits = list(map(study.used_split, predicting(True)))
    given = (wanted.images, names, wanted.confidence, wanted.nearest, splits)
    return canonical(PredictSettings(*given, study.settings.threads))


rule predict:
    input:
        run=lambda wildcards: run_files(predicting(), MODEL_FILES),
        splits=lambda wildcards: used_splits(predicting(True)),
        pixels=looked_through(lambda run: pixels_of(run.collection, run.backbone)),
        tables=looked_through(lambda run: images_of(run.collection)),
    output:
        f"{RESULTS}/predict/{PREDICTING.name if PREDICTING else 'predictions'}.csv",
    log:
        f"{LOGS}/predict.log",
    benchmark:
        f"{LOGS}/predict.tsv"
    threads: study.settings.threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=predict_settings,
        code=fingerprint("predict.py"),
    script:
        "../scripts/predict.py"


rule export:
    input:
        run=lambda wildcards: run_files(exported(wildcards)[:1], OUTPUTS.values()),
        splits=lambda wildcards: used_splits(exported(wildcards)[:1]),
        rights=lambda wildcards: [
            f"{RESULTS}/rights/{name}.json"
            for name in dict.fromkeys(run.collection for run in exported(wildcards))
        ],
        template="workflow/report/model_card.md",
    output:
        card=f"{RESULTS}/export/{RUN}/MODEL_CARD.md",
        files=[f"{RESULTS}/export/{RUN}/{name}" for name in MODEL_FILES],
    log:
        f"{LOGS}/export/{RUN}.log",
    benchmark:
        f"{LOGS}/export/{RUN}.tsv"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        settings=card_settings,
        code=fingerprint("export.py"),
    script:
        "../scripts/export.py"
