# Reads    everything below results/{study}
# Makes    run_config.yaml and its page, rights of the images, locks of the museums, report.html,
#          ro-crate-metadata.json with a copy of the wiring (code/), records.jsonl.gz (Snakemake's
#          own, which `make unpack` gives back to it) and MANIFEST.sha256: what is archived


localrules:
    run_config,
    html_report,
    rights,
    lock,
    crate,
    records,
    manifest,


WIRING = ["Snakefile", *sorted(map(str, Path("workflow/rules").glob("*.smk")))]


rule run_config:
    input:
        template="workflow/report/config.html",
        frame=FRAME,
    output:
        yaml=f"{RESULTS}/run_config.yaml",
        page=report(
            f"{RESULTS}/run_config.html",
            caption="../report/config.rst",
            category="Configuration",
            labels={"file": "run_config.yaml"},
        ),
    log:
        f"{LOGS}/archive/run_config.log",
    benchmark:
        f"{LOGS}/archive/run_config.tsv"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        # A function, for addresses have parts as `{id}` that are no wildcards.
        settings=lambda wildcards: canonical(loaded),
        code=fingerprint("run_config.py"),
    script:
        "../scripts/run_config.py"


rule html_report:
    input:
        settings=rules.run_config.output,
        tables=rules.tables.input,
        pages=rules.table_pages.output,
        figures=rules.figures.input,
        catalogue=rules.catalogue.input,
        config=f"{RESULTS}/run_config.yaml",
        captions=sorted(map(str, Path("workflow/report").glob("*.rst"))),
    output:
        report=f"{RESULTS}/report.html",
    log:
        f"{LOGS}/archive/report.log",
    benchmark:
        f"{LOGS}/archive/report.tsv"
    resources:
        mem_mb=2000,
        runtime=30,
    shell:
        f"{sys.executable} -m snakemake all --nolock --cores 1 --configfile {{input.config}}"
        " --report {output.report} > {log} 2>&1"


rule rights:
    input:
        objects="resources/{collection}/objects.parquet",
    output:
        statements=f"{RESULTS}/rights/{{collection}}.json",
        objects=f"{RESULTS}/rights/{{collection}}.csv.gz",
    log:
        f"{LOGS}/archive/rights-{{collection}}.log",
    benchmark:
        f"{LOGS}/archive/rights-{{collection}}.tsv"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=fingerprint("rights.py"),
    script:
        "../scripts/rights.py"


rule lock:
    input:
        objects="resources/{collection}/objects.parquet",
        images=lambda wildcards: images_of(wildcards.collection),
    output:
        lock=f"{RESULTS}/sources/{{collection}}.lock.zip",
    log:
        f"{LOGS}/archive/lock-{{collection}}.log",
    benchmark:
        f"{LOGS}/archive/lock-{{collection}}.tsv"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=fingerprint("lock.py"),
    script:
        "../scripts/lock.py"


rule crate:
    input:
        reported=rules.html_report.input,
        report=f"{RESULTS}/report.html",
        index=rules.index.output,
        citation="CITATION.cff",
        wiring=WIRING,
        rights=[f"{RESULTS}/rights/{name}.json" for name in study.used_collections],
        objects=[f"{RESULTS}/rights/{name}.csv.gz" for name in study.used_collections],
        locks=[
            f"{RESULTS}/sources/{name}.lock.zip"
            for name in study.used_collections
            if study.remote(name)
        ],
    output:
        crate=f"{RESULTS}/ro-crate-metadata.json",
        code=[f"{RESULTS}/code/{name}" for name in WIRING],
    log:
        f"{LOGS}/archive/crate.log",
    benchmark:
        f"{LOGS}/archive/crate.tsv"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=canonical(CrateSettings(study.settings.study, study.settings.title)),
        code=fingerprint("crate.py"),
    script:
        "../scripts/crate.py"


rule records:
    input:
        described=rules.crate.input,
        crate=f"{RESULTS}/ro-crate-metadata.json",
    output:
        records=f"{RESULTS}/records.jsonl.gz",
    log:
        f"{LOGS}/archive/records.log",
    benchmark:
        f"{LOGS}/archive/records.tsv"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=canonical(RecordsSettings(study.settings.study, study.used_collections)),
        code=fingerprint("records.py"),
    script:
        "../scripts/records.py"


rule manifest:
    input:
        recorded=rules.records.input,
        records=f"{RESULTS}/records.jsonl.gz",
    output:
        manifest=f"{RESULTS}/MANIFEST.sha256",
    log:
        f"{LOGS}/archive/manifest.log",
    benchmark:
        f"{LOGS}/archive/manifest.tsv"
    resources:
        mem_mb=500,
        runtime=30,
    params:
        code=fingerprint("manifest.py"),
    script:
        "../scripts/manifest.py"


rule archive:
    input:
        f"{RESULTS}/MANIFEST.sha256",
