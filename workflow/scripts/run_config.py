"""Rule run_config: the whole config with its defaults filled in."""

import json

from art_transfer.files import write_yaml
from art_transfer.job import logged

with logged(snakemake.log[0]):
    write_yaml(snakemake.output[0], json.loads(snakemake.params.settings))
