"""Weight files: read alike by both engines, axes put in order, what is left over left out.

Damaged files and those of other nets are in ``tests/modelfolder/test_read.py``.
"""

import h5py
import numpy as np
import pytest

from n2v_tools.errors import ModelError
from n2v_tools.nets.unet import NetSettings
from n2v_tools.nets.weights import WeightFile

NETS = {
    "2D": NetSettings(2, depth=1, first_filters=2, batch_norm=True),
    "3D": NetSettings(3, depth=1, first_filters=2, blurpool=True),
    "net per channel": NetSettings(2, 2, 1, 2, single_net_per_channel=True),
}
every_net = pytest.mark.parametrize("settings", NETS.values(), ids=NETS)


def saved(folder, settings):
    net = settings.build(seed=1)
    net.save_weights(folder / "w.h5")
    return net, WeightFile(folder / "w.h5")


@every_net
def test_either_way_of_reading_gives_what_was_saved(settings, tmp_path):
    net, file = saved(tmp_path, settings)
    sketch, values = file.read(settings)
    found = [array for step in sketch.weighted for array in values[step]]
    for arrays in (found, file.load(settings).get_weights()):
        for a, b in zip(arrays, net.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert all(array.dtype == np.float32 for array in found)


def test_kernels_of_other_axes_are_turned_and_biases_left(tmp_path):
    settings = NetSettings(3, depth=1, first_filters=2)
    net, file = saved(tmp_path, settings)
    order = (2, 0, 1)
    turned = WeightFile(file.path, axes_order=order).load(settings)
    for a, b in zip(turned.get_weights(), net.get_weights(), strict=True):
        expected = b if b.ndim == 1 else np.moveaxis(b, order, (0, 1, 2))
        np.testing.assert_array_equal(a, expected)


def test_layers_at_the_end_are_left_out_if_so_said(tmp_path):
    settings = NETS["2D"]
    net, file = saved(tmp_path, settings)
    with h5py.File(file.path, "a") as h5:
        scale = h5.create_group("scale")
        scale.attrs["weight_names"] = [b"kernel:0"]
        scale["kernel:0"] = np.zeros((1, 1, 2, 1), np.float32)
        names = [name.encode() for name in h5.attrs["layer_names"]]
        h5.attrs["layer_names"] = [*names, b"scale"]
    loaded = WeightFile(file.path, skip_last=1).load(settings)
    for a, b in zip(loaded.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ModelError, match="layers"):
        file.load(settings)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value, tmp_path):
    settings = NETS["2D"]
    net, file = saved(tmp_path, settings)
    weights = net.get_weights()
    weights[-1][:] = value
    net.set_weights(weights)
    net.save_weights(file.path)
    with pytest.raises(ModelError, match="NaN or infinite"):
        file.read(settings)


def test_weights_that_are_no_floats_are_refused(tmp_path):
    settings = NETS["2D"]
    _, file = saved(tmp_path, settings)
    with h5py.File(file.path, "a") as h5:
        group = h5["channel_0down_level_0_no_0"]["channel_0down_level_0_no_0"]
        bias = group["bias:0"][...]
        del group["bias:0"]
        group["bias:0"] = bias.astype(np.int64)
    with pytest.raises(ModelError, match="no floating-point"):
        file.load(settings)
