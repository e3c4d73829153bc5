"""Rule class_figures: accuracy by class size, long tails, confusions, calibration."""

import pandas as pd
from art_transfer.formats import SPLITS, read_csv, read_table
from art_transfer.job import logged, settings
from art_transfer.report.class_figures import (
    calibration_figure,
    confusion_figure,
    size_figure,
    tails_figure,
)
from art_transfer.report.runs import CELL
from art_transfer.report.style import save, styled
from art_transfer.report_settings import DatasetsSettings

with logged(snakemake.log[0]), styled():
    wanted, given, made = settings(snakemake, DatasetsSettings), snakemake.input, snakemake.output
    titles = wanted.titles
    cells = pd.concat(map(read_table, given.tables)).drop_duplicates(CELL, ignore_index=True)
    tails = {
        (collection, task): read_csv(split, SPLITS)["label"].value_counts().tolist()
        for (collection, task), split in zip(wanted.keys, given.splits, strict=True)
    }
    sizes, bins = read_table(given.sizes), read_table(given.calibration)
    pairs = read_table(given.confusions)
    save(size_figure(sizes, cells, titles), made.sizes_pdf, made.sizes_png)
    save(tails_figure(tails, titles), made.tails_pdf, made.tails_png)
    save(confusion_figure(pairs, cells, titles), made.confusion_pdf, made.confusion_png)
    save(calibration_figure(bins, cells, titles), made.calibration_pdf, made.calibration_png)
