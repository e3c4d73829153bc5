# Reads    run folders, splits and labels below results/{study}
# Makes    results/{study}/tables, in the forms that the paper prints, and a figure of the cost


# Seconds each, unlike label_rules and near_duplicates_between, which read whole museums.
localrules:
    table,
    gains,
    classes,
    comparison,
    claims,
    datasets,
    label_decisions,
    near_duplicates_table,
    overlap,
    cost,
    multitask,


def titles_of(collections):
    """The collections' names for readers."""
    return {name: study.title(name) for name in dict.fromkeys(collections)}


def splits_of(runs):
    """The split that each of these runs was tested on."""
    return [study.split(run.collection, run.task, run.seed) for run in runs]


def table_settings(wildcards):
    """The settings of an experiment's table."""
    runs = study.experiment_runs(wildcards.experiment)
    title = study.settings.experiments[wildcards.experiment].title
    titles = titles_of(run.collection for run in runs)
    return canonical(TableSettings(RESULTS, title, titles, runs, splits_of(runs)))


def table_baselines(wildcards):
    """What one gets without a network on the collections and tasks of an experiment."""
    return sorted(
        {
            f"{RESULTS}/baselines/{run.collection}/{run.task}/seed-{run.seed}.json"
            for run in study.experiment_runs(wildcards.experiment)
        }
    )


def duplicates_of(runs):
    """The near-duplicates of the museums that these runs were tested on."""
    return [f"{RESULTS}/duplicates/{name}.csv" for name in sorted({r.collection for r in runs})]


def published(*names):
    """The files of published numbers and claims of these names, those that the study has."""
    folder = study.settings.published
    paths = [f"{folder}/{name}.csv" for name in names] if folder else []
    return [path for path in paths if Path(path).is_file()]


def labels_files(kind):
    """An input function: this account of each label that runs on a collection use."""
    return lambda wildcards: [
        f"{RESULTS}/labels/{wildcards.collection}/{task}-{kind}.csv"
        for task in study.used_tasks(wildcards.collection)
    ]


COMPARED = list(
    dict.fromkeys(run for name in study.settings.experiments for run in study.experiment_runs(name))
)


def cost_records():
    """The records of all runs, and of the features that heads were trained on."""
    features = {}
    for run, read in [(run, path) for run in study.runs for path in study.features_read(run)]:
        own = ("", "") if study.shared_init(run.init) else (run.task, str(run.seed))
        names = (run.collection, own[0], run.backbone, run.init, "", own[1])
        path = f"{read}.cost.json"
        features[path] = CostRecord(path, "features", *names)
    runs = [
        CostRecord(
            f"{RESULTS}/{run.folder}/run.json",
            "run" if run.task else "joint",
            *(run.collection, run.task, run.backbone, run.init, run.method, str(run.seed)),
        )
        for run in [*study.runs, *study.joint_runs]
    ]
    return sorted([*runs, *features.values()], key=lambda record: record.path)


def overlap_settings():
    """The transfers between museums, each with the splits of both."""
    return OverlapSettings(
        RESULTS,
        titles_of(run.collection for of, _, parent in study.transfers for run in (of, parent)),
        [
            Transfer(of, over, *splits_of([of]), parent.collection, *splits_of([parent]))
            for of, over, parent in study.transfers
        ],
        study.settings.seeds[0],
    )


# The pairs of museums of which one trained the first weights of a run on the other, and all of these.
MUSEUM_PAIRS = sorted(
    {tuple(sorted([run.collection, source])) for run in COMPARED for source in study.sources(run)}
)
PAIRED = sorted({name for pair in MUSEUM_PAIRS for name in pair})
EXPERIMENT_TABLES = [f"{RESULTS}/tables/{name}.csv" for name in study.settings.experiments]
# Those with a network for all tasks at once among their methods.
TOGETHER = [
    f"{RESULTS}/tables/{name}.csv"
    for name in study.settings.experiments
    if any(study.at_once(run) for run in study.experiment_runs(name))
]
KEYS = sorted({(run.collection, run.task) for run in study.runs})


