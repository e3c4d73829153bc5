"""The fingerprint of a script changes when what it computes may change, and only then."""

import ast
import json
import modulefinder
import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from art_transfer import fingerprint

REAL = fingerprint.SCRIPTS
FILES = {
    "script.py": """
        import os
        from art_transfer.one import first, other
        from art_transfer.two import second

        print(first(2), second())
    """,
    "art_transfer/__init__.py": "",
    "art_transfer/one.py": '''
        """What it is for."""

        from art_transfer.three import LIMIT

        SIZE = 4
        """Pixels."""


        class Tool:
            """A tool."""

            def work(self, times: int = 1) -> int:
                """Work."""
                return times


        def first(a: int) -> int:
            """Say first."""
            return a + LIMIT + SIZE


        def other() -> None:
            """Nothing."""
    ''',
    "art_transfer/two.py": """
        def second() -> int:
            with open("x") as stream:
                from art_transfer.folder import four
            return four.deep(stream)
    """,
    "art_transfer/three.py": "LIMIT = 3\n",
    "art_transfer/folder/__init__.py": "",
    "art_transfer/folder/four.py": """
        def deep(x):
            import numpy as np
            return np.asarray(x)
    """,
    "art_transfer/unused.py": "WHATEVER = 1\n",
}
Edit = Callable[[str, str, str], bool]


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Replace a text in a file of a small project; say whether the fingerprint is another."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dedent(text).lstrip("\n"))
    monkeypatch.setattr(fingerprint, "SCRIPTS", tmp_path)

    def edit(name: str, old: str, new: str) -> bool:
        before = fingerprint.fingerprint("script.py")
        text = (tmp_path / name).read_text()
        assert text.count(old) == 1, f"{old!r} must stand once in {name}"
        (tmp_path / name).write_text(text.replace(old, new))
        clear()
        return fingerprint.fingerprint("script.py") != before

    clear()
    yield edit
    clear()


def clear() -> None:
    """Know no more than a process that begins."""
    for known in (fingerprint._read, fingerprint._kept, fingerprint._version):
        known.cache_clear()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "print(", "# what comes now\nprint("),
        ("script.py", "first(2), second()", "first(\n        2\n    ),\n    second(),\n"),
        ("script.py", "import first, other", "import other, first"),
        ("art_transfer/one.py", "What it is for.", "What else it is for."),
        ("art_transfer/one.py", "A tool.", "A better tool."),
        ("art_transfer/one.py", '"""Work."""', '"""Work.\n\n        And rest.\n        """'),
        ("art_transfer/one.py", '"""Say first."""', ""),
        ("art_transfer/one.py", '"""Pixels."""', '"""Pixels, at least."""'),
        ("art_transfer/one.py", "SIZE = 4\n", "SIZE  =  (4)  # pixels\n"),
        ("art_transfer/unused.py", "1", "2"),
    ],
)
def test_what_computes_the_same_has_the_same_fingerprint(changed, name, old, new):
    assert not changed(name, old, new)


def test_the_order_of_imports_does_not_count(changed):
    block = "import os\nfrom art_transfer.one import first, other\n"
    line = "from art_transfer.two import second\n"
    assert not changed("script.py", block + line, line + block)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "first(2)", "first(3)"),
        ("script.py", "print(", "print('now', "),
        ("art_transfer/one.py", "SIZE = 4", "SIZE = 5"),
        ("art_transfer/one.py", "times: int = 1", "times: int = 2"),
        ("art_transfer/one.py", "def first", "@staticmethod\ndef first"),
        ("art_transfer/one.py", "a + LIMIT", "a - LIMIT"),
        ("art_transfer/one.py", "class Tool", "class Tool(dict)"),
        ("art_transfer/three.py", "3", "4"),
        ("art_transfer/three.py", "LIMIT = 3", "LIMIT = '3'"),
        ("art_transfer/two.py", 'open("x")', 'open("y")'),
        ("art_transfer/folder/four.py", "np.asarray(x)", "np.array(x)"),
        ("art_transfer/folder/four.py", "import numpy as np", "import scipy as np"),
        ("art_transfer/folder/__init__.py", "", "import os\nos.umask(0)\n"),
        ("art_transfer/__init__.py", "", "DEBUG = True\n"),
    ],
)
def test_what_may_compute_otherwise_has_another_fingerprint(changed, name, old, new):
    assert changed(name, old, new)


def test_a_module_counts_from_when_it_is_imported(changed):
    assert not changed("art_transfer/unused.py", "1", "2")
    assert changed("art_transfer/three.py", "LIMIT = 3", "def f():\n    import art_transfer.unused")
    assert changed("art_transfer/unused.py", "2", "3")


def test_another_version_of_a_library_that_computes_is_another_fingerprint(changed, monkeypatch):
    versions = {"numpy": "1.0"}
    monkeypatch.setattr(fingerprint.metadata, "version", lambda name: versions[name])
    before = fingerprint.fingerprint("script.py")
    clear()
    versions["numpy"] = "1.1"
    assert fingerprint.fingerprint("script.py") != before


