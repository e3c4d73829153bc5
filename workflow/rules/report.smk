# Reads    run folders, splits and labels below results/{study}; for figures, images and pixels
# Makes    results/{study}/tables and figures, in the forms that the paper prints; catalogue/, a page
#          for each museum


# Seconds each, unlike label_rules, which reads whole museums, and saliency, which computes.
localrules:
    table,
    gains,
    comparison,
    datasets,
    label_decisions,
    catalogue_page,
    mosaic,
    curves,
    cost,


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


def published(*names):
    """The files of published numbers of these names, if the study has any."""
    folder = study.settings.published
    return [f"{folder}/{name}.csv" for name in names] if folder else []


def mosaic_settings(wildcards):
    """The settings of a mosaic."""
    spec = study.settings.figures.mosaic[wildcards.figure]
    shards = {name: study.settings.collections[name].shards for name in spec.collections}
    return canonical(
        MosaicSettings(spec.collections, titles_of(spec.collections), shards, spec.images)
    )


def curves_settings(wildcards):
    """The settings of a figure of curves."""
    spec = study.settings.figures.curves[wildcards.figure]
    return canonical(CurvesSettings(RESULTS, spec.title, spec.tasks, curves_runs(wildcards.figure)))


def curves_runs(figure):
    """The runs that a figure of curves shows."""
    spec = study.settings.figures.curves[figure]
    return [
        run
        for experiment in spec.experiments
        for run in study.experiment_runs(experiment)
        if run.collection == spec.collection and run.task in spec.tasks
    ]


def saliency_settings(wildcards):
    """The settings of a figure of saliency maps."""
    spec = study.settings.figures.saliency[wildcards.figure]
    words = [f"{side.init}, {side.method}".replace("_", " ") for side in (spec.before, spec.after)]
    return canonical(
        SaliencySettings(
            RESULTS,
            spec.title,
            spec.collection,
            study.settings.collections[spec.collection].shards,
            *words,
            study.saliency_runs(wildcards.figure),
            spec.images,
            spec.algorithm,
            study.settings.threads,
        )
    )


def saliency_spec(wildcards):
    """The config's block of a figure of saliency maps."""
    return study.settings.figures.saliency[wildcards.figure]


def saliency_files(name):
    """An input function: this file of both runs of each pair."""
    return lambda wildcards: run_files(
        [run for pair in study.saliency_runs(wildcards.figure) for run in pair], [name]
    )


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
    heads = [r for r in study.runs if study.settings.methods[r.method].kind == "head"]
    features = {}
    for run in heads:
        own = ("", "") if study.shared_init(run.init) else (run.task, str(run.seed))
        names = (run.collection, own[0], run.backbone, run.init, "", own[1])
        path = f"{study.features(run)}.cost.json"
        features[path] = CostRecord(path, "features", *names)
    runs = [
        CostRecord(
            f"{RESULTS}/{run.folder}/run.json",
            "run",
            *(run.collection, run.task, run.backbone, run.init, run.method, str(run.seed)),
        )
        for run in study.runs
    ]
    return sorted([*runs, *features.values()], key=lambda record: record.path)


EXPERIMENT_TABLES = [f"{RESULTS}/tables/{name}.csv" for name in study.settings.experiments]
KEYS = sorted({(run.collection, run.task) for run in study.runs})


