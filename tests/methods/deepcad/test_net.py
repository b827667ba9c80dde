import dataclasses

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import keras_backend, openvino_backend
from n2v_tools.errors import SettingsError
from n2v_tools.methods.deepcad.net import DeepCADNet, from_torch
from n2v_tools.nets.reach import net_block, net_halo, net_reach
from n2v_tools.nets.sketch import sketch_net

tf = keras_backend.load()

DEEPCAD = DeepCADNet(3, depth=3, first_filters=16)
TINY = dataclasses.replace(DEEPCAD, depth=1, first_filters=2)


def filler(n):
    """The fill of the published test vectors: the first are -.4950446, -.4851338, -.4613479."""
    n = np.arange(n, dtype=np.int64)
    return ((7 * n**2 + 3 * n + 5) % 1009) / 1009 - 0.5


def torch_weights(net):
    """Weights in PyTorch's layout, filled as the test vectors say."""
    arrays = []
    for weight in net.get_weights():
        if weight.ndim == 1:
            arrays.append(0.1 * filler(weight.size))
            continue
        *kernel, n_in, n_out = weight.shape
        shape = (n_out, n_in, *kernel)
        fan_in = np.prod(shape[1:])
        arrays.append((filler(weight.size) * np.sqrt(24 / fan_in)).reshape(shape))
    return arrays


@pytest.fixture(scope="module")
def published():
    """The net of 16 feature maps with the weights of the test vectors."""
    net = DEEPCAD.build()
    net.set_weights(from_torch(torch_weights(net)))
    return net


def wave(*sizes):
    d, h, w = np.indices(sizes)
    return np.sin(0.3 * d + 0.2 * h + 0.1 * w).astype(np.float32)[None, ..., None]


@pytest.mark.parametrize(
    ("sizes", "mean", "std", "values"),
    [
        (
            (16, 16, 16),
            -0.512380,
            0.313960,
            {(0, 0, 0): -0.310414, (8, 8, 8): -0.640122, (15, 15, 15): -0.023764,
             (1, 2, 3): -0.332561},
        ),
        (
            (10, 12, 14),
            -0.400207,
            0.254707,
            {(0, 0, 0): -0.309218, (5, 6, 7): -0.957956, (9, 11, 13): -0.142729,
             (1, 2, 3): -0.388922},
        ),
    ],
    ids=["16 x 16 x 16", "sizes that are no multiples of 8"],
)  # fmt: skip
def test_numbers_are_those_of_the_original(published, sizes, mean, std, values):
    y = np.asarray(published(wave(*sizes)))[0, ..., 0]
    assert y.shape == sizes
    assert y.mean() == pytest.approx(mean, abs=2e-6)
    assert y.std() == pytest.approx(std, abs=2e-6)
    for place, value in values.items():
        assert y[place] == pytest.approx(value, abs=5e-6)


@pytest.mark.parametrize(("filters", "parameters"), [(8, 255_289), (16, 1_020_337)])
def test_number_of_parameters(filters, parameters):
    settings = dataclasses.replace(DEEPCAD, first_filters=filters)
    shapes = [shape for step in sketch_net(settings).weighted for shape in step.weight_shapes]
    assert sum(map(np.prod, shapes)) == parameters
    assert settings.build().count_params() == parameters


def test_the_sketch_lists_the_weights_in_the_order_of_the_network(published):
    shapes = [shape for step in sketch_net(DEEPCAD).weighted for shape in step.weight_shapes]
    assert shapes == [w.shape for w in published.get_weights()]


def test_reach_and_halo_are_those_of_the_original(published):
    for net in (published, sketch_net(DEEPCAD)):
        assert net_reach(net) == (51, 51, 51)
        assert net_block(net) == (8, 8, 8)
        assert net_halo(net) == (48, 48, 48)


@pytest.mark.skipif(not openvino_backend.available(), reason="OpenVINO is not installed")
@pytest.mark.parametrize("merge", [True, False])
def test_openvino_computes_the_same(published, merge):
    from n2v_tools.nets.openvino_net import to_openvino

    sketch, x = sketch_net(DEEPCAD), wave(16, 24, 16)
    arrays = iter(published.get_weights())
    weights = {step: [next(arrays) for _ in step.weight_shapes] for step in sketch.weighted}
    net = to_openvino(sketch, weights, x.shape[1:-1], merge_upsampling=merge)
    compiled = openvino_backend.compile_for_cpu(net, "float32", 1)
    expected = np.asarray(published(x))
    np.testing.assert_allclose(compiled([x])[0], expected, atol=2e-5 * expected.std())


def test_new_weights_are_spread_as_in_pytorch():
    net = DEEPCAD.build(seed=3)
    for layer in net.layers:
        for weight in layer.get_weights():
            bound = np.prod(layer.get_weights()[0].shape[:-1]) ** -0.5
            assert np.abs(weight).max() <= bound
            if weight.size > 100:
                assert weight.std() == pytest.approx(bound / np.sqrt(3), rel=0.2)
    again, other = (DEEPCAD.build(seed=s).get_weights() for s in (3, 4))
    assert all(map(np.array_equal, net.get_weights(), again))
    assert not any(map(np.array_equal, net.get_weights(), other))


@pytest.mark.parametrize("sizes", [(8, 8, 8), (9, 8, 11)], ids=["doubled", "odd"])
def test_gradients_flow_through_any_size(sizes):
    net = TINY.build()
    x = default_rng(0).normal(size=(1, *sizes, 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(x) ** 2)
    for gradient in tape.gradient(loss, net.trainable_variables):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    "wrong", [{"batch_norm": True}, {"n_dim": 2}, {"blurpool": True}, {"n_inputs": 3}]
)
def test_what_the_net_has_not_is_refused(wrong):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        dataclasses.replace(DEEPCAD, **wrong)
