# Reads    pixels; resources/weights, or the checkpoint of another run
# Makes    features: those of shared first weights below resources/{collection}, where all studies
#          find them, and those of a run's network below results/{study}
EXTRACTION = {
    "features": "{preprocessing}.npy",
    "sha256": "{preprocessing}.npy.sha256",
    "ids": "{preprocessing}.ids.csv",
    "record": "{preprocessing}.json",
    "cost": "{preprocessing}.cost.json",  # on its own, for it is another each time
}
SHARED = "resources/{collection}/features/{backbone}/{init}"
OF_RUN = f"{RESULTS}/features/{{collection}}/{{backbone}}/{{init}}/{{task}}/seed-{{seed}}"


def extracted_run(wildcards):
    """A run that would be trained on these features; a shared init leaves task and seed open."""
    w = dict(wildcards.items())
    task, seed = w.get("task", ""), int(w.get("seed", 0))
    return Run(w["collection"], task, w["backbone"], w["init"], "", seed)


def extraction_settings(wildcards):
    """The settings of features."""
    return canonical(study.extraction(extracted_run(wildcards), wildcards.preprocessing))


def batch_norm_settings(wildcards):
    """The settings of a network with batch-norm statistics of a collection."""
    block = study.settings.inits[wildcards.init]
    base = Run(wildcards.collection, "", wildcards.backbone, block.init, "", 0)
    return canonical(study.batch_norm_settings(base, block))


def batch_norm_base(wildcards):
    """The first weights whose batch-norm statistics are changed."""
    base = study.base_init(wildcards.init)
    return study.first_file(Run(wildcards.collection, "", wildcards.backbone, base, "", 0))


rule batch_norm:
    input:
        first=batch_norm_base,
        pixels=lambda wildcards: pixels_of(wildcards.collection, wildcards.backbone),
        tables=lambda wildcards: images_of(wildcards.collection),
    output:
        "resources/{collection}/batch-norm/{backbone}/{init}.keras",
    log:
        "logs/resources/{collection}/batch-norm/{backbone}/{init}.log",
    benchmark:
        "logs/resources/{collection}/batch-norm/{backbone}/{init}.tsv"
    wildcard_constraints:
        init=any_of(n for n, block in study.settings.inits.items() if block.batch_norm),
    threads: study.settings.threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=batch_norm_settings,
        code=fingerprint("batch_norm.py"),
    script:
        "../scripts/batch_norm.py"


rule features_shared:
    input:
        first=lambda wildcards: study.first_file(extracted_run(wildcards)),
        pixels=lambda wildcards: pixels_of(wildcards.collection, wildcards.backbone),
        tables=lambda wildcards: images_of(wildcards.collection),
    output:
        **{name: f"{SHARED}/{file}" for name, file in EXTRACTION.items()},
    log:
        "logs/resources/{collection}/features/{backbone}/{init}/{preprocessing}.log",
    benchmark:
        "logs/resources/{collection}/features/{backbone}/{init}/{preprocessing}.tsv"
    threads: study.settings.threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=extraction_settings,
        code=fingerprint("features.py"),
    script:
        "../scripts/features.py"


rule features_of_run:
    input:
        first=lambda wildcards: study.first_file(extracted_run(wildcards)),
        pixels=lambda wildcards: pixels_of(wildcards.collection, wildcards.backbone),
        tables=lambda wildcards: images_of(wildcards.collection),
    output:
        **{name: f"{OF_RUN}/{file}" for name, file in EXTRACTION.items()},
    log:
        f"{LOGS}/features/{{collection}}/{{backbone}}/{{init}}/{{task}}/seed-{{seed}}/{{preprocessing}}.log",
    benchmark:
        f"{LOGS}/features/{{collection}}/{{backbone}}/{{init}}/{{task}}/seed-{{seed}}/{{preprocessing}}.tsv"
    threads: study.settings.threads
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=extraction_settings,
        code=fingerprint("features.py"),
    script:
        "../scripts/features.py"