rule table:
    input:
        runs=lambda w: run_files(study.experiment_runs(w.experiment), TABLE_FILES),
        splits=lambda w: sorted(set(splits_of(study.experiment_runs(w.experiment)))),
        baselines=table_baselines,
        duplicates=lambda w: duplicates_of(study.experiment_runs(w.experiment)),
    output:
        csv=f"{RESULTS}/tables/{{experiment}}.csv",
        md=readable(
            f"{RESULTS}/tables/{{experiment}}.md",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{experiment}"},
        ),
        tex=f"{RESULTS}/tables/{{experiment}}.tex",
    log:
        f"{LOGS}/tables/{{experiment}}.log",
    benchmark:
        f"{LOGS}/tables/{{experiment}}.tsv"
    wildcard_constraints:
        experiment=any_of(study.settings.experiments),
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=table_settings,
        code=fingerprint("table.py"),
    script:
        "../scripts/table.py"


rule gains:
    input:
        tables=EXPERIMENT_TABLES,
        runs=run_files(COMPARED, ["predictions.parquet"]),
        duplicates=duplicates_of(COMPARED),
    output:
        csv=f"{RESULTS}/tables/gains.csv",
        md=readable(
            f"{RESULTS}/tables/gains.md",
            caption="../report/gains.rst",
            category="Tables",
            labels={"table": "gains"},
        ),
    log:
        f"{LOGS}/tables/gains.log",
    benchmark:
        f"{LOGS}/tables/gains.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=canonical(
            GainsSettings(
                RESULTS,
                titles_of(run.collection for run in COMPARED),
                [study.experiment_runs(name) for name in study.settings.experiments],
                study.settings.seeds[0],
            )
        ),
        code=fingerprint("gains.py"),
    script:
        "../scripts/gains.py"


rule classes:
    input:
        runs=run_files(COMPARED, TABLE_FILES),
        splits=sorted(set(splits_of(COMPARED))),
    output:
        classes=f"{RESULTS}/tables/classes.csv",
        sizes=f"{RESULTS}/tables/class_sizes.csv",
        calibration=f"{RESULTS}/tables/calibration.csv",
        confusions=f"{RESULTS}/tables/confusions.csv",
        scores_md=readable(
            f"{RESULTS}/tables/scores.md",
            caption="../report/scores.rst",
            category="Tables",
            labels={"table": "all scores"},
        ),
        sizes_md=readable(
            f"{RESULTS}/tables/class_sizes.md",
            caption="../report/class_sizes.rst",
            category="Tables",
            labels={"table": "accuracy by class size"},
        ),
        calibration_md=readable(
            f"{RESULTS}/tables/calibration.md",
            caption="../report/calibration.rst",
            category="Tables",
            labels={"table": "calibration"},
        ),
    log:
        f"{LOGS}/tables/classes.log",
    benchmark:
        f"{LOGS}/tables/classes.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=canonical(
            ClassesSettings(
                RESULTS,
                titles_of(run.collection for run in COMPARED),
                COMPARED,
                splits_of(COMPARED),
            )
        ),
        code=fingerprint("classes.py"),
    script:
        "../scripts/classes.py"


rule comparison:
    input:
        tables=EXPERIMENT_TABLES,
        gains=f"{RESULTS}/tables/gains.csv",
        published=published("table2", "table3", "scratch_v3"),
        table1=published("table1"),
    output:
        csv=f"{RESULTS}/tables/comparison.csv",
        md=readable(
            f"{RESULTS}/tables/comparison.md",
            caption="../report/comparison.rst",
            category="Tables",
            labels={"table": "published and reproduced"},
        ),
    log:
        f"{LOGS}/tables/comparison.log",
    benchmark:
        f"{LOGS}/tables/comparison.tsv"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        settings=canonical(TitleSettings(titles_of(run.collection for run in COMPARED))),
        code=fingerprint("comparison.py"),
    script:
        "../scripts/comparison.py"


