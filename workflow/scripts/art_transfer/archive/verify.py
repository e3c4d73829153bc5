"""Whether an archive still is what it says: every hash, every score, every table."""

import subprocess
import sys
import tempfile
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import yaml

from art_transfer.archive.manifest import CHECKPOINTS, MANIFEST, archived_files, lies_apart
from art_transfer.archive.stale_runs import RUN_FOLDERS
from art_transfer.errors import StudyError
from art_transfer.files import read_json, sha256, write_yaml
from art_transfer.formats import PREDICTIONS, read_parquet
from art_transfer.study import CHECKPOINT
from art_transfer.train.evaluation import scores

PROJECT = Path(__file__).parents[4]
TABLE_RULES = ["table", "gains", "comparison", "claims", "datasets", "label_decisions"]
TABLE_RULES += ["classes", "near_duplicates_table", "overlap"]
ELSEWHERE = ("cost.csv", "label-rules.csv", "multitask.csv", "multitask.md")
"""Tables that rest on what is not archived, and so are checked by their hash alone where there are
any."""
TOLERANCE = 1e-9
"""Of scores, which another machine may add up in another order."""
_NOT_OURS = "`make pack` writes no such line: get the archive again from where it was published"


def read_manifest(path: str | Path) -> dict[str, str]:
    """The SHA-256 by path of a file in sha256sum's format.

    Raises StudyError for other files, and where a path leads out of the file's folder.
    """
    found = {}
    for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        digest, parting, name = line[:64], line[64:66], line[66:]
        if len(digest) != 64 or parting != "  " or not name:
            raise StudyError(
                f"{path}: expected lines of a hash and a path, found {line!r}; {_NOT_OURS}"
            )
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise StudyError(
                f"{path}: {name!r} leads out of the study; expected paths within its folder; "
                f"{_NOT_OURS}"
            )
        if name in found:
            raise StudyError(f"{path}: {name!r} stands twice; {_NOT_OURS}")
        found[name] = digest
    return found


def read_seals(results: str | Path) -> dict[str, str]:
    """The SHA-256 by path of all that a study's seal has, and the checkpoints' where they came too.

    Raises StudyError where the seal of the checkpoints names anything else, for one line in it
    would vouch for a file in the place of the seal, and where one names what no archive has: from a
    stranger's state a training here would go on.
    """
    root = Path(results)
    sealed, networks = read_manifest(root / MANIFEST), {}
    for name in sealed:
        if lies_apart(Path(name)):
            raise StudyError(f"{root / MANIFEST}: found {name}, which no archive has; {_NOT_OURS}")
    if (root / CHECKPOINTS).is_file():
        networks = read_manifest(root / CHECKPOINTS)
    for name in networks:
        if name in sealed or not name.endswith(f"/{CHECKPOINT}"):
            raise StudyError(
                f"{root / CHECKPOINTS}: found {name}; expected checkpoints alone, as "
                f"runs/.../{CHECKPOINT}, and none that {MANIFEST} names; {_NOT_OURS}"
            )
    return sealed | networks


def unsealed(results: str | Path, sealed: Container[str]) -> list[Path]:
    """The files of a study that are to be archived, but came after its seal."""
    root = Path(results)
    return [p for p in archived_files(root) if p.relative_to(root).as_posix() not in sealed]


def wrong_hashes(results: str | Path) -> Iterator[str]:
    """What differs between the files below ``results`` and the seals, one sentence each."""
    root = Path(results)
    if not (root / MANIFEST).is_file():
        raise StudyError(f"{root}: there is no {MANIFEST}; `snakemake archive` writes it")
    sealed = read_seals(root)
    for path in unsealed(root, sealed):
        yield f"{path}: not in {MANIFEST}"
    for name, digest in sealed.items():
        if not (root / name).is_file():
            yield f"{root / name}: missing"
        elif sha256(root / name) != digest:
            yield f"{root / name}: its hash is not the sealed one"


def wrong_scores(results: str | Path) -> Iterator[str]:
    """The scores in runs' ``metrics.json`` that their ``predictions.parquet`` do not give."""
    for folder in sorted(Path(results).glob(RUN_FOLDERS)):
        if not (folder / "metrics.json").is_file():
            continue  # a run that failed, or a sealed file that ``wrong_hashes`` misses
        try:
            printed = read_json(folder / "metrics.json")["test"]
            computed = scores(read_parquet(folder / "predictions.parquet", PREDICTIONS))
            differ = {n: v for n, v in computed.items() if not abs(printed[n] - v) <= TOLERANCE}
        except (OSError, ValueError, LookupError, TypeError, StudyError) as error:
            yield f"{folder}: its scores cannot be checked: {type(error).__name__}: {error}"
            continue
        for name, value in differ.items():
            yield (
                f"{folder / 'metrics.json'}: test.{name} is {printed[name]}, but the "
                f"predictions give {value}"
            )


def wrong_tables(results: str | Path) -> Iterator[str]:
    """The tables that are not what the archived runs, splits and labels give.

    The workflow's own rules make every table again, in a folder aside, but for ELSEWHERE. Their
    pages are checked by their hashes alone.
    """
    root = Path(results).resolve()
    try:
        sealed = _anywhere(yaml.safe_load((root / "run_config.yaml").read_text("utf-8")))
        study = str(sealed["study"])  # whatever its folder is called here
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError) as error:
        yield f"{root / 'run_config.yaml'}: no tables can be made from it: {error}"
        return
    with tempfile.TemporaryDirectory() as aside:
        again = Path(aside) / "results" / study
        again.mkdir(parents=True)
        for entry in root.iterdir():
            if entry.name != "tables":
                (again / entry.name).symlink_to(entry)
        here, there = root / "tables", again / "tables"
        there.mkdir()
        for name in ELSEWHERE:
            if (here / name).is_file():
                (there / name).symlink_to(here / name)
        config = Path(aside) / "config.yaml"
        write_yaml(config, sealed)
        trouble = _make_tables(Path(aside), config)
        if trouble:
            yield f"some tables cannot be made again:\n{trouble}"
        found = {path for folder in (here, there) for path in folder.glob("*")}
        for name in sorted({path.name for path in found if path.suffix != ".html"}):
            if not (there / name).is_file():
                reason = (
                    "it cannot be made again"
                    if trouble
                    else "no rule makes this table; remove it and seal again with `make pack`"
                )
                yield f"{here / name}: {reason}"
            elif not (here / name).is_file():
                yield f"{here / name}: missing"
            elif (here / name).read_bytes() != (there / name).read_bytes():
                yield f"{here / name}: not what the archived runs give"


def _anywhere(config: dict[str, Any]) -> dict[str, Any]:
    """A config whose files beside the project are found from any folder."""
    tasks = {
        name: task | {"mapping": task["mapping"] and str(PROJECT / task["mapping"])}
        for name, task in config["tasks"].items()
    }
    published = config["published"] and str(PROJECT / config["published"])
    return config | {"tasks": tasks, "published": published}


def _make_tables(folder: Path, config: Path) -> str:
    """Make all tables that can be made; what Snakemake says of the others, or nothing."""
    command = [sys.executable, "-m", "snakemake", "tables", "--keep-going"]
    command += ["--cores", "1", "--nolock"]
    command += ["--snakefile", str(PROJECT / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", str(config)]
    command += ["--allowed-rules", *TABLE_RULES, "tables"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    return done.stderr[-3000:] if done.returncode else ""
