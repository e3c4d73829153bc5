"""Say where a study's results lie, and show its tables: ``python summary.py results/demo``."""

import sys
from pathlib import Path

results = Path(sys.argv[1])
for name in ("claims", "datasets", "table2", "table3", "unrelated", "gains"):
    path = results / "tables" / f"{name}.md"
    if path.is_file():
        print(path.read_text(encoding="utf-8"))
print(
    f"tables    {results}/tables/*.md, *.csv, *.tex\n"
    f"figures   {results}/figures/*.png, *.pdf\n"
    f"page      {results}/index.html: all of it, to open in a browser\n"
    f"report    {results}/report.html: the same with the jobs that made it\n"
    f"archive   {results}, sealed by {results}/MANIFEST.sha256"
)
