"""Rule run_config: the whole config with its defaults filled in, as YAML and as a page."""

import json
from pathlib import Path

from art_transfer.files import write_text, write_yaml
from art_transfer.job import logged
from art_transfer.report.pages import render

with logged(snakemake.log[0]):
    given, made = snakemake.input, snakemake.output
    write_yaml(made.yaml, json.loads(snakemake.params.settings))
    config = Path(made.yaml).read_text(encoding="utf-8")
    write_text(made.page, render(given.template, title="Configuration", config=config))