rule claims:
    input:
        claims=published("claims"),
        datasets=f"{RESULTS}/tables/datasets.csv",
        tables=EXPERIMENT_TABLES,
        runs=run_files(COMPARED, ["predictions.parquet"]),
        duplicates=duplicates_of(COMPARED),
    output:
        csv=f"{RESULTS}/tables/claims.csv",
        tests=f"{RESULTS}/tables/claims-tests.csv",
        md=readable(
            f"{RESULTS}/tables/claims.md",
            caption="../report/claims.rst",
            category="Answers",  # the report sorts them by name: this one comes first
            labels={"table": "claims"},
        ),
    log:
        f"{LOGS}/tables/claims.log",
    benchmark:
        f"{LOGS}/tables/claims.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=canonical(ClaimsSettings(RESULTS, COMPARED)),
        code=fingerprint("claims.py"),
    script:
        "../scripts/claims.py"


rule datasets:
    input:
        filters=[f"{RESULTS}/labels/{c}/{t}-filters.csv" for c, t in KEYS],
        splits=[study.split(c, t, study.settings.seeds[0]) for c, t in KEYS],
        table1=published("table1"),
    output:
        csv=f"{RESULTS}/tables/datasets.csv",
        md=readable(
            f"{RESULTS}/tables/datasets.md",
            caption="../report/datasets.rst",
            category="Tables",
            labels={"table": "datasets (Table 1)"},
        ),
    log:
        f"{LOGS}/tables/datasets.log",
    benchmark:
        f"{LOGS}/tables/datasets.tsv"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        settings=canonical(DatasetsSettings(titles_of(c for c, _ in KEYS), KEYS)),
        code=fingerprint("datasets.py"),
    script:
        "../scripts/datasets.py"


rule near_duplicates_between:
    input:
        objects=[f"resources/{name}/objects.parquet" for name in PAIRED],
        looks=[f"resources/{name}/looks.npy" for name in PAIRED],
        tables=[table for name in PAIRED for table in images_of(name)],
    output:
        f"{RESULTS}/duplicates/between.csv",
    log:
        f"{LOGS}/duplicates/between.log",
    benchmark:
        f"{LOGS}/duplicates/between.tsv"
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        settings=canonical(BetweenSettings(PAIRED, MUSEUM_PAIRS)),
        code=fingerprint("near_duplicates_between.py"),
    script:
        "../scripts/near_duplicates_between.py"


rule near_duplicates_table:
    input:
        duplicates=duplicates_of(study.runs),
        between=f"{RESULTS}/duplicates/between.csv",
        splits=sorted(set(splits_of(COMPARED))),
        runs=run_files(COMPARED, ["predictions.parquet"]),
    output:
        csv=f"{RESULTS}/tables/near_duplicates.csv",
        md=readable(
            f"{RESULTS}/tables/near_duplicates.md",
            caption="../report/near_duplicates.rst",
            category="Tables",
            labels={"table": "near-duplicates"},
        ),
    log:
        f"{LOGS}/tables/near_duplicates.log",
    benchmark:
        f"{LOGS}/tables/near_duplicates.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=canonical(
            DuplicatesSettings(
                RESULTS,
                titles_of(dict(KEYS)),
                COMPARED,
                splits_of(COMPARED),
                [study.sources(run) for run in COMPARED],
            )
        ),
        code=fingerprint("near_duplicates_table.py"),
    script:
        "../scripts/near_duplicates_table.py"


