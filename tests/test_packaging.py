"""What an installed n2v_tools consists of."""

import configparser
import importlib.metadata
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from n2v_tools.cli.main import COMMANDS
from n2v_tools.errors import ModelError
from n2v_tools.modelfolder import find_model

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("n2v_tools", "models", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def settings():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy that has one model in models/."""
    pytest.importorskip("setuptools", minversion="68")
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in SOURCES:
        there = ROOT / name
        if there.is_dir():
            shutil.copytree(there, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(there, source / name)
    (source / "models" / "small").mkdir()
    for name in ("config.json", "weights_best.h5", "training.csv", "training.png"):
        (source / "models" / "small" / name).write_text("{}")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--quiet", "--wheel-dir", built, source], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (path,) = built.glob("*.whl")
    return path


def test_the_wheel_holds_every_module_and_the_models(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "n2v_tools").rglob("*.py")}
    assert modules <= held
    assert "n2v_tools/py.typed" in held
    small = {f"n2v_tools/pretrained/small/{n}" for n in ("config.json", "weights_best.h5")}
    assert small <= held
    outside = {name.split("/")[0] for name in held} - {"n2v_tools"}
    assert all(name.endswith(".dist-info") for name in outside)


def test_a_packaged_model_is_found_by_name(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "from n2v_tools.modelfolder import find_model; print(find_model('small'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == tmp_path / "n2v_tools" / "pretrained" / "small"


def test_packages_are_those_that_exist(settings):
    there = {".".join(p.parent.relative_to(ROOT).parts) for p in (ROOT / "n2v_tools").rglob("*.py")}
    assert set(settings["options"]["packages"].split()) == there | {"n2v_tools.pretrained"}


def test_every_command_is_a_script(settings):
    text = settings["options.entry_points"]["console_scripts"]
    scripts = dict(re.findall(r"(\S+) = n2v_tools\.cli\.(\S+)", text))
    assert scripts.pop("n2v-tools") == "main:main"
    assert scripts == {f"n2v-{name}": f"{name}:command" for name in COMMANDS}


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_constraints_agree_with_the_pins(settings, minor):
    requirement = pytest.importorskip("packaging.requirements").Requirement
    lines = (ROOT / "constraints" / f"py3{minor}.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    versions = {re.sub("[-_.]+", "-", name).lower(): version for name, version in pinned.items()}
    environment = {"python_version": f"3.{minor}", "sys_platform": "linux"}
    for line in settings["options"]["install_requires"].strip().splitlines():
        if line.strip().startswith("#"):
            continue
        wanted = requirement(line)
        if wanted.marker is None or wanted.marker.evaluate(environment):
            assert wanted.specifier.contains(versions[wanted.name.lower()]), line


def test_what_is_imported_is_required(settings):
    """Not brought in by luck, through another package's requirements."""
    names = {"dotenv": "python-dotenv", "skimage": "scikit-image"}
    text = "\n".join(p.read_text() for p in (ROOT / "n2v_tools").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:import|from) ([a-z]\w*)(?:[. ]|$)", text, re.MULTILINE))
    installed = importlib.metadata.packages_distributions()
    foreign = {n for n in imported if n in installed and n not in sys.stdlib_module_names}
    required = settings["options"]["install_requires"].lower()
    missing = [n for n in foreign - {"n2v_tools"} if names.get(n, n) not in required]
    assert missing == []


def test_the_readme_among_the_models_is_no_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="no such folder"):
        find_model("README.md")
