"""A net as a list of steps: the Keras net's layers, weights and channels, without TensorFlow.

That its reach and weights are those of the Keras net is in ``tests/restore/test_openvino.py``.
"""

import subprocess
import sys

import numpy as np
import pytest

from n2v_tools.methods.deepcad.net import DeepCADNet
from n2v_tools.nets.sketch import sketch_net
from n2v_tools.nets.unet import NetSettings

NETS = {
    "2D": NetSettings(2, first_filters=4),
    "batch norm": NetSettings(2, depth=1, first_filters=4, batch_norm=True, residual=True),
    "N2V2 in 3D": NetSettings(3, first_filters=2, blurpool=True, skip_skipone=True),
    "net per channel": NetSettings(2, 3, 1, 2, batch_norm=True, single_net_per_channel=True),
    "several in, one out": NetSettings(2, depth=1, first_filters=2, n_inputs=5),
    "another layout": DeepCADNet(3, depth=2, first_filters=4),
}
every_net = pytest.mark.parametrize("settings", NETS.values(), ids=NETS)


@every_net
def test_steps_come_after_what_they_read_and_all_but_the_output_are_read(settings):
    sketch = sketch_net(settings)
    made, read = {sketch.input}, set()
    for step in sketch.steps:
        assert set(step.sources) <= made
        made.add(step)
        read |= set(step.sources)
    assert made - read == {sketch.output}
    assert len({step.name for step in sketch.weighted}) == len(sketch.weighted)


@every_net
def test_it_takes_and_gives_the_channels_and_the_size_of_the_settings(settings):
    sketch = sketch_net(settings)
    assert (sketch.input.channels, sketch.output.channels) == (
        settings.channels_in, settings.n_channels,
    )  # fmt: skip
    assert sketch.input.scale == sketch.output.scale == 1
    assert max(step.scale for step in sketch.steps) == settings.block
    for step in sketch.steps:
        if step.kind == "Concatenate":
            assert step.channels == sum(one.channels for one in step.sources)
            assert len({one.scale for one in step.sources}) == 1
        if step.kind == "Add":
            assert len({(one.channels, one.scale) for one in step.sources}) == 1


@every_net
def test_its_weights_are_as_many_as_those_of_the_net_and_in_its_order(settings):
    net, sketch = settings.build(), sketch_net(settings)
    shapes = [shape for step in sketch.weighted for shape in step.weight_shapes]
    assert shapes == [tuple(weight.shape) for layer in net.layers for weight in layer.weights]
    assert sum(map(np.prod, shapes)) == net.count_params()


def test_a_net_is_drawn_without_tensorflow():
    code = (
        "import sys; from n2v_tools.nets.sketch import sketch_net; "
        "from n2v_tools.nets.unet import NetSettings; "
        "sketch_net(NetSettings(2, depth=5)); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
