# Reads    a museum's own data: a folder, a network address, or nothing for a made-up museum
# Makes    resources/{collection}/objects.parquet, images/{shard}.zip and .csv; resources/weights
# Network  only here; `snakemake fetch` runs these rules alone


localrules:
    objects,
    images,
    weights,


def metadata_file(wildcards):
    """What a museum's objects depend on: a folder's CSV, a list of ids, or pooled museums."""
    options = study.source(wildcards.collection).options
    if study.pooled(wildcards.collection):
        return [f"resources/{name}/objects.parquet" for name in study.pooled(wildcards.collection)]
    if "metadata" in options:
        return [f"{options['folder']}/{options['metadata']}"]
    return [options["manifest"]] if options.get("manifest") else []


def pooled_images(wildcards):
    """The images of the museums that are pooled."""
    names = study.pooled(wildcards.collection)
    return [path for name in names for path in [*images_of(name), *zips_of(name)]]


names_below = cache(listing)  # once for all shards


def images_settings(wildcards):
    """The settings of a museum's images; a folder's files count by their names and sizes."""
    source = study.source(wildcards.collection)
    folder = source.options.get("folder")
    block = study.settings.collections[wildcards.collection]
    names = names_below(folder, source.options["metadata"]) if folder else ""
    return canonical(ImagesSettings(source, block.shards, block.ask_again, names))


def visits(wildcards):
    """One job at a time visits a museum (`museum` in profiles/default); local sources are free."""
    return int(study.remote(wildcards.collection))


def weights_settings(wildcards):
    """Which file of weights is meant."""
    task = wildcards.of_task.removeprefix("-")
    file = study.pinned(wildcards.init, wildcards.backbone, task)
    return canonical(WeightsSettings(file.address, file.hash))


rule objects:
    input:
        metadata=metadata_file,
    output:
        objects="resources/{collection}/objects.parquet",
        definition="resources/{collection}/collection.yaml",
    log:
        "logs/resources/{collection}/objects.log",
    benchmark:
        "logs/resources/{collection}/objects.tsv"
    resources:
        mem_mb=1000,
        runtime=60,
        museum=visits,
    params:
        settings=lambda wildcards: canonical(study.source(wildcards.collection)),
        code=fingerprint("objects.py"),
    script:
        "../scripts/objects.py"


rule images:
    input:
        objects="resources/{collection}/objects.parquet",
        pooled=pooled_images,
    output:
        images="resources/{collection}/images/{shard}.zip",
        table="resources/{collection}/images/{shard}.csv",
    log:
        "logs/resources/{collection}/images/{shard}.log",
    benchmark:
        "logs/resources/{collection}/images/{shard}.tsv"
    resources:
        mem_mb=2000,
        runtime=720,
        museum=visits,
    params:
        settings=images_settings,
        code=fingerprint("images.py"),
    script:
        "../scripts/images.py"


rule weights:
    output:
        "resources/weights/{init}-{backbone}{of_task}{end}",
    log:
        "logs/resources/weights/{init}-{backbone}{of_task}{end}.log",
    benchmark:
        "logs/resources/weights/{init}-{backbone}{of_task}{end}.tsv"
    wildcard_constraints:
        of_task=r"(-[a-z0-9_]+)?",
        end=r"(\.weights)?\.h5",
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        settings=weights_settings,
        code=fingerprint("weights.py"),
    script:
        "../scripts/weights.py"


rule metadata:
    input:
        [f"resources/{name}/objects.parquet" for name in study.used_collections],


rule fetch:
    input:
        rules.metadata.input,
        [table for name in study.used_collections for table in images_of(name)],
        sorted(
            {
                study.weights(init, run.backbone, run.task)
                for run in study.runs
                for init in [study.base_init(run.init)]
                if study.settings.inits[init].weights is not None
            }
        ),
