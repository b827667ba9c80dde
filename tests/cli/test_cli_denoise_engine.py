"""``n2v-denoise`` with a real net: which engine, which precision, and what is recorded."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from running import invoke

from n2v_tools import openvino_backend
from n2v_tools.io.reader import read_description
from n2v_tools.modelfolder import write_config
from n2v_tools.nets.unet import NetSettings

pytestmark = pytest.mark.skipif(
    not openvino_backend.available(), reason="there are no OpenVINO wheels for this system"
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a model ``models/m`` and an image ``a.tif``."""
    settings = NetSettings(2, first_filters=8, residual=True)
    folder = tmp_path / "models" / "m"
    folder.mkdir(parents=True)
    write_config(folder, settings, axes="YX", means=[1000], stds=[100], method="n2v")
    settings.build().save_weights(folder / "weights_best.h5")
    noisy = np.random.default_rng(0).normal(1000, 100, (80, 90)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", noisy, imagej=True, metadata={"axes": "YX"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def denoise(*words):
    words = ["denoise", "a.tif", "--model", "m", "--dtype", "float32", "--json", *words]
    done = invoke(*words)
    assert done.exit_code == 0, done.output
    (result,) = json.loads(done.stdout)
    return result, tifffile.imread(result["output"])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_both_engines_give_the_same_and_the_output_says_which(here, precision):
    found = {}
    for engine in ("tensorflow", "openvino"):
        words = ["--engine", engine, "--precision", precision, "--suffix", f"_{engine}"]
        result, found[engine] = denoise(*words)
        recorded = json.loads(read_description(result["output"]))["settings"]
        assert result["engine"] == recorded["engine"] == engine
        assert result["precision"] == recorded["precision"] == precision
    atol = {"float32": 1e-3, "bfloat16": 3.0}[precision]  # counts, of a deviation of 100
    np.testing.assert_allclose(found["openvino"], found["tensorflow"], atol=atol)


def test_what_auto_chose_repeats_the_output_to_the_bit(here):
    chosen, pixels = denoise()
    words = ["--engine", chosen["engine"], "--precision", chosen["precision"]]
    _, again = denoise(*words, "--overwrite")
    np.testing.assert_array_equal(again, pixels)


def test_on_a_processor_nothing_is_imported_that_an_ordinary_file_does_not_need(here):
    kinds = [f"n2v_tools.io.formats.tiff.{kind}" for kind in ("vendors", "scanimage", "ome_set")]
    unneeded = ("tensorflow", "scipy", "matplotlib", "natsort", *kinds)
    code = (
        "import sys\n"
        "from n2v_tools.cli.main import cli\n"
        "cli(['denoise', 'a.tif', '--model', 'm', '--engine', 'openvino'], standalone_mode=False)\n"
        f"sys.exit(', '.join(m for m in {unneeded} if m in sys.modules) or 0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    assert (here / "a_denoised.tif").exists()
