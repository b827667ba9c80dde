"""A method of another package: the example of CONTRIBUTING.md, used by all the commands."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(__file__).with_name("where_it_is_installed.py")
QUICK = ["--patch", "32", "--steps", "30", "--set", "precision=float32", "--preset", "tiny"]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A folder that holds the example as pip would have installed it."""
    folder = tmp_path_factory.mktemp("site")
    blocks = re.findall(r"```\w+\n# (\S+)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    sources = dict(blocks)
    assert set(sources) == {
        "halves/__init__.py", "halves/method.py", "halves/restorer.py", "setup.cfg"
    }  # fmt: skip
    entry_points = sources.pop("setup.cfg").replace(
        "[options.entry_points]\nn2v_tools.methods =\n    ", "[n2v_tools.methods]\n"
    )
    facts = folder / "halves-0.1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: halves\nVersion: 0.1\n")
    (facts / "entry_points.txt").write_text(entry_points)
    (folder / "halves").mkdir()
    for name, source in sources.items():
        (folder / name).write_text(source)
    return folder


@pytest.fixture(scope="module")
def run(package, tmp_path_factory):
    """Run a command where the package is installed, in a folder with a noisy image."""
    folder = tmp_path_factory.mktemp("work")
    y, x = np.mgrid[:160, :200]
    clean = 500 + 100 * np.sin(x / 9) * np.cos(y / 7)
    noisy = np.rint(clean + np.random.default_rng(0).normal(0, 40, clean.shape))
    tifffile.imwrite(folder / "a_noisy.tif", noisy.astype(np.uint16))
    tifffile.imwrite(folder / "a_clean.tif", clean.astype(np.float32))
    path = os.pathsep.join([str(package), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    served = subprocess.Popen(
        [sys.executable, SERVER],
        cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip

    def run(*words, code=0):
        print(json.dumps([str(word) for word in words]), file=served.stdin, flush=True)
        ended, stdout, stderr = json.loads(served.stdout.readline())
        assert ended == code, stderr
        return stdout

    run.folder, run.environment = folder, environment
    yield run
    served.stdin.close()
    assert served.wait() == 0


@pytest.fixture(scope="module")
def model(run):
    words = ["--stack", "a_noisy.tif", "--axes", "YX", "--method", "halves", "--epochs", "4"]
    return Path(run("train", *words, *QUICK).splitlines()[0])


def test_it_is_listed_and_inspected(run):
    found = " ".join(run("train", "--help").split())  # lines break anywhere
    assert "halves" in found and "a net for a quick try" in found
    assert json.loads(run("inspect", "a_noisy.tif", "--axes", "YX", "--json"))[0]["command"]


def test_it_trains_under_its_name_and_keeps_its_settings(run, model):
    assert model == Path("models/a_noisy_halves")
    config = json.loads((run.folder / model / "config.json").read_text())
    assert config["n2v_tools"]["method"] == "halves"
    assert config["n2v_tools"]["settings"]["filters"] == 4
    assert (run.folder / model / "training.png").is_file()


def test_an_interrupted_training_of_it_resumes_to_the_unbroken_result(run, model):
    code = (
        "import sys\n"
        "from n2v_tools.learn import callbacks\n"
        "keep = callbacks.save_state\n"
        "def save(*args):\n"
        "    keep(*args)\n"
        "    if args[2]['epoch'] == 2: raise KeyboardInterrupt\n"
        "callbacks.save_state = save\n"
        "from n2v_tools.cli.main import cli\n"
        "sys.argv[0] = 'n2v-tools'\n"
        "cli()\n"
    )
    words = ["--stack", "a_noisy.tif", "--axes", "YX", "--method", "halves", "--epochs", "4"]
    words += [*QUICK, "--model", "again"]
    broken = subprocess.run(
        [sys.executable, "-c", code, "train", *words],
        cwd=run.folder,
        capture_output=True,
        env=run.environment,
    )
    assert broken.returncode == 130
    assert (run.folder / "models" / "again.partial").is_dir()
    run("train", *words, "--resume")
    with (
        h5py.File(run.folder / model / "weights_last.h5") as one,
        h5py.File(run.folder / "models" / "again" / "weights_last.h5") as other,
    ):
        found = []
        one.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
        assert found
        for name in found:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.fixture(scope="module")
def denoised(run, model):
    words = ["a_noisy.tif", "--axes", "YX", "--model", model, "--set", "removed=true"]
    (found,) = json.loads(
        run("denoise", *words, "--dtype", "float32", "--report", "--json", "--output", "out")
    )
    return found


def test_it_writes_a_second_output_that_every_part_knows_by_name(run, denoised):
    assert denoised["removed"] == "out/a_noisy_denoised_removed.tif"
    noisy, restored, removed = (
        tifffile.imread(run.folder / name).astype(np.float32)
        for name in ("a_noisy.tif", denoised["output"], denoised["removed"])
    )
    np.testing.assert_allclose(restored + removed, noisy, rtol=1e-5)
    clean = tifffile.imread(run.folder / "a_clean.tif")
    assert (restored - clean).std() < 0.8 * (noisy - clean).std()
    words = ["denoise", "a_noisy.tif", "--axes", "YX", "--model", "a_noisy_halves"]
    run(*words, "--set", "removed=true", "--output", "out", code=1)  # both exist
    run(*words, "--set", "remove=true", "--output", "other", code=2)  # no such setting


def test_in_tiles_it_equals_the_whole(run, denoised):
    words = ["a_noisy.tif", "--axes", "YX", "--model", "a_noisy_halves"]
    words += ["--set", "removed=true", "--dtype", "float32", "--engine", "tensorflow"]
    pixels = []
    for memory in (None, "3MB"):
        more = [] if memory is None else ["--memory", memory]
        out = f"tiles_{memory}"
        (found,) = json.loads(run("denoise", *words, *more, "--output", out, "--json"))
        pixels.append([tifffile.imread(run.folder / found[n]) for n in ("output", "removed")])
    np.testing.assert_allclose(pixels[0], pixels[1], atol=2e-3)


def test_it_is_evaluated_and_reported(run, denoised):
    words = ["--restored", denoised["output"], "--clean", "a_clean.tif", "--axes", "YX"]
    scores = json.loads(run("evaluate", *words, "--noisy", "a_noisy.tif", "--json"))
    assert scores["psnr"]["gain"]["mean"] > 1
    page = (run.folder / denoised["report"]).read_text()
    assert "predicting every other column" in page
