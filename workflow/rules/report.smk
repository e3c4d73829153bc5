# Reads    tables and figures below results/{study}, labels, splits and images
# Makes    what a reader opens: results/{study}/catalogue, a page for each museum, a page for each
#          table, which the report shows, and results/{study}/index.html, the study on one page
localrules:
    catalogue_page,
    table_pages,
    index,


FRAME = ["workflow/report/page.html", "workflow/report/page.css"]


def marked(kind, paths):
    """The flag of this kind of each of these files that has one, and the file's wildcards."""
    found = {}
    for rule in workflow.rules:
        for output in rule.output:
            about = get_flag_value(output, kind)
            for path in paths if about else []:
                if match := output.match(path):
                    found[path] = (about, match.groupdict())
    return found


def described(paths):
    """What the report says of these files: the caption, and what they show."""
    return {
        str(path): Described(
            os.path.relpath(about.caption.get_path_or_uri(secret_free=True)),
            about.labels.get("shows", ""),
        )
        for path, (about, _) in marked("report", paths).items()
    }


def page_of(path, about, wildcards):
    """A table's page, which the report shows with what was said of the table."""
    labels = {name: text.format(**wildcards) for name, text in about["labels"].items()}
    return report(path.replace(".md", ".html"), **{**about, "labels": labels})


NUMBERS = [f"{RESULTS}/figures/{name}-numbers.csv" for name in study.settings.figures.saliency]
NUMBERS += [
    f"{RESULTS}/figures/{name}.csv"
    for kind in BEYOND
    for name in getattr(study.settings.figures, kind)
]
READABLE = marked(
    "readable", [path.replace(".csv", ".md") for path in [*rules.tables.input, *NUMBERS]]
)


def index_settings(wildcards, input):
    """What the study's page shows."""
    figures = study.settings.figures.saliency
    return canonical(
        IndexSettings(
            study.settings.study,
            study.settings.title,
            RESULTS,
            titles_of([*study.used_collections, *(run.collection for run in COMPARED)]),
            backbone_titles({r.backbone: study.network(r.backbone) for r in COMPARED}),
            list(study.settings.experiments),
            COMPARED,
            [
                ShownMaps(name, spec.title, in_words(spec.before), in_words(spec.after))
                for name, spec in figures.items()
            ],
            described([*input.figures, *rules.table_pages.output]),
        )
    )


rule catalogue_page:
    input:
        objects="resources/{collection}/objects.parquet",
        images=lambda w: zips_of(w.collection),
        tables=lambda w: images_of(w.collection),
        filters=labels_files("filters"),
        decisions=labels_files("decisions"),
        splits=lambda w: [
            study.split(w.collection, task, study.settings.seeds[0])
            for task in study.used_tasks(w.collection)
        ],
        template="workflow/report/catalogue.html",
        frame=FRAME,
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


rule catalogue:
    input:
        [f"{RESULTS}/catalogue/{name}.html" for name in study.used_collections],


rule table_pages:
    input:
        tables=list(READABLE),
        template="workflow/report/table.html",
        cells="workflow/report/cells.html",
        script="workflow/report/index.js",
        frame=FRAME,
    output:
        [page_of(path, *about) for path, about in READABLE.items()],
    log:
        f"{LOGS}/tables/pages.log",
    benchmark:
        f"{LOGS}/tables/pages.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        code=fingerprint("table_pages.py"),
    script:
        "../scripts/table_pages.py"


rule index:
    input:
        tables=[rules.tables.input, NUMBERS],
        readable=list(READABLE),
        figures=[rules.figures.input, rules.cost.output.png],
        maps=[
            f"{RESULTS}/figures/{name}{end}"
            for name in study.settings.figures.saliency
            for end in (".csv", "-objects.png")
        ],
        pages=rules.catalogue.input,
        config=f"{RESULTS}/run_config.yaml",
        template="workflow/report/index.html",
        cells="workflow/report/cells.html",
        script="workflow/report/index.js",
        frame=FRAME,
        captions=sorted(map(str, Path("workflow/report").glob("*.rst"))),
    output:
        f"{RESULTS}/index.html",
    log:
        f"{LOGS}/index.log",
    benchmark:
        f"{LOGS}/index.tsv"
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        settings=index_settings,
        code=fingerprint("index.py"),
    script:
        "../scripts/index.py"
