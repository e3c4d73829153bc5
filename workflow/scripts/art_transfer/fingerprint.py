"""One fingerprint of the code that a rule runs, so that a job reruns when it must, and only then.

Snakemake sees a script's text and time, but not the modules that it imports. The fingerprint is a
hash over the syntax trees of a script and of every module of this project that it imports,
directly or not, and of the versions of the libraries among their imports that change numbers.
Comments, docstrings, formatting, the order of imports and file times do not count.
"""

import ast
import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = "art_transfer"
SCRIPTS = Path(__file__).parents[1]
NUMERIC = {
    "PIL": "pillow",
    "keras": "keras",
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
}
"""Import names of the libraries that change numbers, and the names they are distributed by."""


def fingerprint(script: str | Path) -> str:
    """A hash, in hexadecimal, of what the script would compute with."""
    paths, libraries = _closure(SCRIPTS / script)
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.name}\n{_read(path)[0]}\n".encode())
    for name in sorted(libraries & set(NUMERIC)):
        digest.update(f"{name} {metadata.version(NUMERIC[name])}\n".encode())
    return digest.hexdigest()[:16]


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
    """A file's tree without what does not count, as text, and the names that it imports."""
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
    text = "\n".join([*sorted(_names(node) for node in imports), ast.dump(tree)])
    return text, frozenset(imported)


def _names(node: ast.Import | ast.ImportFrom) -> str:
    """An import with its names in order."""
    node.names.sort(key=lambda alias: (alias.name, alias.asname or ""))
    return ast.dump(node)


class _Bare(ast.NodeTransformer):
    """Take the docstrings out of a tree, those below constants too."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)
