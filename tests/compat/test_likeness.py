"""A net is like its sketch exactly where it computes what the sketch says."""

import pytest

from n2v_tools.compat.likeness import layers_of
from n2v_tools.nets.sketch import sketch_net
from n2v_tools.nets.unet import NetSettings

NETS = {
    "plain": {"n_dim": 2},
    "n2v2": {"n_dim": 2, "blurpool": True, "skip_skipone": True},
    "volume": {"n_dim": 3, "batch_norm": False},
    "channels": {"n_dim": 2, "n_channels": 2},
}


def settings(name, **changes):
    return NetSettings(**{"depth": 1, "first_filters": 4, **NETS[name], **changes})


@pytest.mark.parametrize("name", NETS)
def test_every_step_has_its_layer(name):
    net, sketch = settings(name).build(), sketch_net(settings(name))
    layers = layers_of(net, sketch)
    assert set(layers) == set(sketch.steps)
    assert all(layer.__class__.__name__ == step.kind for step, layer in layers.items())
    with_weights = [layer for layer in net.layers if layer.weights]
    assert {id(layer) for layer in with_weights} <= {id(layer) for layer in layers.values()}


@pytest.mark.parametrize(
    "change",
    [
        {"depth": 2},
        {"first_filters": 8},
        {"kernel": 5},
        {"batch_norm": True},
        {"residual": True},
        {"last_activation": "relu"},
        {"blurpool": True},
        {"skip_skipone": True},
    ],
    ids=str,
)
def test_a_net_that_differs_in_one_setting_is_not_like_it(change):
    assert layers_of(settings("plain", **change).build(), sketch_net(settings("plain"))) is None
    assert layers_of(settings("plain").build(), sketch_net(settings("plain", **change))) is None
