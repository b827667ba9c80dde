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


def every_dataset(file):
    names = []
    file.visititems(lambda name, one: names.append(name) if isinstance(one, h5py.Dataset) else None)
    return names


def virtual(file, name, shape, source):
    layout = h5py.VirtualLayout(shape, "f4")
    layout[...] = h5py.VirtualSource(source, "w", shape)
    file.create_virtual_dataset(name, layout)


def external(file, name, shape, source):
    file.create_dataset(name, shape, "f4", external=[(source, 0, 4 * int(np.prod(shape)))])


def link_out(file, name, shape, source):
    file[name] = h5py.ExternalLink(source, "/w")


def circle(file, name, shape, source):
    file[name] = h5py.SoftLink(f"/{name}")


def nothing(file, name, shape, source):
    file[name] = h5py.SoftLink("/gone")


@pytest.mark.parametrize("there", [True, False], ids=["source there", "source missing"])
@pytest.mark.parametrize("elsewhere", [virtual, external, link_out, circle, nothing])
@pytest.mark.parametrize("number", [0, 3])
def test_weights_lie_in_their_own_file_or_are_refused(tmp_path, elsewhere, there, number):
    settings = NETS["2D"]
    _, weights = saved(tmp_path, settings)
    with h5py.File(weights.path, "a") as file:
        name = every_dataset(file)[number]
        values = file[name][...]
        del file[name]
        elsewhere(file, name, values.shape, str(tmp_path / "other.h5"))
    if there:
        with h5py.File(tmp_path / "other.h5", "w") as file:
            file["w"] = values
    for read in (weights.read, weights.load):
        with pytest.raises(ModelError, match=r"w\.h5: ") as refused:
            read(settings)
        assert "\n" not in str(refused.value)


def test_a_group_of_weights_may_not_be_a_link_out_either(tmp_path):
    settings = NETS["2D"]
    _, weights = saved(tmp_path, settings)
    weights.path.rename(tmp_path / "other.h5")
    with h5py.File(tmp_path / "other.h5") as other, h5py.File(weights.path, "w") as file:
        file.attrs.update(other.attrs)
        for name in other:
            file[name] = h5py.ExternalLink("other.h5", f"/{name}")
    with pytest.raises(ModelError, match="links out of a file"):
        weights.read(settings)
    with h5py.File(weights.path, "w") as file:
        file["model_weights"] = h5py.ExternalLink("other.h5", "/")
    with pytest.raises(ModelError, match="links out of a file"):
        weights.read(settings)


def test_a_soft_link_within_the_file_is_followed(tmp_path):
    settings = NETS["2D"]
    net, weights = saved(tmp_path, settings)
    with h5py.File(weights.path, "a") as file:
        name = every_dataset(file)[1]
        file.move(name, "aside")
        file[name] = h5py.SoftLink("/aside")
    for a, b in zip(weights.load(settings).get_weights(), net.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_any_byte_of_a_weight_file_may_be_wrong(tmp_path):
    """Floats of the right shapes or one line; nothing else escapes."""
    settings = NETS["2D"]
    _, weights = saved(tmp_path, settings)
    good = weights.path.read_bytes()
    rng = np.random.default_rng(11)
    for n in range(150):
        bad = bytearray(good)
        for at in rng.integers(0, len(good), 1 + n % 8):
            bad[at] = rng.integers(256)
        weights.path.write_bytes(bad)
        try:
            weights.read(settings)
        except ModelError as error:
            assert "\n" not in str(error)