rule table:
    input:
        runs=lambda w: run_files(study.experiment_runs(w.experiment), TABLE_FILES),
        splits=lambda w: sorted(set(splits_of(study.experiment_runs(w.experiment)))),
        baselines=table_baselines,
    output:
        csv=f"{RESULTS}/tables/{{experiment}}.csv",
        md=report(
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
    output:
        csv=f"{RESULTS}/tables/gains.csv",
        md=report(
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


rule comparison:
    input:
        tables=EXPERIMENT_TABLES,
        published=published("table2", "table3", "scratch_v3"),
        table1=published("table1"),
    output:
        csv=f"{RESULTS}/tables/comparison.csv",
        md=report(
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


rule datasets:
    input:
        filters=[f"{RESULTS}/labels/{c}/{t}-filters.csv" for c, t in KEYS],
        splits=[study.split(c, t, study.settings.seeds[0]) for c, t in KEYS],
        table1=published("table1"),
    output:
        csv=f"{RESULTS}/tables/datasets.csv",
        md=report(
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


rule catalogue_page:
    input:
        objects="resources/{collection}/objects.parquet",
        images=lambda w: [
            f"resources/{w.collection}/images/{shard}.zip" for shard in study.shards(w.collection)
        ],
        tables=lambda w: images_of(w.collection),
        filters=labels_files("filters"),
        decisions=labels_files("decisions"),
        splits=lambda w: [
            study.split(w.collection, task, study.settings.seeds[0])
            for task in study.used_tasks(w.collection)
        ],
        template="workflow/report/catalogue.html",
    output:
        report(
            f"{RESULTS}/catalogue/{{collection}}.html",
            caption="../report/catalogue.rst",
            category="Catalogue",
            labels={"collection": "{collection}"},
        ),
    log:
        f"{LOGS}/catalogue/{{collection}}.log",
    benchmark:
        f"{LOGS}/catalogue/{{collection}}.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=lambda w: canonical(
            CatalogueSettings(
                study.title(w.collection),
                study.used_tasks(w.collection),
                study.settings.collections[w.collection].shards,
            )
        ),
        code=fingerprint("catalogue.py"),
    script:
        "../scripts/catalogue.py"


rule mosaic:
    input:
        images=lambda w: [
            f"resources/{name}/images/{shard}.zip"
            for name in study.settings.figures.mosaic[w.figure].collections
            for shard in study.shards(name)
        ],
        tables=lambda w: [
            table
            for name in study.settings.figures.mosaic[w.figure].collections
            for table in images_of(name)
        ],
    output:
        pdf=f"{RESULTS}/figures/{{figure}}.pdf",
        png=report(
            f"{RESULTS}/figures/{{figure}}.png",
            caption="../report/mosaic.rst",
            category="Figures",
            labels={"figure": "{figure}", "shows": "images"},
        ),
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{LOGS}/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure=any_of(study.settings.figures.mosaic),
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=mosaic_settings,
        code=fingerprint("mosaic.py"),
    script:
        "../scripts/mosaic.py"


rule curves:
    input:
        lambda w: run_files(curves_runs(w.figure), ["history.csv", "metrics.json", "run.json"]),
    output:
        pdf=f"{RESULTS}/figures/{{figure}}.pdf",
        png=report(
            f"{RESULTS}/figures/{{figure}}.png",
            caption="../report/curves.rst",
            category="Figures",
            labels={"figure": "{figure}", "shows": "validation accuracy"},
        ),
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{LOGS}/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure=any_of(study.settings.figures.curves),
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=curves_settings,
        code=fingerprint("curves.py"),
    script:
        "../scripts/curves.py"


rule saliency:
    input:
        models=saliency_files("model.keras"),
        preprocessing=saliency_files("preprocessing.json"),
        predictions=saliency_files("predictions.parquet"),
        pixels=lambda w: pixels_of(saliency_spec(w).collection, saliency_spec(w).backbone),
        tables=lambda w: images_of(saliency_spec(w).collection),
        images=lambda w: [
            f"resources/{saliency_spec(w).collection}/images/{shard}.zip"
            for shard in study.shards(saliency_spec(w).collection)
        ],
    output:
        pdf=f"{RESULTS}/figures/{{figure}}.pdf",
        png=report(
            f"{RESULTS}/figures/{{figure}}.png",
            caption="../report/saliency.rst",
            category="Figures",
            labels={"figure": "{figure}", "shows": "saliency maps"},
        ),
        csv=f"{RESULTS}/figures/{{figure}}.csv",
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{LOGS}/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure=any_of(study.settings.figures.saliency),
    threads: study.settings.threads
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        settings=saliency_settings,
        code=fingerprint("saliency.py"),
    script:
        "../scripts/saliency.py"


rule cost:
    input:
        [record.path for record in cost_records()],
    output:
        csv=f"{RESULTS}/tables/cost.csv",
        pdf=f"{RESULTS}/figures/cost.pdf",
        png=report(
            f"{RESULTS}/figures/cost.png",
            caption="../report/cost.rst",
            category="Figures",
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


rule tables:
    input:
        EXPERIMENT_TABLES,
        rules.gains.output,
        rules.comparison.output,
        rules.datasets.output,
        rules.label_rules.output,
        rules.cost.output,
        [f"{RESULTS}/tables/labels-{name}.csv" for name in dict(KEYS)],


rule figures:
    input:
        [
            f"{RESULTS}/figures/{name}.png"
            for block in (
                study.settings.figures.mosaic,
                study.settings.figures.curves,
                study.settings.figures.saliency,
            )
            for name in block
        ],


rule catalogue:
    input:
        [f"{RESULTS}/catalogue/{name}.html" for name in study.used_collections],
