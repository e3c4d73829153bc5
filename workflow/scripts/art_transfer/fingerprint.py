"""One fingerprint of the code that a rule runs, so that a job reruns when it must, and only then.

Snakemake sees a script's text and time, but not the modules that it imports. The fingerprint names
a script and every module of this project that it imports, directly or not, with a hash of its
syntax tree, and the libraries among their imports that change numbers, with their versions.
Comments, docstrings, formatting, the order of imports and file times do not count.
"""

import ast
import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

from art_transfer.settings import canonical

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


def fingerprint(script: str | Path) -> str:
    """What the script would compute with, as one line of JSON: a hash or a version by name."""
    paths, libraries = _closure(SCRIPTS / script)
    parts = {path.relative_to(SCRIPTS).as_posix(): _read(path)[0] for path in paths}
    parts |= {NUMERIC[name]: metadata.version(NUMERIC[name]) for name in libraries & set(NUMERIC)}
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
                waiting += _files(name)
            else:
                libraries.add(name.split(".")[0])
    return paths, libraries


def _files(module: str) -> list[Path]:
    """The files that importing a module of this project runs: packages on the way included."""
    found, place = [], SCRIPTS
    for part in module.split("."):
        place = place / part
        if place.with_suffix(".py").is_file():
            found.append(place.with_suffix(".py"))
        elif (place / "__init__.py").is_file():
            found.append(place / "__init__.py")
    return found


@cache
def _read(path: Path) -> tuple[str, frozenset[str]]:
    """A hash of a file's tree without what does not count, and the names that it imports."""
    tree = _Bare().visit(ast.parse(path.read_text(encoding="utf-8")))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    tree.body = [n for n in tree.body if n not in imports]
    text = "\n".join([*sorted(_names(node) for node in imports), _shown(tree)])
    return hashlib.sha256(text.encode()).hexdigest()[:12], frozenset(imported)


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
