"""What is installed is what was locked, and the code itself opens no door."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from art_transfer.config import _OneOfEach
from builders import ROOT

from .conftest import sampled

SCRIPTS = ROOT / "workflow" / "scripts"
FILES = sorted(SCRIPTS.rglob("*.py"))
LIBRARY = [path for path in FILES if path.is_relative_to(SCRIPTS / "art_transfer")]
RUNS_CODE = {"eval", "exec", "compile", "__import__", "system", "popen", "execv", "execve", "fork"}
UNSAFE = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "cloudpickle", "telnetlib"}


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            found.append((name, node))
    return found


@pytest.mark.parametrize("path", sampled([str(p.relative_to(SCRIPTS)) for p in FILES], 1))
def test_a_file_of_the_code_opens_no_door(path):
    """No code from texts, no pickles, no shell, no YAML that makes objects, no unsafe archive."""
    tree = ast.parse((SCRIPTS / path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not UNSAFE & {name.split(".")[0] for name in names}, path
    for name, call in calls(tree):
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        of_re = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "re"
        assert name not in RUNS_CODE or of_re or "keras" in given or name == "compile", path
        assert given.get("shell", "False") == "False", path
        if name == "load" and ast.unparse(call.func) in ("np.load", "numpy.load"):
            assert given.get("allow_pickle") == "False", path
        if name == "load_model":
            assert given.get("safe_mode") == "True", path
        if name == "extractall":
            assert given.get("filter") == "'data'", path
        if ast.unparse(call.func) == "yaml.load":
            assert given.get("Loader") in ("yaml.CSafeLoader", "_OneOfEach"), path
            assert issubclass(_OneOfEach, yaml.SafeLoader)
        assert ast.unparse(call.func) not in ("yaml.unsafe_load", "etree.parse"), path
        if given.get("verify"):
            assert given["verify"] != "False", path


IMPORT = """
import importlib, socket, sys
def refuse(*a, **k):
    raise OSError("the network is off")
class Socket(socket.socket):
    def connect(self, address):
        refuse()
    connect_ex = sendto = connect
socket.socket = Socket
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def module(path: Path) -> str:
    parts = path.relative_to(SCRIPTS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.full
@pytest.mark.parametrize("part", ["collect", "prepare", "report", "archive", "plan", "train", ""])
def test_nothing_asks_the_network_at_import(part, tmp_path):
    folder = SCRIPTS / "art_transfer" / part
    names = [module(p) for p in LIBRARY if p.parent == folder]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, SCRIPTS, *names],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-gpu.lock"])
def test_every_package_of_a_lock_has_one_version_and_hashes(name):
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / name).read_text())[1:]
    assert len(blocks) > 100
    for block in blocks:
        assert re.match(r"[A-Za-z0-9._-]+(\[[^]]*\])?==", block), block[:80]
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block), block[:80]
        assert "http://" not in block and "git+" not in block and "--index" not in block


def test_pip_is_told_to_want_the_hashes():
    """Of all that a study runs on; what measures and mutates it lies in environments of its own."""
    for name in ("Makefile", "envs/Dockerfile", "envs/apptainer.def"):
        text = (ROOT / name).read_text()
        lines = [x for x in re.findall(r".*pip install.*", text) if ".mutation/" not in x]
        own = [x for x in lines if ".venv-bench/" not in x]
        assert own and all("--require-hashes" in line for line in own)


def test_no_secret_is_kept_in_the_repository():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix != ".lock":
            text = path.read_bytes()
            assert not re.search(
                rb"-----BEGIN [A-Z ]*PRIVATE KEY|\bgh[pousr]_\w{36}|AKIA[0-9A-Z]{16}", text
            ), name
            assert path.suffix not in (".pem", ".key", ".p12"), name


def test_rules_give_metadata_to_no_shell():
    """The one shell command of a rule has names of the config alone, and these are letters."""
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        text = path.read_text()
        for command in re.findall(r"shell:\s*\n((?:\s+.*\"\n?)+)", text):
            assert not re.search(r"\{(wildcards|params)", command), path
