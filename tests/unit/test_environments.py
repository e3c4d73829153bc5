"""Every environment comes from one source: pyproject.toml, through the locks."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = {"cpu": "requirements.lock", "gpu": "requirements-gpu.lock"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(name: str) -> dict[str, set[str]]:
    """Each package of a lock with its versions (several where platforms differ)."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE
    ):
        found.setdefault(package.lower().replace("_", "-"), set()).add(version)
    return found


def test_the_lock_holds_what_the_project_asks_for():
    cpu = locked(LOCKS["cpu"])
    asked = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    for requirement in map(Requirement, asked):
        versions = cpu[requirement.name.lower()]
        assert all(requirement.specifier.contains(Version(v)) for v in versions), requirement


def test_the_gpu_lock_is_the_other_one_with_cuda():
    cpu, gpu = locked(LOCKS["cpu"]), locked(LOCKS["gpu"])
    assert {name: gpu.get(name) for name in cpu} == cpu
    more = set(gpu) - set(cpu)
    assert more and all(name.startswith("nvidia-") for name in more)


def test_every_package_of_a_lock_has_hashes():
    for name in LOCKS.values():
        blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / name).read_text())[1:]
        assert len(blocks) > 100
        assert all("--hash=sha256:" in block for block in blocks)


def test_conda_and_the_containers_install_the_locks_and_nothing_else():
    least = Version(PROJECT["project"]["requires-python"].removeprefix(">="))
    python = set()
    for end, lock in (("", LOCKS["cpu"]), ("-gpu", LOCKS["gpu"])):
        conda = yaml.safe_load((ROOT / f"envs/environment{end}.yaml").read_text())
        version, pip, packages = conda["dependencies"]
        assert pip == "pip" and packages == {"pip": [f"--require-hashes -r ../{lock}"]}
        python.add(version.removeprefix("python="))
    for name in ("Dockerfile", "apptainer.def"):
        text = (ROOT / "envs" / name).read_text()
        installs = re.findall(r"pip install (.*)", text)
        assert installs == ["--no-cache-dir --require-hashes -r /requirements.lock"]
        assert set(re.findall(r"requirements[\w-]*\.lock", text)) == set(LOCKS.values())
        assert not re.search(r"apt-get|conda install", text)
        python |= set(re.findall(r"python:([\d.]+)-slim", text))
    assert len(python) == 1 and Version(*python) >= least
    assert PROJECT["tool"]["mypy"]["python_version"] in python


def test_the_makefile_makes_both_locks():
    makefile = (ROOT / "Makefile").read_text()
    for name in LOCKS.values():
        command = (ROOT / name).read_text().splitlines()[1].removeprefix("#").strip()
        options = set(command.split()) - {"uv", "pip", "compile"}
        line = next(line for line in makefile.splitlines() if f"-o {name}" in line)
        assert options <= set(line.split()), line
