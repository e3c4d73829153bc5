"""Check a sealed study: every hash, every score, every table; say which differ."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from art_transfer.archive.verify import ELSEWHERE, wrong_hashes, wrong_scores, wrong_tables
from art_transfer.command import messages

parser = ArgumentParser(description=__doc__)
parser.add_argument("results", type=Path, help="the study's folder, such as results/demo")
results = parser.parse_args().results

with messages():
    checks = {
        "hashes of MANIFEST.sha256": wrong_hashes,
        "scores, from predictions.parquet": wrong_scores,
        f"tables, made again but for {', '.join(ELSEWHERE)}": wrong_tables,
    }
    total = 0
    for what, wrong in checks.items():
        found = list(wrong(results))
        print(*found, f"{results}: {what}: {len(found)} differ", sep="\n")
        total += len(found)
sys.exit(bool(total))
