# Reads    tables and figures below results/{study}, labels, splits and images
# Makes    what a reader opens: results/{study}/catalogue, a page for each museum


localrules:
    catalogue_page,


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


rule catalogue:
    input:
        [f"{RESULTS}/catalogue/{name}.html" for name in study.used_collections],
