# Reads    run folders, tables and splits below results/{study}; images and pixels
# Makes    results/{study}/figures, as the paper has them, and numbers beside saliency maps
from art_transfer.check_figures import curves_runs


# Seconds each, unlike saliency, which computes.
localrules:
    mosaic,
    curves,
    class_figures,
    gain_slopes,


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
    runs = curves_runs(study, wildcards.figure)
    return canonical(CurvesSettings(RESULTS, spec.title, spec.tasks, runs))


def in_words(trained):
    """How a network was trained, for readers."""
    return f"{trained.init}, {trained.method}".replace("_", " ")


def saliency_settings(wildcards):
    """The settings of a figure of saliency maps."""
    spec = study.settings.figures.saliency[wildcards.figure]
    null = study.saliency_null(wildcards.figure)
    return canonical(
        SaliencySettings(
            RESULTS,
            spec.title,
            spec.collection,
            study.settings.collections[spec.collection].shards,
            study.settings.pixels.fit,
            in_words(spec.before),
            in_words(spec.after),
            study.saliency_runs(wildcards.figure),
            null,
            bool(null) and not study.settings.splits.fixed,
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


SLOPED = [
    f"{RESULTS}/tables/{name}.csv"
    for name, experiment in study.settings.experiments.items()
    if len(experiment.inits) > 1
]


rule mosaic:
    input:
        objects=lambda w: [
            f"resources/{name}/objects.parquet"
            for name in study.settings.figures.mosaic[w.figure].collections
        ],
        images=lambda w: [
            archive
            for name in study.settings.figures.mosaic[w.figure].collections
            for archive in zips_of(name)
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
        lambda w: run_files(
            curves_runs(study, w.figure), ["history.csv", "metrics.json", "run.json"]
        ),
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


rule class_figures:
    input:
        tables=EXPERIMENT_TABLES,
        sizes=rules.classes.output.sizes,
        calibration=rules.classes.output.calibration,
        confusions=rules.classes.output.confusions,
        splits=[study.split(c, t, study.settings.seeds[0]) for c, t in KEYS],
    output:
        sizes_pdf=f"{RESULTS}/figures/class_size.pdf",
        sizes_png=report(
            f"{RESULTS}/figures/class_size.png",
            caption="../report/class_size_figure.rst",
            category="Figures",
            labels={"figure": "class_size", "shows": "accuracy by class size"},
        ),
        tails_pdf=f"{RESULTS}/figures/tails.pdf",
        tails_png=report(
            f"{RESULTS}/figures/tails.png",
            caption="../report/tails.rst",
            category="Figures",
            labels={"figure": "tails", "shows": "long tails of the labels"},
        ),
        confusion_pdf=f"{RESULTS}/figures/confusion.pdf",
        confusion_png=report(
            f"{RESULTS}/figures/confusion.png",
            caption="../report/confusion.rst",
            category="Figures",
            labels={"figure": "confusion", "shows": "confusion of the largest classes"},
        ),
        calibration_pdf=f"{RESULTS}/figures/calibration.pdf",
        calibration_png=report(
            f"{RESULTS}/figures/calibration.png",
            caption="../report/calibration_figure.rst",
            category="Figures",
            labels={"figure": "calibration", "shows": "calibration"},
        ),
    log:
        f"{LOGS}/figures/class_figures.log",
    benchmark:
        f"{LOGS}/figures/class_figures.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=canonical(DatasetsSettings(titles_of(c for c, _ in KEYS), KEYS)),
        code=fingerprint("class_figures.py"),
    script:
        "../scripts/class_figures.py"


rule gain_slopes:
    input:
        tables=SLOPED,
        gains=rules.gains.output.csv,
    output:
        pdf=f"{RESULTS}/figures/gains.pdf",
        png=report(
            f"{RESULTS}/figures/gains.png",
            caption="../report/gain_slopes.rst",
            category="Figures",
            labels={"figure": "gains", "shows": "gain from other first weights"},
        ),
    log:
        f"{LOGS}/figures/gains.log",
    benchmark:
        f"{LOGS}/figures/gains.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=canonical(TitleSettings(titles_of(run.collection for run in COMPARED))),
        code=fingerprint("gain_slopes.py"),
    script:
        "../scripts/gain_slopes.py"


rule saliency:
    input:
        models=saliency_files("model.keras"),
        preprocessing=saliency_files("preprocessing.json"),
        predictions=saliency_files("predictions.parquet"),
        pixels=lambda w: pixels_of(saliency_spec(w).collection, saliency_spec(w).backbone),
        tables=lambda w: images_of(saliency_spec(w).collection),
        images=lambda w: zips_of(saliency_spec(w).collection),
    output:
        pdf=f"{RESULTS}/figures/{{figure}}.pdf",
        png=report(
            f"{RESULTS}/figures/{{figure}}.png",
            caption="../report/saliency.rst",
            category="Figures",
            labels={"figure": "{figure}", "shows": "saliency maps"},
        ),
        csv=f"{RESULTS}/figures/{{figure}}.csv",
        tiles=f"{RESULTS}/figures/{{figure}}-objects.png",
        numbers=f"{RESULTS}/figures/{{figure}}-numbers.csv",
        md=readable(
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
        runtime=1440,
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
                *(getattr(study.settings.figures, kind) for kind in BEYOND),
            )
            for name in block
        ],
        rules.class_figures.output if COMPARED else [],
        rules.gain_slopes.output if SLOPED else [],
