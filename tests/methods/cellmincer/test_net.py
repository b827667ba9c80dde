"""The network is the published one, to the number; sizes go through it as they should."""

import numpy as np
import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.cellmincer.net import CellMincerNet
from n2v_tools.methods.cellmincer.sizes import EMBEDDING, TIME, input_px, left_px

PUBLISHED = CellMincerNet(n_dim=2, depth=2, first_filters=64, batch_norm=True)


def filler(n):
    """The deterministic numbers of the test vectors, for 0, 1, 2 ... n - 1."""
    return np.array([((7 * i * i + 3 * i + 5) % 1009) / 1009 - 0.5 for i in range(n)])


def fill(net):
    """Kernels and biases in the layout of PyTorch, as the test vectors were made."""
    for name in (EMBEDDING, TIME):
        for weight in net.get_layer(name).trainable_weights:
            height, width, n_in, n_out = (*weight.shape, 1, 1, 1)[:4]
            if "kernel" in weight.name:
                values = filler(height * width * n_in * n_out)
                values *= np.sqrt(24 / (height * width * n_in))
                weight.assign(values.reshape(n_out, n_in, height, width).transpose(2, 3, 1, 0))
            elif "bias" in weight.name:
                weight.assign(0.1 * filler(height))


@pytest.mark.parametrize(
    "n_features, expected", [(74, 3_191_681), (37, 2_982_914 - 4_353), (0, 2_769_794 - 4_353)]
)
def test_the_published_net_has_as_many_weights_but_for_the_dead_head(n_features, expected):
    net = CellMincerNet(
        n_dim=2, depth=2, first_filters=64, batch_norm=True, n_features=n_features
    ).build()
    assert sum(np.prod(weight.shape) for weight in net.trainable_weights) == expected
    assert PUBLISHED.context == 13


def test_the_published_net_gives_what_the_original_gives():
    net = PUBLISHED.build()
    fill(net)
    t, i, j = np.mgrid[:13, :62, :62]
    frames = np.cos(0.1 * t + 0.2 * i + 0.3 * j)
    f, i, j = np.mgrid[:74, :62, :62]
    maps = np.sin(0.01 * (f + 1) * (i + 1) + 0.02 * j)
    shown = np.concatenate([frames, maps]).transpose(1, 2, 0)[np.newaxis].astype(np.float32)
    one = [shown[:, np.newaxis, ..., 6:7], shown[..., 13:]]
    found = net.get_layer(EMBEDDING)(one).numpy()[0, 0]
    assert found.shape == (2, 2, 64)
    got = found.mean(), found.std(), found[0, 0, 0], found[1, 1, 63]
    np.testing.assert_allclose(got, (0.115547, 0.163517, 0.358994, 0), atol=2e-6)
    expected = [[-0.062786, -0.055465], [-0.162001, -0.169612]]
    np.testing.assert_allclose(net(shown).numpy()[0, ..., 0], expected, atol=2e-6)


@pytest.mark.parametrize(
    "output, needed", [(2, 62), (4, 66), (32, 94), (62, 122), (64, 126), (490, 550), (1024, 1086)]
)
def test_edges_that_go_through_are_those_of_the_original(output, needed):
    assert input_px(output, 2, 6) == needed
    assert output <= left_px(needed, 2, 6) <= output + 2
    assert (needed - output) // 2 == {0: 31, 1: 30, 2: 30, 3: 31}[output % 4]
    assert PUBLISHED.takes(needed) and not PUBLISHED.takes(needed + 2)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("n_convs", [1, 2, 3])
def test_multiples_of_the_block_go_through_less_their_lead(depth, n_convs):
    net = CellMincerNet(n_dim=2, depth=depth, n_convs=n_convs, first_filters=2)
    edge = 2**depth * 64
    assert net.takes(edge - 2 * net.lead)
    assert left_px(edge - 2 * net.lead, depth, net.taken) == edge - 2 * net.lead - 2 * net.lost


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("depth, n_convs", [(1, 2), (2, 1), (2, 3)])
def test_no_pixel_acts_further_than_the_net_says(padded, depth, n_convs):
    shape = CellMincerNet(
        n_dim=2, depth=depth, n_convs=n_convs, first_filters=3, n_features=1, time_layers=1,
        padded=padded, corners=False,
    )  # fmt: skip
    layer = shape.build(seed=1).get_layer(EMBEDDING)
    edge = 2**depth * 32
    rng = np.random.default_rng(0)
    frame = rng.normal(size=(1, 1, edge, edge, 1)).astype(np.float32)
    maps = rng.normal(size=(1, edge, edge, 1)).astype(np.float32)
    inner = slice(shape.lead, edge - shape.lead)

    def find(frame):
        return layer([frame[:, :, inner, inner], maps[:, inner, inner]]).numpy()[0, 0]

    before, farthest = find(frame), 0
    for place in range(edge // 2, edge // 2 + 2**depth):
        other = frame.copy()
        other[:, :, place] += 3
        changed = np.flatnonzero((find(other) != before).any(axis=(1, 2)))
        farthest = max(farthest, np.abs(changed + shape.lead + shape.lost - place).max())
    assert farthest <= shape.reach_px[0] <= farthest + 2**depth


@pytest.mark.parametrize(
    "wrong", [{"n_features": -1}, {"n_features": 900}, {"time_layers": 0}, {"padded": 1}]
)
def test_what_no_net_can_be_is_refused(wrong):
    with pytest.raises(SettingsError):
        CellMincerNet(n_dim=2, **wrong)
