import functools

import numpy as np
import pytest
from n2v_oracle import import_n2v, shuffle_weights
from numpy.random import default_rng

from n2v_tools import keras_backend
from n2v_tools.errors import SettingsError
from n2v_tools.nets.unet import NetSettings

tf = keras_backend.load()

FAMILY = {
    "2D": NetSettings(2, first_filters=4),
    "2D-batch_norm": NetSettings(2, first_filters=4, batch_norm=True, depth=3),
    "2D-n2v2": NetSettings(2, first_filters=4, depth=3, blurpool=True, skip_skipone=True),
    "2D-residual": NetSettings(2, first_filters=4, kernel=5, residual=True),
    "2D-joint": NetSettings(2, 3, first_filters=4, batch_norm=True, last_activation="relu"),
    "2D-single": NetSettings(2, first_filters=4, residual=True, single_net_per_channel=True),
    "3D": NetSettings(3, first_filters=4, single_net_per_channel=True, batch_norm=True),
    "3D-joint": NetSettings(3, 2, first_filters=4, depth=1),
}
family = pytest.mark.parametrize("settings", FAMILY.values(), ids=FAMILY)


@functools.cache
def build_both(settings):
    """The net of n2v and ours."""
    import_n2v()
    from n2v.nets import unet

    tf.keras.backend.clear_session()  # so that automatic names begin anew
    name = "build_single_unet_per_channel" if settings.single_net_per_channel else "build_unet"
    theirs = getattr(unet, name)(
        (None,) * settings.n_dim + (settings.n_channels,),
        settings.last_activation,
        settings.depth,
        settings.first_filters,
        (settings.kernel,) * settings.n_dim,
        pool_size=(2,) * settings.n_dim,
        batch_norm=settings.batch_norm,
        residual=settings.residual,
        blurpool=settings.blurpool,
        skip_skipone=settings.skip_skipone,
    )
    return theirs, settings.build()


def image_for(settings, seed=0):
    sizes = (8,) * (settings.n_dim - 2) + (16, 24)
    return default_rng(seed).normal(size=(1, *sizes, settings.n_channels)).astype(np.float32)


@family
@pytest.mark.parametrize("by_name", [False, True], ids=["in order", "by name"])
def test_weights_of_n2v_predict_the_same_here(settings, by_name, tmp_path):
    theirs, ours = build_both(settings)
    shuffle_weights(theirs)
    theirs.save_weights(tmp_path / "w.h5")
    ours.load_weights(tmp_path / "w.h5", by_name=by_name)
    x = image_for(settings)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5 * np.std(theirs(x)))


@family
def test_our_weights_predict_the_same_in_n2v(settings, tmp_path):
    theirs, ours = build_both(settings)
    shuffle_weights(ours)
    ours.save_weights(tmp_path / "w.h5")
    theirs.load_weights(tmp_path / "w.h5")
    x = image_for(settings)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5 * np.std(theirs(x)))


@family
def test_layers_have_the_names_and_order_of_n2v(settings):
    theirs, ours = build_both(settings)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]


def test_independent_channels_have_the_weights_of_n2v_in_its_order():
    settings = NetSettings(2, 3, first_filters=4, batch_norm=True, single_net_per_channel=True)
    theirs, ours = build_both(settings)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        (NetSettings(2, batch_norm=True), 288_577),
        (NetSettings(2, batch_norm=True, depth=3, first_filters=64), 4_176_833),
    ],
)
def test_known_nets_have_the_known_number_of_parameters(settings, parameters):
    assert settings.build().count_params() == parameters


@pytest.mark.parametrize("n_dim", [2, 3])
@pytest.mark.parametrize("residual", [False, True], ids=["plain", "residual"])
def test_an_independent_channel_sees_itself_only(n_dim, residual):
    settings = NetSettings(
        n_dim, 3, depth=1, first_filters=4, residual=residual, single_net_per_channel=True
    )
    net, x = settings.build(), image_for(settings)
    shuffle_weights(net)
    for channel in range(3):
        other = x.copy()
        other[..., channel] += 1
        changed = np.any(np.asarray(net(other)) != np.asarray(net(x)), axis=tuple(range(n_dim + 1)))
        assert changed.tolist() == [number == channel for number in range(3)]


@pytest.mark.parametrize("single", [False, True], ids=["joint", "independent"])
def test_a_residual_net_that_predicts_nothing_returns_its_input(single):
    settings = NetSettings(2, 3, first_filters=4, residual=True, single_net_per_channel=single)
    net, x = settings.build(), image_for(settings)
    net.set_weights([np.zeros_like(w) for w in net.get_weights()])
    np.testing.assert_array_equal(net(x), x)


def test_n2v2_in_3d_builds_and_keeps_the_size():
    settings = NetSettings(3, first_filters=4, blurpool=True, skip_skipone=True)
    x = image_for(settings)
    assert settings.build()(x).shape == x.shape


def test_equal_seeds_give_equal_weights_whatever_else_drew_random_numbers():
    settings = NetSettings(2, first_filters=4)
    tf.random.set_seed(1)
    first = settings.build(seed=5).get_weights()
    tf.random.set_seed(2)
    tf.random.normal((3,))
    again, other = settings.build(seed=5).get_weights(), settings.build(6).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True) if a.ndim > 1)
    kernels = [w.ravel()[:20] for w in first if w.ndim > 1]
    assert len({k.tobytes() for k in kernels}) == len(kernels)  # no two layers alike


def test_in_bfloat16_the_output_is_float32_and_a_residual_input_is_not_rounded():
    settings = NetSettings(2, 2, first_filters=4, residual=True, single_net_per_channel=True)
    keras_backend.set_precision("bfloat16")
    try:
        net = settings.build()
    finally:
        keras_backend.set_precision("float32")
    net.set_weights([np.zeros_like(w) for w in net.get_weights()])
    x = image_for(settings)
    assert net(x).dtype == tf.float32
    assert net.get_layer("channel_0middle_0").compute_dtype == "bfloat16"
    np.testing.assert_array_equal(net(x), x)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"n_dim": 4}, "n_dim"),
        ({"depth": 0}, "depth"),
        ({"depth": 9}, "depth"),
        ({"kernel": 4}, "odd"),
        ({"first_filters": 10**6}, "first_filters"),
        ({"depth": 8, "first_filters": 1024}, "parameters"),
        ({"n_channels": 256, "depth": 6, "single_net_per_channel": True}, "parameters"),
        ({"last_activation": "__import__('os')"}, "linear or relu"),
        ({"depth": True}, "whole number"),
    ],
)
def test_settings_out_of_range_are_refused_before_anything_is_built(wrong, named):
    with pytest.raises(SettingsError, match=named):
        NetSettings(**{"n_dim": 2, **wrong})
