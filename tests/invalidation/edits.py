"""Edits of a file of code: one that computes otherwise, and one that only looks otherwise."""

import ast
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def edited(path: Path, edit: Callable[[str], str]) -> Iterator[None]:
    """The file as edited; afterwards as it was, with its time."""
    before, times = path.read_text(encoding="utf-8"), path.stat()
    try:
        path.write_text(edit(before), encoding="utf-8")
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def really(text: str) -> str:
    """A statement more in the last function, or in the file where there is none."""
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    if not functions:
        return f"{text}\nADDED = 1\n"
    last = max(functions, key=lambda node: node.lineno).body[0]
    lines = text.splitlines(keepends=True)
    place = last.end_lineno if _is_text(last) else last.lineno - 1
    return "".join([*lines[:place], f"{' ' * last.col_offset}added = 1\n", *lines[place:]])


def cosmetically(text: str) -> str:
    """Other comments, empty lines and docstrings."""
    tree = ast.parse(text)
    if tree.body and _is_text(tree.body[0]):
        text = text.replace('"""', '"""Said otherwise. ', 1)
    return f"# A comment.\n\n{text}\n\n\n# The end.\n"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


EDITS = {"real": really, "cosmetic": cosmetically}
