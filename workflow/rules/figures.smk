# Reads    run folders below results/{study}; images and pixels
# Makes    results/{study}/figures, as the paper has them, and numbers beside saliency maps


# Seconds each, unlike saliency, which computes.
localrules:
    mosaic,
    curves,


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
            study.saliency_null(wildcards.figure),
            spec.images,
            spec.sample,
            spec.algorithm,
            study.settings.threads,
        )
    )


def saliency_spec(wildcards):
    """The config's block of a figure of saliency maps."""
    return study.settings.figures.saliency[wildcards.figure]


def saliency_files(name):
    """An input function: this file of both runs of each pair, and of the other seed's."""

    def files(wildcards):
        pairs = [*study.saliency_runs(wildcards.figure), study.saliency_null(wildcards.figure)]
        return run_files([run for pair in pairs for run in pair], [name])

    return files


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
        numbers=f"{RESULTS}/figures/{{figure}}-numbers.csv",
        md=report(
            f"{RESULTS}/figures/{{figure}}-numbers.md",
            caption="../report/saliency_numbers.rst",
            category="Tables",
            labels={"table": "{figure}, numbers"},
        ),
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
