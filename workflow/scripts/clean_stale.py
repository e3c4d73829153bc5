"""List run folders that the config no longer names; ``--remove`` removes them.

Give it all that Snakemake was given, ``--config`` too: what that names counts.
"""

from argparse import ArgumentParser

from art_transfer.archive.stale_runs import (
    add_configfile,
    remove_runs,
    size_of,
    stale_runs,
    study_of,
)
from art_transfer.command import messages

parser = ArgumentParser(description=__doc__)
add_configfile(parser)
parser.add_argument("--remove", action="store_true", help="remove them; without, only list them")
arguments = parser.parse_args()

with messages():
    study = study_of(arguments)
    folders = stale_runs(study, study.results)
    for folder in folders:
        print(f"{size_of(folder) / 1e6:9.1f} MB  {folder}")
    if arguments.remove:
        remove_runs(folders, study.results)
    done = "removed" if arguments.remove else "not named by the config; REMOVE=1 removes them"
    print(f"{study.results}: {len(folders)} run folders {done}")
