# Reads    resources/{collection}/objects.parquet and images/; the tasks' mapping tables
# Makes    results/{study}/labels, duplicates and splits; resources/{collection}/looks.npy and
#          pixels-{size}-{fit}-{filter}


def mapping_of(task):
    """The mapping table of a task, if it has one."""
    mapping = study.settings.tasks[task].mapping
    return [mapping] if mapping else []


def grouping(wildcards):
    """The near-duplicates of a museum, if splits keep them together."""
    together = study.settings.splits.group_near_duplicates
    return [f"{RESULTS}/duplicates/{wildcards.collection}.csv"] if together else []


rule labels:
    input:
        objects="resources/{collection}/objects.parquet",
        images=lambda wildcards: images_of(wildcards.collection),
        mapping=lambda wildcards: mapping_of(wildcards.task),
    output:
        labels=f"{RESULTS}/labels/{{collection}}/{{task}}.csv",
        decisions=f"{RESULTS}/labels/{{collection}}/{{task}}-decisions.csv",
        filters=f"{RESULTS}/labels/{{collection}}/{{task}}-filters.csv",
    log:
        f"{LOGS}/labels/{{collection}}/{{task}}.log",
    benchmark:
        f"{LOGS}/labels/{{collection}}/{{task}}.tsv"
    resources:
        mem_mb=4000,  # the Rijksmuseum's 844,000 records take 2000
        runtime=30,
    params:
        settings=lambda wildcards: canonical(
            LabelSettings(
                study.settings.tasks[wildcards.task],
                study.settings.collections[wildcards.collection].max_unreadable_share,
            )
        ),
        code=fingerprint("labels.py"),
    script:
        "../scripts/labels.py"


rule looks:
    input:
        images=lambda wildcards: zips_of(wildcards.collection),
        tables=lambda wildcards: images_of(wildcards.collection),
    output:
        "resources/{collection}/looks.npy",
    log:
        "logs/resources/{collection}/looks.log",
    benchmark:
        "logs/resources/{collection}/looks.tsv"
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        code=fingerprint("looks.py"),
    script:
        "../scripts/looks.py"


rule near_duplicates:
    input:
        objects="resources/{collection}/objects.parquet",
        looks="resources/{collection}/looks.npy",
        tables=lambda wildcards: images_of(wildcards.collection),
    output:
        f"{RESULTS}/duplicates/{{collection}}.csv",
    log:
        f"{LOGS}/duplicates/{{collection}}.log",
    benchmark:
        f"{LOGS}/duplicates/{{collection}}.tsv"
    wildcard_constraints:
        collection=any_of(study.settings.collections),
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        code=fingerprint("near_duplicates.py"),
    script:
        "../scripts/near_duplicates.py"


rule split:
    input:
        labels=f"{RESULTS}/labels/{{collection}}/{{task}}.csv",
        duplicates=grouping,
    output:
        f"{RESULTS}/splits/{{collection}}/{{task}}/seed-{{seed}}.csv",
    log:
        f"{LOGS}/splits/{{collection}}/{{task}}/seed-{{seed}}.log",
    benchmark:
        f"{LOGS}/splits/{{collection}}/{{task}}/seed-{{seed}}.tsv"
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        settings=canonical(
            SplitSettings(study.settings.splits.rule, study.settings.splits.group_near_duplicates)
        ),
        code=fingerprint("split.py"),
    script:
        "../scripts/split.py"


rule pixels:
    input:
        images="resources/{collection}/images/{shard}.zip",
        table="resources/{collection}/images/{shard}.csv",
    output:
        pixels="resources/{collection}/pixels-{size}-{fit}-{filter}/{shard}.npy",
        sha256="resources/{collection}/pixels-{size}-{fit}-{filter}/{shard}.npy.sha256",
    log:
        "logs/resources/{collection}/pixels-{size}-{fit}-{filter}/{shard}.log",
    benchmark:
        "logs/resources/{collection}/pixels-{size}-{fit}-{filter}/{shard}.tsv"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=fingerprint("pixels.py"),
    script:
        "../scripts/pixels.py"


rule splits:
    input:
        sorted({study.split(run.collection, run.task, run.seed) for run in study.runs}),
