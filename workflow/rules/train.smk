# Reads    features or pixels, and splits; resources/weights, or the checkpoint of another run
# Makes    the run folders results/{study}/runs/...; where a network is trained for several tasks at
#          once, its folder in results/{study}/joint, from which their runs come
# A transfer from museum to museum has no rule of its own: its init is a run, so that run's
# checkpoint is an input of its features and of its fine tuning.

STATE = RUN.replace("/", ".")  # one folder each, which a run removes as it made it
OUTPUTS = {
    "run": "run.json",
    "metrics": "metrics.json",
    "history": "history.csv",
    "predictions": "predictions.parquet",
    "model": "model.keras",
    "classes": "labels.json",
    "preprocessing": "preprocessing.json",
    "calibration": "calibration.json",
}
JOINT_OUTPUTS = {
    "run": "run.json",
    "history": "history.csv",
    "splits": "splits.csv",
    "model": "model.keras",
    "classes": "labels.json",
    "preprocessing": "preprocessing.json",
}


def smallest_backbone(wildcards):
    """The backbone with the smallest input among a task's runs; thumbnails need no more."""
    used = {
        run.backbone
        for run in study.runs
        if (run.collection, run.task) == (wildcards.collection, wildcards.task)
    }
    return min(used, key=lambda name: (study.settings.backbones[name].size, name))


def of_kind(kind):
    """A pattern of the methods of this kind."""
    return any_of(name for name, method in study.settings.methods.items() if method.kind == kind)


def training_settings(wildcards):
    """The settings of a run."""
    return canonical(study.training(run_of(wildcards)))


def again_without_training():
    """The pixels of all runs, and the features whose first weights are no run's.

    Those of a run are made when they are needed: asked for beside the pixels that the run was
    trained on, they would have it trained again.
    """
    found = {path for r in study.runs for path in pixels_of(r.collection, r.backbone)}
    for run in study.runs:
        if study.parent(run) is None:
            found.update(f"{path}.npy" for path in study.features_read(run))
    return found


def features_files(suffix):
    """An input function: these files of all features that a run reads."""
    return lambda w: [f"{path}{suffix}" for path in study.features_read(run_of(w))]


rule head:
    input:
        split=lambda w: study.split(w.collection, w.task, w.seed),
        features=features_files(".npy"),
        ids=features_files(".ids.csv"),
        record=features_files(".json"),
        first=lambda wildcards: study.first_file(run_of(wildcards)),
    output:
        **{name: f"{RESULTS}/runs/{RUN}/{file}" for name, file in OUTPUTS.items()},
    log:
        f"{LOGS}/runs/{RUN}.log",
    benchmark:
        f"{LOGS}/runs/{RUN}.tsv"
    wildcard_constraints:
        method=of_kind("head"),
    threads: study.settings.threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=training_settings,
        code=fingerprint("head.py"),
        state=f"{RESULTS}/state/{STATE}",
    script:
        "../scripts/head.py"


rule classifier:
    input:
        split=lambda w: study.split(w.collection, w.task, w.seed),
        features=features_files(".npy"),
        ids=features_files(".ids.csv"),
        record=features_files(".json"),
    output:
        **{
            name: f"{RESULTS}/runs/{RUN}/{file}"
            for name, file in OUTPUTS.items()
            if name != "model"  # what is left is a table of predictions, and no network
        },
    log:
        f"{LOGS}/runs/{RUN}.log",
    benchmark:
        f"{LOGS}/runs/{RUN}.tsv"
    wildcard_constraints:
        method=any_of(n for n, m in study.settings.methods.items() if m.kind == "classifier"),
    threads: study.settings.threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=training_settings,
        code=fingerprint("classifier.py"),
    script:
        "../scripts/classifier.py"


rule fine_tune:
    input:
        split=lambda w: study.split(w.collection, w.task, w.seed),
        pixels=lambda wildcards: pixels_of(wildcards.collection, wildcards.backbone),
        tables=lambda wildcards: images_of(wildcards.collection),
        first=lambda wildcards: study.first_file(run_of(wildcards)),
    output:
        **{name: f"{RESULTS}/runs/{RUN}/{file}" for name, file in OUTPUTS.items()},
    log:
        f"{LOGS}/runs/{RUN}.log",
    benchmark:
        f"{LOGS}/runs/{RUN}.tsv"
    wildcard_constraints:
        method=of_kind("fine_tuning"),
    priority: 1  # others start from its checkpoints
    threads: study.settings.threads
    resources:
        mem_mb=16000,
        runtime=2880,
    params:
        settings=training_settings,
        code=fingerprint("fine_tune.py"),
        state=f"{RESULTS}/state/{STATE}",
    script:
        "../scripts/fine_tune.py"


rule joint:
    input:
        splits=lambda w: [
            study.split(w.collection, task, w.seed)
            for task in study.settings.methods[w.method].loss_weights
        ],
        duplicates=grouping,
        pixels=lambda wildcards: pixels_of(wildcards.collection, wildcards.backbone),
        tables=lambda wildcards: images_of(wildcards.collection),
        first=lambda wildcards: study.first_file(run_of(wildcards)),
    output:
        **{name: f"{RESULTS}/joint/{JOINT}/{file}" for name, file in JOINT_OUTPUTS.items()},
    log:
        f"{LOGS}/joint/{JOINT}.log",
    benchmark:
        f"{LOGS}/joint/{JOINT}.tsv"
    wildcard_constraints:
        method=of_kind("multitask"),
    priority: 1  # several runs, and others', start from its checkpoint
    threads: study.settings.threads
    resources:
        mem_mb=16000,
        runtime=2880,
    params:
        settings=training_settings,
        code=fingerprint("joint.py"),
        state=f"{RESULTS}/state/{JOINT.replace('/', '.')}",
    script:
        "../scripts/joint.py"


rule joint_task:
    input:
        split=lambda w: study.split(w.collection, w.task, w.seed),
        splits=f"{RESULTS}/joint/{JOINT}/splits.csv",
        history=f"{RESULTS}/joint/{JOINT}/history.csv",
        model=f"{RESULTS}/joint/{JOINT}/model.keras",
        pixels=lambda wildcards: pixels_of(wildcards.collection, wildcards.backbone),
        tables=lambda wildcards: images_of(wildcards.collection),
    output:
        **{name: f"{RESULTS}/runs/{RUN}/{file}" for name, file in OUTPUTS.items()},
    log:
        f"{LOGS}/runs/{RUN}.log",
    benchmark:
        f"{LOGS}/runs/{RUN}.tsv"
    wildcard_constraints:
        method=of_kind("multitask"),
    priority: 1
    threads: study.settings.threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=training_settings,
        code=fingerprint("joint_task.py"),
    script:
        "../scripts/joint_task.py"


rule baselines:
    input:
        split=lambda w: study.split(w.collection, w.task, w.seed),
        pixels=lambda wildcards: pixels_of(wildcards.collection, smallest_backbone(wildcards)),
        tables=lambda wildcards: images_of(wildcards.collection),
    output:
        f"{RESULTS}/baselines/{{collection}}/{{task}}/seed-{{seed}}.json",
    log:
        f"{LOGS}/baselines/{{collection}}/{{task}}/seed-{{seed}}.log",
    benchmark:
        f"{LOGS}/baselines/{{collection}}/{{task}}/seed-{{seed}}.tsv"
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        code=fingerprint("baselines.py"),
    script:
        "../scripts/baselines.py"


rule runs:
    input:
        run_files(study.runs, ["run.json"]),


rule shared:
    input:
        rules.fetch.input,
        lambda wildcards: sorted(again_without_training()),
