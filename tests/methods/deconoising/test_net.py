"""The published net: its parameters, its layout in both engines, and its reach."""

import numpy as np
import pytest

from n2v_tools import keras_backend, openvino_backend
from n2v_tools.errors import SettingsError
from n2v_tools.methods.deconoising.net import PublishedNet
from n2v_tools.nets.openvino_net import to_openvino
from n2v_tools.nets.reach import net_block, net_halo, net_reach
from n2v_tools.nets.sketch import sketch_net


def random_biases(net):
    rng = np.random.default_rng(1)
    for weight in net.trainable_weights:
        if "bias" in weight.name:
            weight.assign(rng.normal(0, 0.1, weight.shape))
    return net


def test_it_has_the_parameters_of_the_original():
    assert PublishedNet(2, depth=2, first_filters=64).build(0).count_params() == 1_677_377


def test_kernels_are_drawn_as_the_original_draws_them():
    net = PublishedNet(2, depth=1, first_filters=64).build(0)
    kernel = net.get_layer("channel_0down_level_0_no_1").get_weights()[0]
    assert kernel.std() == pytest.approx((2 / (2 * 64 * 9)) ** 0.5, rel=0.03)
    limit = (6 / (2 * 64 * 9)) ** 0.5  # where a uniform one would end
    assert np.abs(kernel).max() > limit


@pytest.mark.parametrize("n_dim", [2, 3])
def test_its_reach_is_the_formula_s_and_a_sketch_says_the_same(n_dim):
    settings = PublishedNet(n_dim, depth=2, first_filters=2)
    net, sketch = settings.build(0), sketch_net(settings)
    assert net_block(net) == net_block(sketch) == (4,) * n_dim
    assert net_reach(net) == net_reach(sketch)
    assert net_halo(net) == net_halo(sketch)
    if n_dim == 2:  # 23 px are measured on the original
        assert net_reach(net)[0] <= 23
    shapes = [list(map(tuple, step.weight_shapes)) for step in sketch.weighted]
    layers = [layer for layer in net.layers if layer.weights]
    assert shapes == [[tuple(w.shape) for w in layer.weights] for layer in layers]


@pytest.mark.parametrize("n_dim", [2, 3])
def test_openvino_answers_as_keras_does(n_dim):
    if not openvino_backend.available():
        pytest.skip("there are no OpenVINO wheels for this system")
    settings = PublishedNet(n_dim, depth=1, first_filters=3)
    net, sketch = random_biases(settings.build(0)), sketch_net(settings)
    layers = [layer.get_weights() for layer in net.layers if layer.weights]
    weights = dict(zip(sketch.weighted, layers, strict=True))
    sizes = (8, 12, 10)[-n_dim:]
    x = np.random.default_rng(0).normal(size=(1, *sizes, 1)).astype(np.float32)
    openvino = openvino_backend.load()
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(to_openvino(sketch, weights, sizes), "CPU", hint)
    expected = net(keras_backend.load().constant(x)).numpy()
    np.testing.assert_allclose(compiled(x)[0], expected, atol=1e-5)


def test_what_the_original_lacks_is_refused():
    with pytest.raises(SettingsError, match="batch_norm"):
        PublishedNet(2, batch_norm=True)
