"""``n2v-inspect --noise-model``: what a model takes for noise."""

import json

import pytest
from running import invoke as run

from n2v_tools.methods.hdn.net import LadderNet
from n2v_tools.methods.hdn.noise_model import ShotNoise
from n2v_tools.methods.hdn.section import NOISE_NAME, record_of
from n2v_tools.modelfolder import write_config
from n2v_tools.nets.unet import NetSettings


@pytest.fixture
def model(tmp_path):
    """A folder with a noise model, no weights are needed."""
    folder = tmp_path / "m"
    folder.mkdir()
    net = LadderNet(2, depth=2, first_filters=4)
    own = {**record_of(net, 3), "noise_model": {"checks": {"nats": 4.5}}}
    write_config(
        folder, net, axes="YX", means=[500.0], stds=[40.0], method="hdn",
        training={"n2v_patch_shape": [16, 16]}, own=own,
    )  # fmt: skip
    (folder / NOISE_NAME).write_bytes(ShotNoise(2.0, 100.0, 1.0, 100.0, 1100.0).to_bytes())
    return folder


def test_its_strength_is_told_and_drawn(model):
    plot = model.parent / "noise.png"
    done = run("inspect", "--noise-model", model, "--plot", plot, "--json")
    found = json.loads(done.stdout)
    assert found["kind"] == "gaussian" and found["signals"] == [100.0, 1100.0]
    middle = found["at"][1]
    assert (middle["signal"], middle["mean"]) == (600.0, 600.0)
    assert middle["deviation"] == pytest.approx(1300**0.5)
    assert plot.read_bytes().startswith(b"\x89PNG") and found["checks"] == {"nats": 4.5}
    said = run("inspect", "--noise-model", model).stdout
    assert "deviation 36.06 counts" in said and "nats 4.5" in said


def test_nothing_is_overwritten(model):
    plot = model.parent / "noise.png"
    plot.write_bytes(b"mine")
    done = run("inspect", "--noise-model", model, "--plot", plot)
    assert done.exit_code == 1 and plot.read_bytes() == b"mine"


@pytest.mark.parametrize("words", [["a.tif"], ["--axes", "YX"]])
def test_a_file_beside_it_is_wrong_usage(model, words):
    done = run("inspect", "--noise-model", model, *words)
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1


def test_a_model_without_one_says_which_have_one(tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    write_config(folder, NetSettings(2), axes="YX", means=[1.0], stds=[1.0], method="n2v")
    done = run("inspect", "--noise-model", folder)
    assert done.exit_code == 2 and "those of hdn do" in done.stderr
