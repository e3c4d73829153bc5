"""Pack a sealed study into one file."""

from argparse import ArgumentParser
from pathlib import Path

from art_transfer.archive.pack import KEEP, pack
from art_transfer.command import messages

parser = ArgumentParser(description=__doc__)
parser.add_argument("results", type=Path, help="the study's folder, such as results/demo")
parser.add_argument("archive", type=Path, help="the file to write, such as demo.tar")
parser.add_argument("--checkpoints", choices=KEEP, default="none", help="which to keep")
arguments = parser.parse_args()

with messages():
    count = pack(arguments.results, arguments.archive, arguments.checkpoints)
    print(f"{arguments.archive}: {count} files, {arguments.archive.stat().st_size / 1e6:.1f} MB")
