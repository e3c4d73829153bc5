"""One fingerprint of the code that a rule runs, so that a job reruns when it must, and only then.

Snakemake sees a script's text and time, but not the modules that it imports. The fingerprint names
a script and every module of this project that it imports, directly or not, with a hash of its
syntax tree, and the libraries among their imports that change numbers, with their versions.
Comments, docstrings, formatting, the order of imports and file times do not count.
"""

import ast
import hashlib
import sys
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from art_transfer.errors import StudyError
from art_transfer.files import read_json, write_json
from art_transfer.settings import canonical

Read = tuple[str, list[str]]
"""A hash of a file's tree without what does not count, and the names that the file imports."""

PACKAGE = "art_transfer"
SCRIPTS = Path(__file__).parents[1]
NUMERIC = {
    "PIL": "pillow",
    "keras": "keras",
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "statsmodels": "statsmodels",
    "tensorflow": "tensorflow",
}
"""Import names of the libraries that change numbers, and the names they are distributed by."""
KEPT = "__pycache__/fingerprints.json"
"""What was read of each file, beside Python's own compiled files; parsing all takes seconds."""
_READER = hashlib.sha256(Path(__file__).read_bytes() + sys.version.encode()).hexdigest()


def fingerprint(script: str | Path) -> str:
    """What the script would compute with, as one line of JSON: a hash or a version by name."""
    known = _kept(SCRIPTS / KEPT)
    before = len(known)
    paths, libraries = _closure(SCRIPTS / script)
    parts = {path.relative_to(SCRIPTS).as_posix(): _read(path)[0] for path in paths}
    parts |= {NUMERIC[name]: _version(NUMERIC[name]) for name in libraries & set(NUMERIC)}
    if len(known) > before:
        with suppress(OSError, StudyError):  # where one may not write, it takes longer each time
            (SCRIPTS / KEPT).parent.mkdir(exist_ok=True)
            write_json(SCRIPTS / KEPT, {"by": _READER, "read": known})
    return canonical(parts)


def _closure(script: Path) -> tuple[set[Path], set[str]]:
    """The files of this project that a script reaches, and the libraries that they import."""
    paths, libraries, waiting = set(), set(), [script]
    while waiting:
        path = waiting.pop()
        if path in paths:
            continue
        paths.add(path)
        for name in _read(path)[1]:
            if name.split(".")[0] == PACKAGE:
                waiting += _files(SCRIPTS, name)
            else:
                libraries.add(name.split(".")[0])
    return paths, libraries


@cache
def _files(folder: Path, module: str) -> list[Path]:
    """The files that importing a module of this project runs: packages on the way included."""
    found, place = [], folder
    for part in module.split("."):
        place = place / part
        if place.with_suffix(".py").is_file():
            found.append(place.with_suffix(".py"))
        elif (place / "__init__.py").is_file():
            found.append(place / "__init__.py")
    return found


@cache
def _version(distribution: str) -> str:
    return metadata.version(distribution)


@cache
def _read(path: Path) -> Read:
    text = path.read_bytes()
    key = hashlib.sha256(text).hexdigest()
    known = _kept(SCRIPTS / KEPT)
    if key not in known:
        known[key] = _parsed(text.decode())
    return known[key]


@cache
def _kept(path: Path) -> dict[str, Read]:
    """What was read before, by the hash of a file's bytes."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = read_json(path)
        if kept["by"] == _READER and len(kept["read"]) < 1000:
            return kept["read"]
    return {}


def _parsed(text: str) -> Read:
    tree = _Bare().visit(ast.parse(text))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    tree.body = [n for n in tree.body if n not in imports]
    shown = "\n".join([*sorted(_names(node) for node in imports), _shown(tree)])
    return hashlib.sha256(shown.encode()).hexdigest()[:12], sorted(imported)


def _names(node: ast.Import | ast.ImportFrom) -> str:
    """An import with its names in order."""
    node.names.sort(key=lambda alias: (alias.name, alias.asname or ""))
    return _shown(node)


def _shown(part: object) -> str:
    """A tree as text, without what is empty: Python's own ``ast.dump`` differs by version."""
    if isinstance(part, list):
        return f"[{', '.join(map(_shown, part))}]"
    if not isinstance(part, ast.AST):
        return repr(part)
    fields = [(name, value) for name, value in ast.iter_fields(part) if value not in (None, [])]
    return f"{type(part).__name__}({', '.join(f'{n}={_shown(v)}' for n, v in fields)})"


class _Bare(ast.NodeTransformer):
    """Take the docstrings out of a tree, those below constants too."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)
