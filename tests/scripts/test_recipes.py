"""The tomography recipe does what it says, on planes of its kind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tifffile

from n2v_tools.cli.main import COMMANDS
from n2v_tools.simulate.structured import simulate_structured

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """#!/bin/sh
echo "{name} $*" >> "{log}"
case {name} in
  compare) [ -z "$MODELS_AT" ] || mkdir -p "$MODELS_AT/tomography_structn2v" ;;
esac
"""


@pytest.fixture
def planes(tmp_path):
    folder = tmp_path / "tomography"
    folder.mkdir()
    noisy, _ = simulate_structured((1, 3, 64, 64), "cross", 1)
    for number, plane in enumerate(noisy[0]):
        tifffile.imwrite(folder / f"plane_{number:04d}.tif", plane)
    tifffile.imwrite(folder / "a_crosssection_uint8.tif", noisy[0, 0].astype("u1"))
    return folder


def recipe(words, commands, folder, **variables):
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, **variables}
    script = ROOT / "scripts" / "4_tomography.sh"
    return subprocess.run(
        ["bash", script, *map(str, words)], cwd=folder, env=environment, capture_output=True,
        text=True,
    )  # fmt: skip


def commands_in(folder, text):
    folder.mkdir()
    for name in COMMANDS:
        script = folder / f"n2v-{name}"
        script.write_text(text.replace("{name}", name))
        script.chmod(0o755)
    return folder


@pytest.mark.skipif(os.name == "nt", reason="a POSIX script")
def test_the_recipe_compares_all_five_and_goes_on_with_structn2v(planes, tmp_path):
    log = tmp_path / "log"
    commands = commands_in(tmp_path / "bin", STAND_IN.replace("{log}", str(log)))
    done = recipe(
        [planes, "out", "3"], commands, tmp_path, MODELS_AT=str(tmp_path / "out/planes/models")
    )
    assert done.returncode == 0, done.stderr
    inspect, planes_line, section, denoise = log.read_text().splitlines()
    assert inspect == f"inspect {planes}/plane_*.tif --axes ZYX"
    assert "--methods median,diffusion,nlm,n2v,structn2v" in planes_line
    assert "--minutes 3" in planes_line
    assert "a_crosssection_uint8.tif --methods median,diffusion,nlm" in section
    assert "--model out/planes/models/tomography_structn2v" in denoise


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a POSIX script")
def test_the_recipe_runs_as_written(planes, tmp_path):
    text = f'#!/bin/sh\nexec "{sys.executable}" -m n2v_tools.cli {{name}} "$@"\n'
    commands = commands_in(tmp_path / "bin", text)
    done = recipe([planes, "out", "0.5"], commands, tmp_path, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "planes" / "comparison.png").is_file()
    assert (tmp_path / "out" / "section" / "comparison.png").is_file()
    assert (tmp_path / "out" / "plane_0000_denoised.tif").is_file()