rule overlap:
    input:
        splits=sorted(
            {
                study.split(run.collection, run.task, run.seed)
                for of, _, parent in study.transfers
                for run in (of, parent)
            }
        ),
        runs=run_files(
            sorted({run for of, over, _ in study.transfers for run in (of, over)}),
            ["predictions.parquet"],
        ),
    output:
        csv=f"{RESULTS}/tables/overlap.csv",
        md=readable(
            f"{RESULTS}/tables/overlap.md",
            caption="../report/overlap.rst",
            category="Tables",
            labels={"table": "gains on shared classes"},
        ),
    log:
        f"{LOGS}/tables/overlap.log",
    benchmark:
        f"{LOGS}/tables/overlap.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=canonical(overlap_settings()),
        code=fingerprint("overlap.py"),
    script:
        "../scripts/overlap.py"


rule label_decisions:
    input:
        labels_files("decisions"),
    output:
        f"{RESULTS}/tables/labels-{{collection}}.csv",
    log:
        f"{LOGS}/tables/labels-{{collection}}.log",
    benchmark:
        f"{LOGS}/tables/labels-{{collection}}.tsv"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        code=fingerprint("label_decisions.py"),
    script:
        "../scripts/label_decisions.py"


rule label_rules:
    input:
        objects=[f"resources/{name}/objects.parquet" for name in dict(KEYS)],
        images=[table for name in dict(KEYS) for table in images_of(name)],
        mappings=sorted({path for _, task in KEYS for path in mapping_of(task)}),
        table1=published("table1"),
    output:
        f"{RESULTS}/tables/label-rules.csv",
    log:
        f"{LOGS}/tables/label-rules.log",
    benchmark:
        f"{LOGS}/tables/label-rules.tsv"
    resources:
        mem_mb=4000,
        runtime=15,
    params:
        settings=canonical(
            LabelRulesSettings(KEYS, {task: study.settings.tasks[task] for _, task in KEYS})
        ),
        code=fingerprint("label_rules.py"),
    script:
        "../scripts/label_rules.py"


rule cost:
    input:
        # Features that are only made again, with the same bytes, are no news.
        [
            ancient(record.path) if record.what == "features" else record.path
            for record in cost_records()
        ],
    output:
        csv=f"{RESULTS}/tables/cost.csv",
        pdf=f"{RESULTS}/figures/cost.pdf",
        png=report(
            f"{RESULTS}/figures/cost.png",
            caption="../report/cost.rst",
            category="Run times",
            labels={"figure": "cost", "shows": "hours"},
        ),
    log:
        f"{LOGS}/tables/cost.log",
    benchmark:
        f"{LOGS}/tables/cost.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=canonical(
            CostSettings(
                cost_records(),
                {r.backbone: NETWORKS[study.network(r.backbone)].title for r in study.runs},
            )
        ),
        code=fingerprint("cost.py"),
    script:
        "../scripts/cost.py"


rule multitask:
    input:
        tables=TOGETHER,
        cost=f"{RESULTS}/tables/cost.csv",
    output:
        csv=f"{RESULTS}/tables/multitask.csv",
        md=readable(
            f"{RESULTS}/tables/multitask.md",
            caption="../report/multitask.rst",
            category="Tables",
            labels={"table": "one network for all tasks"},
        ),
    log:
        f"{LOGS}/tables/multitask.log",
    benchmark:
        f"{LOGS}/tables/multitask.tsv"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        settings=canonical(TitleSettings(titles_of(r.collection for r in study.joint_runs))),
        code=fingerprint("multitask.py"),
    script:
        "../scripts/multitask.py"


rule tables:
    input:
        EXPERIMENT_TABLES,
        rules.gains.output,
        rules.classes.output,
        rules.comparison.output,
        rules.claims.output if published("claims") else [],
        rules.datasets.output,
        rules.label_rules.output,
        rules.near_duplicates_table.output,
        rules.overlap.output,
        rules.cost.output,
        rules.multitask.output if TOGETHER else [],
        [f"{RESULTS}/tables/labels-{name}.csv" for name in dict(KEYS)],
