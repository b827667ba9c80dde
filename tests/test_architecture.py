"""Who may import whom, and that the contracts in setup.cfg would notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def lint(folder):
    pytest.importorskip("importlinter", reason="make check installs import-linter")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=folder, capture_output=True, text=True
    )


def test_the_rooms_keep_their_order():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("io/reader.py", "from ..jobs import train"),
        ("restore/run.py", "import tensorflow"),
        ("modelfolder.py", "from csbdeep.models import Config"),
        ("prepare/strips.py", "import medpy"),
        ("novelty.py", "x = 1"),
    ],
)
def test_an_import_against_the_order_is_noticed(module, line, tmp_path):
    shutil.copytree(ROOT / "n2v_tools", tmp_path / "n2v_tools")
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    with (tmp_path / "n2v_tools" / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout or "novelty" in done.stdout + done.stderr
