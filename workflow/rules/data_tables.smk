# Reads    objects, labels, splits and near-duplicates of the museums of a study
# Makes    the tables of results/{study}/tables that tell what the museums hold and share


# Seconds each, unlike label_rules and near_duplicates_between, which read whole museums.
localrules:
    datasets,
    label_decisions,
    near_duplicates_table,
    overlap,


def labels_files(kind):
    """An input function: this account of each label that runs on a collection use."""
    return lambda wildcards: [
        f"{RESULTS}/labels/{wildcards.collection}/{task}-{kind}.csv"
        for task in study.used_tasks(wildcards.collection)
    ]


def overlap_settings():
    """The transfers between museums, each with the splits of all of them."""
    transfers = [
        Transfer(
            of, over, study.used_split(of), [run.collection for run in alone], splits_of(alone)
        )
        for of, over in study.transfers
        for alone in [study.learned_alone(of, over)]
    ]
    names = [name for one in transfers for name in (one.of.collection, *one.sources)]
    return OverlapSettings(RESULTS, titles_of(names), transfers)


# The pairs of museums of which one trained the first weights of a run on the other, and all of these.
MUSEUM_PAIRS = sorted(
    {tuple(sorted([run.collection, source])) for run in COMPARED for source in study.sources(run)}
)
PAIRED = sorted({name for pair in MUSEUM_PAIRS for name in pair})


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
        splits=used_splits(COMPARED),
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
                list(map(study.used_split, COMPARED)),
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
                path
                for of, over in study.transfers
                for path in [*used_splits([of]), *splits_of(study.learned_alone(of, over))]
            }
        ),
        runs=run_files(
            sorted({run for of, over in study.transfers for run in (of, over)}),
            ["predictions.parquet"],
        ),
        duplicates=duplicates_of(of for of, _ in study.transfers),
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
