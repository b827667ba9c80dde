"""The demo: the main job on generated data."""

import json
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from n2v_tools.errors import OutputError
from n2v_tools.filters.yardstick import know_truth
from n2v_tools.io.reader import open_stack
from n2v_tools.jobs.demo.request import DemoRequest
from n2v_tools.jobs.demo.run import choose_plane, run_demo
from n2v_tools.jobs.desk.progress import Progress


@pytest.mark.parametrize("left", ["dome_noisy.tif", "before_after.png", "models/dome_n2v"])
def test_an_earlier_demo_is_not_replaced_unasked(tmp_path, left):
    (tmp_path / left).parent.mkdir(exist_ok=True)
    (tmp_path / left).write_text("earlier")
    with pytest.raises(OutputError, match="--overwrite"):
        run_demo(DemoRequest(tmp_path), Progress(quiet=True))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [tmp_path / left]


def test_the_plane_with_most_structure_is_shown():
    clean = np.zeros((2, 3, 16, 16), np.float32)
    clean[1, 2, ::2] = 5
    noisy = clean + 1
    assert choose_plane(know_truth(noisy, clean)) == (1, 2)


@pytest.mark.slow
def test_the_demo_denoises_measures_and_draws_again_and_again(tmp_path):
    command = [sys.executable, "-m", "n2v_tools.cli", "demo", "--output", tmp_path / "d"]
    command += ["--minutes", "0.25", "--json"]
    first = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert first["gain"] == pytest.approx(first["psnr_denoised"] - first["psnr_noisy"])
    assert first["gain"] > 6
    assert imread(first["picture"]).std() > 0.1
    denoised = open_stack(first["denoised"])
    assert denoised.axes == "TZYX" and denoised.dtype == np.uint16
    refused = subprocess.run(command, capture_output=True)
    assert refused.returncode == 1 and b"--overwrite" in refused.stderr
    subprocess.run([*command, "--overwrite"], capture_output=True, check=True)
