# Reads    finished run folders, and anybody's images
# Makes    results/{study}/predict and export, which are asked for by hand and never archived


localrules:
    predict,


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


def predict_settings(wildcards):
    """What is to be predicted; images count by their ids and sizes."""
    # Imported here, for pandas would make every plan and every job start later.
    from art_transfer.predict.images import find_images, listed

    wanted = PREDICTING
    try:
        names = listed(find_images(wanted.images))
    except StudyError as error:
        raise WorkflowError(str(error))
    threads = study.settings.threads
    given = (wanted.images, names, wanted.confidence, wanted.nearest, threads)
    return canonical(PredictSettings(*given))


rule predict:
    input:
        run=lambda wildcards: run_files(predicting(), MODEL_FILES),
        split=lambda w: [study.split(r.collection, r.task, r.seed) for r in predicting(True)],
        pixels=lambda w: [p for r in predicting(True) for p in pixels_of(r.collection, r.backbone)],
        tables=lambda w: [path for r in predicting(True) for path in images_of(r.collection)],
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
