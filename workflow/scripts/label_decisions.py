"""Rule label_decisions: what became of each raw value of a museum, for a curator to read."""

from pathlib import Path

import pandas as pd
from art_transfer.formats import write_csv
from art_transfer.job import logged

with logged(snakemake.log[0]):
    tables = []
    for path in snakemake.input:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table.insert(0, "task", Path(path).name.removesuffix("-decisions.csv"))
        tables.append(table)
    write_csv(snakemake.output[0], pd.concat(tables))
