import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import keras_backend
from n2v_tools.errors import ModelError
from n2v_tools.nets.reach import net_block, net_halo, net_reach
from n2v_tools.nets.unet import NetSettings

tf = keras_backend.load()
keras = tf.keras

NETS = {
    "plain": NetSettings(2, first_filters=1),
    "kernel 5": NetSettings(2, first_filters=1, kernel=5),
    "depth 3": NetSettings(2, first_filters=1, depth=3),
    "n2v2": NetSettings(2, first_filters=1, blurpool=True, skip_skipone=True),
    "blurpool": NetSettings(2, first_filters=1, blurpool=True),
    "n2v2 depth 3": NetSettings(2, first_filters=1, depth=3, blurpool=True, skip_skipone=True),
    "independent": NetSettings(2, 2, first_filters=1, single_net_per_channel=True, residual=True),
    "3D": NetSettings(3, first_filters=1, depth=1),
    "3D n2v2": NetSettings(3, first_filters=1, depth=1, blurpool=True, skip_skipone=True),
}
nets = pytest.mark.parametrize("settings", NETS.values(), ids=NETS)


def make_positive(net):
    """Positive weights and zero biases: what a lit pixel can reach becomes lit, always."""
    for layer in net.layers:
        if type(layer).__name__ != "MaxBlurPool":
            layer.set_weights([np.full(w.shape, 0.1 * (w.ndim > 1)) for w in layer.get_weights()])


def measured_reach(net, axis, room):
    """How far one lit pixel shines, over all places of it within a block."""
    block, farthest = net_block(net)[axis], 0
    sizes = [block] * len(net_block(net))
    sizes[axis] = -(-2 * room // block) * block + 2 * block
    for place in range(block):
        lit = sizes[axis] // 2 // block * block + place
        x = np.zeros((*sizes, net.input_shape[-1]), np.float32)
        np.moveaxis(x, axis, 0)[lit] = 1e20
        seen = np.moveaxis(np.asarray(net(x[None])[0]), axis, 0).reshape(sizes[axis], -1)
        where = np.flatnonzero(seen.any(axis=1))
        farthest = max(farthest, lit - where.min(), where.max() - lit)
    return farthest


@nets
def test_reach_is_how_far_a_lit_pixel_shines(settings):
    net = settings.build()
    make_positive(net)
    reach = net_reach(net)
    for axis in range(settings.n_dim):
        assert measured_reach(net, axis, room=reach[axis] + 8) == reach[axis]


@pytest.mark.parametrize(
    ("depth", "kernel", "blurpool", "reach"),
    [(2, 3, False, 23), (2, 5, False, 43), (3, 3, False, 51), (2, 3, True, 29), (3, 3, True, 65)],
)
def test_reach_follows_the_formula(depth, kernel, blurpool, reach):
    """Two convolutions a level; a BlurPool sees 2 pixels more at its end, at every scale."""
    c, pooled = (kernel - 1) // 2, 2**depth - 1
    assert reach == 4 * c * pooled + 2 * c * 2**depth + pooled + 2 * pooled * blurpool
    net = NetSettings(2, 1, depth, 2, kernel, blurpool=blurpool).build()
    assert net_reach(net) == (reach, reach)
    assert net_block(net) == (2**depth, 2**depth)


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("n2v2", [False, True], ids=["plain", "n2v2"])
def test_a_tile_with_its_halo_cannot_be_told_from_the_whole(depth, n2v2):
    settings = NetSettings(2, 1, depth, 2, 3, blurpool=n2v2, skip_skipone=n2v2)
    net = settings.build()
    (block, _), (halo, _) = net_block(net), net_halo(net)
    assert halo <= -(-net_reach(net)[0] // block) * block
    image = default_rng(0).normal(size=(1, 2 * halo + 3 * block, 32, 1)).astype(np.float32)
    whole = np.asarray(net(image))[:, block + halo : -block - halo]
    tile = np.asarray(net(image[:, block:-block]))[:, halo:-halo]
    np.testing.assert_allclose(tile, whole, atol=1e-5 * whole.std())


@nets
def test_a_halo_one_block_short_is_noticed(settings):
    net = settings.build()
    make_positive(net)
    for axis, (block, halo) in enumerate(zip(net_block(net), net_halo(net), strict=True)):
        size = 2 * halo + 6 * block
        shape = [block] * settings.n_dim
        shape[axis] = size
        cut = size // 2 // block * block  # lit on one side of the cut, in tiles to the other
        image = np.zeros((*shape, settings.n_channels), np.float32)
        dark = {}
        for side, lit in (("before", slice(0, cut)), ("after", slice(cut, None))):
            np.moveaxis(image, axis, 0)[:] = 0
            np.moveaxis(image, axis, 0)[lit] = 1e20
            rows = np.moveaxis(np.asarray(net(image[None])[0]), axis, 0).reshape(size, -1)
            rows = rows[cut:] if side == "before" else rows[:cut][::-1]
            dark[side] = np.flatnonzero(~rows.any(axis=1))[0]  # rows from the cut to darkness
        assert halo - block < max(dark.values()) <= halo


def test_axes_are_told_apart():
    inputs = keras.Input((None, None, None, 1))
    x = keras.layers.Conv3D(1, (1, 3, 5), padding="same")(inputs)
    x = keras.layers.MaxPooling3D((1, 2, 4))(x)
    x = keras.layers.UpSampling3D((1, 2, 4))(x)
    net = keras.Model(inputs, x)
    assert net_block(net) == (1, 2, 4)
    assert net_reach(net) == (0, 2, 5)


def test_padding_and_cropping_cancel():
    inputs = keras.Input((None, None, 1))
    x = keras.layers.ZeroPadding2D(2)(inputs)
    x = keras.layers.Conv2D(1, 3, padding="same", dilation_rate=2)(x)
    net = keras.Model(inputs, keras.layers.Cropping2D(2)(x))
    assert net_reach(net) == (2, 2)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: keras.layers.Lambda(lambda x: x, name="odd"),
        lambda: keras.layers.UpSampling2D(1, interpolation="bilinear", name="odd"),
        lambda: keras.layers.LayerNormalization(axis=(1, 2), name="odd"),
    ],
)
def test_a_layer_of_unknown_reach_is_refused_by_name(layer):
    inputs = keras.Input((8, 8, 1))
    net = keras.Model(inputs, layer()(inputs))
    with pytest.raises(ModelError, match="'odd'"):
        net_reach(net)
