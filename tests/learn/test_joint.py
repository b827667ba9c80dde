"""A net of several outputs learns by one loss over all of them and what a layer adds."""

import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.learn.joint import joined
from n2v_tools.learn.loop import run_loop
from n2v_tools.learn.loop_plan import LoopPlan
from n2v_tools.learn.samples import Batches
from n2v_tools.nets.weights import WeightFile
from n2v_tools.prepare.symmetry import symmetries

tf = keras_backend.load()
KEPT = 0.5  # of the square of the first factor, added to the loss


def two_outputs(a=3.0, b=-1.0):
    """Outputs ``a x`` and ``b x``; a layer adds ``KEPT * a**2`` to the loss."""

    class Factor(tf.keras.layers.Layer):
        def __init__(self, start, share, **known):
            super().__init__(**known)
            self.share = share
            start = tf.keras.initializers.Constant(start)
            self.factor = self.add_weight(name=f"{self.name}_factor", shape=(), initializer=start)

        def call(self, x):
            if self.share:
                self.add_loss(self.share * tf.square(self.factor))
            return self.factor * x

    x = tf.keras.Input((None, None, 1))
    return tf.keras.Model(x, [Factor(a, KEPT, name="a")(x), Factor(b, 0, name="b")(x)])


def factors(net):
    return [float(weight) for weight in net.trainable_weights]


def product(targets, predictions):
    """What no sum of one loss an output could be: an error of the product."""
    return tf.reduce_mean(tf.square(targets[0] * targets[1] - predictions[0] * predictions[1]))


def compiled(rate=0.0):
    net = joined(two_outputs(), product)
    net.compile(optimizer=tf.keras.optimizers.SGD(rate))
    return net


def sample():
    x = np.full((2, 2, 2, 1), 2.0, np.float32)
    return x, (np.full_like(x, 1.0), np.full_like(x, 5.0))


BY_HAND = (1 * 5 - 6 * -2) ** 2 + KEPT * 3**2  # a x = 6, b x = -2


def test_the_loss_is_that_over_all_outputs_and_what_the_layer_adds():
    net = compiled()
    assert net.evaluate(*sample(), verbose=0) == pytest.approx(BY_HAND)
    history = net.fit(*sample(), validation_data=sample(), verbose=0).history
    assert history["loss"] == history["val_loss"] == [pytest.approx(BY_HAND)]


def test_each_weight_goes_down_its_own_slope():
    rate = 1e-4
    net = compiled(rate)
    net.fit(*sample(), verbose=0)
    a, b = factors(net)
    error = 3 * -1 * 4 - 5  # a b x**2 - the product of the targets
    assert a == pytest.approx(3 - rate * (2 * error * -1 * 4 + 2 * KEPT * 3))
    assert b == pytest.approx(-1 - rate * (2 * error * 3 * 4))


def test_the_loss_of_an_epoch_is_the_mean_over_its_batches():
    (x, (one, other)), net = sample(), compiled()
    other = other * np.array([1, 3], np.float32).reshape(2, 1, 1, 1)
    each = [(1 * target - 6 * -2) ** 2 + KEPT * 3**2 for target in (5, 15)]
    found = net.evaluate(x, (one, other), batch_size=1, verbose=0)
    assert found == pytest.approx(np.mean(each))


def test_the_weights_are_those_of_the_net_that_was_given():
    net = two_outputs()
    model = joined(net, product)
    for weight, value in zip(model.trainable_weights, (7, 8), strict=True):
        weight.assign(value)
    assert factors(net) == [7, 8]
    assert [layer.name for layer in model.layers] == [layer.name for layer in net.layers]


def test_the_loop_trains_it_and_keeps_its_losses(tmp_path):
    net = two_outputs()
    patches = np.random.default_rng(0).normal(100, 20, (16, 8, 8, 1)).astype(np.float32)

    def make_sample(shown, seed):
        return shown, (shown, 2 * shown)

    def each_its_own(targets, predictions):
        errors = zip(targets, predictions, strict=True)
        return tf.add_n([tf.reduce_mean(tf.square(t - p)) for t, p in errors])

    training = Batches(patches, 8, [100.0], [20.0], symmetries(), 0)
    state = run_loop(
        net, each_its_own, make_sample, training, training, LoopPlan(40, 5, 0.1), tmp_path
    )
    a, b = factors(net)
    # At the least of (a - 1)**2 v + KEPT a**2, where v is the mean square of what is shown.
    v = float(np.mean(((patches - 100) / 20) ** 2))
    assert a == pytest.approx(v / (v + KEPT), abs=0.02)
    assert b == pytest.approx(2, abs=0.02)
    assert state.best_val_loss == pytest.approx(v * (a - 1) ** 2 + KEPT * a**2, abs=0.02)
    again = two_outputs()
    WeightFile(tmp_path / "weights_last.h5").load_into(again)
    assert factors(again) == [a, b]
