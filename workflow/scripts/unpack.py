"""Unpack an archive into this clone of the project, with what Snakemake knows of its files."""

from argparse import ArgumentParser
from pathlib import Path

from art_transfer.archive.pack import unpack
from art_transfer.command import messages

parser = ArgumentParser(description=__doc__)
parser.add_argument("archive", type=Path, help="a file that pack.py wrote")
arguments = parser.parse_args()

with messages():
    print(f"unpacked {unpack(arguments.archive, Path.cwd())}; every hash is the sealed one")
