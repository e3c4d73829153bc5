"""Rule classes: scores by class and by class size, calibration, confusions."""

from art_transfer.files import write_text
from art_transfer.formats import write_csv
from art_transfer.job import logged, settings
from art_transfer.report.class_tables import calibration_table, scores_table, sizes_table
from art_transfer.report.classes import class_sizes, per_class
from art_transfer.report.grid import markdown
from art_transfer.report.runs import read_runs
from art_transfer.report.tables import network_titles
from art_transfer.report_settings import ClassesSettings

with logged(snakemake.log[0]):
    wanted, made = settings(snakemake, ClassesSettings), snakemake.output
    runs = read_runs(wanted.runs, wanted.results, [used.path for used in wanted.splits])
    splits = dict(zip(wanted.runs, wanted.splits, strict=True))
    classes, calibration, confusions = per_class(splits, wanted.results)
    sizes, networks = class_sizes(classes), network_titles(runs)
    write_csv(made.classes, classes)
    write_csv(made.sizes, sizes)
    write_csv(made.calibration, calibration)
    write_csv(made.confusions, confusions)
    write_text(made.scores_md, markdown(scores_table(runs, wanted.titles, networks)))
    write_text(made.sizes_md, markdown(sizes_table(sizes, wanted.titles, networks)))
    write_text(
        made.calibration_md, markdown(calibration_table(calibration, wanted.titles, networks))
    )
