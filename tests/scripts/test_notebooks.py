"""Notebooks run from top to bottom, and are kept without outputs."""

import os
import stat
import sys
from pathlib import Path

import pytest

from n2v_tools.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "scripts" / "notebooks").glob("*.ipynb"))
nbformat = pytest.importorskip("nbformat", reason="needs nbformat, of the extra test")
nbclient = pytest.importorskip("nbclient", reason="needs nbclient, of the extra test")
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)

# The shortest there is: the story is the same. And what it must have told.
TINY = 'LENGTH = {"epochs": 1, "steps": 4, "settings": {"unet_n_first": 4, "unet_n_depth": 1}}\n'
SHORTER = {
    "structured_noise": (
        'NOISY, CLEAN, AXES = None, None, None\nMETHODS = "median,structn2v"\nMINUTES = 0.25\n'
    ),
    "dome": f"SHAPE = (1, 4, 96, 112)\n{TINY}",
    "calcium_study": f"SHAPE = (24, 96, 96)\n{TINY}",
}
TOLD = {
    "structured_noise": ("text/markdown", "mask horizontal:"),
    "dome": ("strips that are no longer zero: 0", "PSNR, dB", "Do not measure"),
    "calcium_study": ("axes ", "stSNR, dB", "Do not measure"),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to run in, with the commands on the path as an installation puts them there."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in COMMANDS:
        script = commands / f"n2v-{name}"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m n2v_tools.cli {name} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel's own shows figures
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def test_the_notebooks_are_known():
    assert {path.stem for path in NOTEBOOKS} == set(SHORTER) == set(TOLD)


@every_notebook
def test_a_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.skipif(os.name == "nt", reason="its commands are run by a POSIX shell")
@every_notebook
def test_a_notebook_runs_from_top_to_bottom(path, place):
    notebook = nbformat.read(path, as_version=4)
    (parameters,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    parameters.source += f"\n{SHORTER[path.stem]}"
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(place)}}
    )
    client.execute()
    told = "".join(str(cell.get("outputs", "")) for cell in notebook.cells)
    assert "image/png" in told and "Error" not in told
    assert [words for words in TOLD[path.stem] if words not in told] == []
