# Reads    run folders and splits below results/{study}, and features
# Makes    results/{study}/figures that the paper has not, each with its numbers; docs/beyond.md


localrules:
    collapse,
    layers,
    learning_curves,
    transfers,


BEYOND = ("collapse", "layers", "learning_curves", "transfers")
DRAWN = {
    "pdf": f"{RESULTS}/figures/{{figure}}.pdf",
    "csv": f"{RESULTS}/figures/{{figure}}.csv",
}


def drawn(kind, shows):
    """The files of a figure: its picture and its table, which go into the report."""
    about = {"caption": f"../report/{kind}.rst"}
    return {
        **DRAWN,
        "png": report(
            f"{RESULTS}/figures/{{figure}}.png",
            category="Figures",
            labels={"figure": "{figure}", "shows": shows},
            **about,
        ),
        "md": readable(
            f"{RESULTS}/figures/{{figure}}.md",
            category="Tables",
            labels={"table": "{figure}"},
            **about,
        ),
    }


def figure_of(kind, figure):
    """The config's block of a figure."""
    return getattr(study.settings.figures, kind)[figure]


def drawn_runs(kind, figure):
    """The runs that a figure shows, each once."""
    spec = figure_of(kind, figure)
    if kind in ("layers", "learning_curves"):
        return study.runs_of_inits(spec)
    return study.runs_of(spec.experiments)


def drawn_files(kind):
    """Input functions: the runs that a figure shows, their splits, and near-duplicates."""
    return {
        "runs": lambda w: run_files(drawn_runs(kind, w.figure), TABLE_FILES),
        "splits": lambda w: sorted(set(splits_of(drawn_runs(kind, w.figure)))),
        "duplicates": lambda w: duplicates_of(drawn_runs(kind, w.figure)),
    }


def figure_settings(kind, figure):
    """Whose predictions a figure shows."""
    runs = drawn_runs(kind, figure)
    titles = titles_of(run.collection for run in runs)
    return FigureSettings(RESULTS, figure_of(kind, figure).title, titles, runs, splits_of(runs))


def layers_settings(wildcards):
    """The settings of a figure of layers."""
    figure = figure_settings("layers", wildcards.figure)
    names = [study.settings.methods[run.method].preprocessing for run in figure.runs]
    layers = [study.settings.preprocessings[name].layer for name in names]
    return canonical(LayersSettings(figure, layers, list(map(study.features, figure.runs))))


def transfers_of(figure):
    """The transfers between museums that a figure maps."""
    return study.mapped(figure_of("transfers", figure))


def transfers_settings(wildcards):
    """The settings of a map of transfers."""
    pairs = transfers_of(wildcards.figure)
    sources = [list(reversed(study.sources(of))) for of, _ in pairs]
    titles = titles_of([*(of.collection for of, _ in pairs), *(n for s in sources for n in s)])
    title = figure_of("transfers", wildcards.figure).title
    return canonical(TransfersSettings(RESULTS, title, titles, pairs, sources))


rule collapse:
    input:
        **drawn_files("collapse"),
        published=published("table2", "table3"),
    output:
        **drawn("collapse", "spread of the predictions"),
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{LOGS}/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure=any_of(study.settings.figures.collapse),
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=lambda w: canonical(figure_settings("collapse", w.figure)),
        code=fingerprint("collapse.py"),
    script:
        "../scripts/collapse.py"


rule layers:
    input:
        **drawn_files("layers"),
        features=lambda w: [
            f"{study.features(run)}{suffix}"
            for run in drawn_runs("layers", w.figure)
            for suffix in (".npy", ".ids.csv")
        ],
    output:
        **drawn("layers", "accuracy by layer"),
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{LOGS}/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure=any_of(study.settings.figures.layers),
    resources:
        mem_mb=4000,
        runtime=15,
    params:
        settings=layers_settings,
        code=fingerprint("layers.py"),
    script:
        "../scripts/layers.py"


rule learning_curves:
    input:
        **drawn_files("learning_curves"),
    output:
        **drawn("learning_curves", "accuracy by training objects"),
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{LOGS}/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure=any_of(study.settings.figures.learning_curves),
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=lambda w: canonical(figure_settings("learning_curves", w.figure)),
        code=fingerprint("learning_curves.py"),
    script:
        "../scripts/learning_curves.py"


rule transfers:
    input:
        runs=lambda w: run_files(
            [run for pair in transfers_of(w.figure) for run in pair], TABLE_FILES
        ),
        duplicates=lambda w: duplicates_of([of for of, _ in transfers_of(w.figure)]),
    output:
        **drawn("transfers", "gains between museums"),
    log:
        f"{LOGS}/figures/{{figure}}.log",
    benchmark:
        f"{LOGS}/figures/{{figure}}.tsv"
    wildcard_constraints:
        figure=any_of(study.settings.figures.transfers),
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=transfers_settings,
        code=fingerprint("transfers.py"),
    script:
        "../scripts/transfers.py"
