"""Rule baselines: what one gets without a network."""

import pandas as pd
from art_transfer.files import write_json
from art_transfer.formats import IMAGES, SPLITS, read_csv
from art_transfer.job import logged
from art_transfer.prepare.pixels import PixelStore
from art_transfer.prepare.splits import checked_split
from art_transfer.train.baselines import baselines

with logged(snakemake.log[0]):
    given = snakemake.input
    tables = [read_csv(table, IMAGES) for table in given.tables]
    split = checked_split(read_csv(given.split, SPLITS), given.split)
    result = baselines(split, PixelStore(tables, given.pixels), pd.concat(tables))
    write_json(snakemake.output[0], result)
