# Reads    everything below results/{study}
# Makes    run_config.yaml, report.html, ro-crate-metadata.json and MANIFEST.sha256: what is archived


localrules:
    run_config,
    html_report,
    crate,
    manifest,


rule run_config:
    output:
        f"{RESULTS}/run_config.yaml",
    log:
        f"{LOGS}/archive/run_config.log",
    benchmark:
        f"{LOGS}/archive/run_config.tsv"
    params:
        # A function, for addresses have parts as `{id}` that are no wildcards.
        settings=lambda wildcards: canonical(loaded),
        code=fingerprint("run_config.py"),
    script:
        "../scripts/run_config.py"


rule html_report:
    input:
        rules.run_config.output,
        rules.tables.input,
        rules.figures.input,
        config=f"{RESULTS}/run_config.yaml",
    output:
        f"{RESULTS}/report.html",
    log:
        f"{LOGS}/archive/report.log",
    benchmark:
        f"{LOGS}/archive/report.tsv"
    shell:
        f"{sys.executable} -m snakemake all --nolock --cores 1 --configfile {{input.config}}"
        " --report {output} > {log} 2>&1"


rule crate:
    input:
        rules.html_report.input,
        report=f"{RESULTS}/report.html",
        citation="CITATION.cff",
        objects=[f"resources/{name}/objects.parquet" for name in study.used_collections],
    output:
        f"{RESULTS}/ro-crate-metadata.json",
    log:
        f"{LOGS}/archive/crate.log",
    benchmark:
        f"{LOGS}/archive/crate.tsv"
    params:
        settings=canonical(CrateSettings(study.settings.study, study.settings.title)),
        code=fingerprint("crate.py"),
    script:
        "../scripts/crate.py"


rule manifest:
    input:
        rules.crate.input,
        crate=f"{RESULTS}/ro-crate-metadata.json",
    output:
        f"{RESULTS}/MANIFEST.sha256",
    log:
        f"{LOGS}/archive/manifest.log",
    benchmark:
        f"{LOGS}/archive/manifest.tsv"
    params:
        code=fingerprint("manifest.py"),
    script:
        "../scripts/manifest.py"


rule archive:
    input:
        f"{RESULTS}/MANIFEST.sha256",
