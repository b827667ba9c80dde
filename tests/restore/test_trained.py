"""Trained nets behind either engine: grey levels can be exchanged, all else stays."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import openvino_backend
from n2v_tools.methods.deepcad.net import DeepCADNet
from n2v_tools.nets.unet import NetSettings
from n2v_tools.nets.weights import WeightFile
from n2v_tools.prepare.struct_mask import StructMask
from n2v_tools.prepare.symmetry import symmetries
from n2v_tools.restore.engine import open_net

ROW = StructMask.of_kind("horizontal", 1, 5)  # noise along rows: no quarter turns
KEPT = (
    "axes", "n_channels", "n_inputs", "reach_px", "block_px", "halo_px", "margin_px", "name",
    "symmetries", "engine", "precision", "bytes_per_px", "tiles_at_once", "sample_px", "outputs",
)  # fmt: skip
NETS = {
    "2D": NetSettings(2, depth=1, first_filters=2),
    "two channels": NetSettings(2, n_channels=2, depth=1, first_filters=2),
    "with a margin": DeepCADNet(3, depth=1, first_filters=2),
}
every_net = pytest.mark.parametrize("settings", NETS.values(), ids=NETS)


@pytest.fixture(params=["tensorflow", "openvino"])
def opened(request, tmp_path):
    """Return a function that opens a net with random weights."""
    if request.param == "openvino" and not openvino_backend.available():
        pytest.skip("there are no OpenVINO wheels for this system")

    def make(settings, means=(200.0,), stds=(40.0,)):
        settings.build(seed=3).save_weights(tmp_path / "w.h5")
        times = settings.n_channels
        return open_net(
            settings, WeightFile(tmp_path / "w.h5"), engine=request.param, name="mito",
            axes="TYX"[-settings.n_dim :], struct_mask=ROW,
            means=means and means * times, stds=stds and stds * times,
        )  # fmt: skip

    return make


def tile_for(settings):
    shape = (1, *(12,) * settings.n_dim, settings.n_channels)
    return default_rng(0).normal(200, 40, shape).astype(np.float32)


@every_net
def test_other_grey_levels_leave_geometry_and_symmetries_as_they_are(opened, settings):
    one, tile = opened(settings), tile_for(settings)
    before = one.predict(tile)
    n = settings.n_channels
    other = one.with_intensity(np.full(n, 1000.0), np.full(n, 80.0))
    for name in KEPT:
        assert getattr(other, name) == getattr(one, name), name
    assert other.symmetries == symmetries(ROW) != symmetries()
    assert any(other.margin_px) == settings.needs_margin
    np.testing.assert_allclose(other.predict(2 * tile + 600), 2 * before + 600, rtol=1e-5)
    np.testing.assert_array_equal(one.predict(tile), before)


@every_net
def test_a_model_that_knows_its_grey_levels_looks_at_nothing(opened, settings):
    def planes():
        raise AssertionError("looked at")
        yield

    one = opened(settings)
    assert one.fit_intensity(planes()) is one


@every_net
def test_a_model_without_grey_levels_takes_percentiles_of_each_channel(opened, settings):
    one = opened(settings, None, None)
    channels = np.arange(settings.n_channels)
    planes = np.linspace(0, 1000, 1001, dtype=np.float32).reshape(1, 7, 143, 1) + 5000 * channels
    found = one.fit_intensity(planes)
    assert one.means is None
    np.testing.assert_allclose(found.means, 20 + 5000 * channels)
    np.testing.assert_allclose(found.stds, 998 - 20)
    empty = one.fit_intensity([])
    assert (empty.means == 0).all() and (empty.stds == 1).all()
