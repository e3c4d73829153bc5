# Reads    run folders, splits and labels below results/{study}
# Makes    results/{study}/tables, in the forms that the paper prints, and a figure of the cost


# Seconds each.
localrules:
    table,
    gains,
    classes,
    comparison,
    claims,
    cost,
    multitask,


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


EXPERIMENT_TABLES = [f"{RESULTS}/tables/{name}.csv" for name in study.settings.experiments]
# Those with a network for all tasks at once among their methods.
TOGETHER = [
    f"{RESULTS}/tables/{name}.csv"
    for name in study.settings.experiments
    if any(study.at_once(run) for run in study.experiment_runs(name))
]


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
            )
        ),
        code=fingerprint("gains.py"),
    script:
        "../scripts/gains.py"


rule classes:
    input:
        runs=run_files(COMPARED, TABLE_FILES),
        splits=used_splits(COMPARED),
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
                [study.used_split(run) for run in COMPARED],
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
                backbone_titles({r.backbone: study.network(r.backbone) for r in study.runs}),
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
