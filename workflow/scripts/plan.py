"""What would run, why, and what it costs: ``plan.py [--json] [Snakemake's own arguments]``."""

import json
from argparse import ArgumentParser

from art_transfer.command import messages
from art_transfer.plan.bill import bill, lines
from art_transfer.plan.dry_run import dry_run
from art_transfer.plan.price import Prices, finished

parser = ArgumentParser(description=__doc__)
parser.add_argument("--json", action="store_true", help="for machines")
arguments, snakemake_arguments = parser.parse_known_args()

with messages():
    study, jobs = dry_run(snakemake_arguments)
    runs = [f"{study.results}/{run.folder}" for run in study.runs]
    found = bill(jobs, runs, Prices(study, finished(study.results)))
    print(json.dumps(found, indent=2) if arguments.json else "\n".join(lines(found, study.results)))