def test_what_is_kept_of_files_is_parsed_once(changed, tmp_path, monkeypatch):
    before = fingerprint.fingerprint("script.py")
    clear()
    monkeypatch.setattr(fingerprint, "_parsed", None)  # nothing is parsed from here on
    assert fingerprint.fingerprint("script.py") == before
    (tmp_path / "art_transfer/three.py").write_text("LIMIT = 4\n")
    clear()
    with pytest.raises(TypeError):
        fingerprint.fingerprint("script.py")


@pytest.mark.parametrize("kept", ["", "[]", '{"by": 1, "read": {}}', '{"read": 3}', "\0"])
def test_what_is_kept_wrongly_or_nowhere_does_not_count(changed, tmp_path, kept):
    before = fingerprint.fingerprint("script.py")
    for text in (kept, None):
        if text is None:
            (tmp_path / fingerprint.KEPT).unlink()
            (tmp_path / fingerprint.KEPT).mkdir()
        else:
            (tmp_path / fingerprint.KEPT).write_text(text)
        clear()
        assert fingerprint.fingerprint("script.py") == before


def test_the_fingerprint_does_not_depend_on_the_folder(changed, tmp_path, monkeypatch):
    before = fingerprint.fingerprint("script.py")
    elsewhere = shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-elsewhere")
    monkeypatch.setattr(fingerprint, "SCRIPTS", elsewhere)
    assert fingerprint.fingerprint("script.py") == before


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("x = None", "x = []"),
        ("x = 0", "x = False"),
        ("x = 1", "x = 1.0"),
        ("def f(*, a, b=1): ...", "def f(*, a=1, b): ..."),
        ("x = {**a}", "x = {None: a}"),
        ("def f(): return", "def f(): return None"),
        ("x[:1]", "x[1:]"),
    ],
)
def test_trees_that_differ_in_what_is_empty_are_told_apart(one, two):
    assert fingerprint._shown(ast.parse(one)) != fingerprint._shown(ast.parse(two))


def reached(script: str) -> set[Path]:
    """The files of this project that Python's own ModuleFinder finds behind a script."""
    finder = modulefinder.ModuleFinder(path=[str(REAL)])
    finder.run_script(str(REAL / script))
    files = {Path(module.__file__) for module in finder.modules.values() if module.__file__}
    return {path.relative_to(REAL) for path in files}


@pytest.mark.parametrize("script", ["fine_tune.py", "split.py", "table.py", "images.py"])
def test_the_files_that_count_are_those_that_python_would_import(script):
    files, _ = fingerprint._closure(REAL / script)
    assert {path.relative_to(REAL) for path in files} == reached(script)


@pytest.mark.parametrize(
    ("script", "module", "counts"),
    [
        ("fine_tune.py", "train/fitting.py", True),
        ("fine_tune.py", "train/demo_backbones.py", True),
        ("fine_tune.py", "report/style.py", False),
        ("fine_tune.py", "collect/folder.py", False),
        ("split.py", "prepare/splits.py", True),
        ("split.py", "prepare/labels.py", False),
        ("curves.py", "report/style.py", True),
        ("images.py", "images.py", True),
    ],
)
def test_editing_a_module_reruns_the_scripts_that_use_it(
    tmp_path, monkeypatch, script, module, counts
):
    ignore = shutil.ignore_patterns("__pycache__", ".*")
    copied = shutil.copytree(REAL, tmp_path / "scripts", ignore=ignore)
    monkeypatch.setattr(fingerprint, "SCRIPTS", copied)
    before = fingerprint.fingerprint(script)
    with (copied / "art_transfer" / module).open("a") as stream:
        stream.write("\nADDED = 1\n")
    clear()
    assert (fingerprint.fingerprint(script) != before) is counts


def test_the_table_of_the_invalidation_suite_has_every_module_and_who_runs_it():
    """That suite plans a sample of these; here each line is compared, without a plan."""
    table = yaml.safe_load((REAL.parents[1] / "tests/invalidation/code_cases.yaml").read_text())
    found: dict[str, set[str]] = {
        path.relative_to(REAL).as_posix(): set() for path in (REAL / "art_transfer").rglob("*.py")
    }
    for script in table["all"]:
        for name in json.loads(fingerprint.fingerprint(f"{script}.py")):
            if name in found:
                found[name].add(script)
    assert found == {n: set(s) for n, s in table["files"].items() if n.startswith("art_transfer/")}


def test_art_transfer_train_is_imported_before_what_else_starts_tensorflow():
    """It switches oneDNN on, which TensorFlow asks for when it is imported."""
    several = 0
    for script in REAL.glob("*.py"):
        nodes = ast.walk(ast.parse(script.read_text()))
        found = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.module]
        names = [n.module for n in sorted(found, key=lambda node: node.lineno)]
        if late := [name for name in names if starts_tensorflow(name)]:
            several += 1
            before = names[: names.index(late[0])]
            assert any(name.startswith("art_transfer.train.") for name in before), script.name
    assert several == 2, "saliency and predict"


def starts_tensorflow(module: str) -> bool:
    """Whether importing a module of ours imports Keras from elsewhere than ``train``."""
    if not module.startswith("art_transfer.") or module.startswith("art_transfer.train."):
        return False
    paths, _ = fingerprint._closure(fingerprint._files(REAL, module)[-1])
    elsewhere = [path for path in paths if path.parent.name != "train"]
    return any({"keras", "tensorflow"} & set(fingerprint._read(path)[1]) for path in elsewhere)
