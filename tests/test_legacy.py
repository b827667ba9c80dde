"""Models of others, of several generations: what they recorded, or what their program predicts."""

import json

import numpy as np
import pytest
import tifffile
from numpy.random import default_rng

from n2v_tools.errors import ModelError
from n2v_tools.legacy import read_legacy_config
from n2v_tools.modelfolder import load_net, read_model
from n2v_tools.nets.reach import net_block

N2V_01 = {
    "mean": "53.5", "std": "10.25", "n_dim": 2, "axes": "YXC", "n_channel_in": 1,
    "n_channel_out": 1, "unet_residual": False, "unet_n_depth": 2, "unet_kern_size": 3,
    "unet_n_first": 32, "unet_last_activation": "linear", "batch_norm": True,
}  # fmt: skip


def test_the_dome_authors_3d_model_gives_its_recorded_output(shared_data):
    folder = shared_data / "models" / "dome103_3d"
    model = read_model(folder)
    noisy = tifffile.imread(folder / "testinput.tif").reshape(1, 32, 64, 64, 1)
    recorded = tifffile.imread(folder / "testoutput.tif").squeeze()
    mean, std = np.float32(model.means[0]), np.float32(model.stds[0])
    restored = np.asarray(load_net(model)((noisy - mean) / std))[0, ..., 0] * std + mean
    assert (model.axes, model.n_channels, model.method) == ("ZYX", 1, "n2v")
    np.testing.assert_allclose(restored[16], recorded, atol=1e-4)


@pytest.mark.parametrize("name", ["neuromast_3D", "n2v_0.2_3D"])
def test_3d_models_of_several_n2v_versions_denoise(name, shared_data):
    model = read_model(shared_data / "models" / name)
    net = load_net(model)
    assert (model.axes, net_block(net)) == ("ZYX", (4, 4, 4))
    noise = default_rng(0).normal(size=(1, 8, 32, 32, 1)).astype(np.float32)
    assert 0.05 < np.std(net(noise)[:, 2:-2, 8:-8, 8:-8]) < 0.7  # smoother, and not nothing


@pytest.mark.parametrize("name", ["2d_images_from_stack", "2d_images_from_stack_version2"])
def test_the_dome_models_without_weights_say_who_has_them(name, shared_data):
    with pytest.raises(ModelError, match=r"weights_best\.h5.*author"):
        read_model(shared_data / "models" / name)
    model = read_model(shared_data / "models" / name, need_weights=False)
    assert (model.net.depth, model.net.first_filters, model.net.batch_norm) == (3, 64, True)


@pytest.mark.parametrize(
    ("name", "axes"),
    [("care_2d", "YX"), ("care_3d_keras224", "ZYX"), ("care_probabilistic_2d_tf1", "YX")],
)
def test_care_models_predict_what_csbdeep_predicts(name, axes, shared_data):
    from n2v_tools import keras_backend

    keras_backend.load()
    try:
        from csbdeep.models import CARE
    except Exception as error:  # a broken dependency may raise anything
        pytest.skip(f"csbdeep cannot be imported here: {type(error).__name__}: {error}")
    image = default_rng(0).gamma(2, 100, (8, 16, 24)[-len(axes) :]).astype(np.float32)
    theirs = CARE(None, name, str(shared_data / "models")).predict(image, axes)
    model = read_model(shared_data / "models" / name)
    low, high = (np.float32(np.percentile(image, p)) for p in model.percentiles)
    ours = np.asarray(load_net(model)(((image - low) / (high - low))[None, ..., None]))
    ours = ours[0, ..., 0] * (high - low) + low
    assert (model.kind, model.axes, model.normalisation) == ("care", axes, "percentile")
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * theirs.std())


def test_the_fiji_export_is_refused_for_now(shared_data):
    with pytest.raises(ModelError, match="zip"):
        read_model(shared_data / "models" / "fiji")


def test_n2v_01_wrote_one_mean_and_csbdeeps_decoder():
    recipe = read_legacy_config(N2V_01, "config.json")
    assert (recipe.means, recipe.stds, recipe.kind) == ((53.5,), (10.25,), "n2v")
    assert recipe.net.decoder == "csbdeep"
    assert not recipe.net.single_net_per_channel


def test_axes_in_another_order_are_put_into_ours():
    recipe = read_legacy_config({**N2V_01, "axes": "XYZC", "n_dim": 3}, "config.json")
    assert recipe.axes == "ZYX"
    assert ["XYZ"[i] for i in recipe.axes_order] == ["Z", "Y", "X"]


@pytest.mark.parametrize("key", ["axes", "n_channel_in", "unet_n_depth", "unet_kern_size"])
def test_a_missing_key_is_named(key):
    config = {k: v for k, v in N2V_01.items() if k != key}
    with pytest.raises(ModelError, match=f"{key} is missing"):
        read_legacy_config(config, "config.json")


def test_a_net_with_other_channels_out_than_in_is_refused():
    with pytest.raises(ModelError, match="n_channel_out"):
        read_legacy_config(json.loads(json.dumps({**N2V_01, "n_channel_out": 2})), "config.json")
