"""Memory of a forward pass, by hand for small nets and in proportion for large ones."""

import math

import pytest

from n2v_tools import keras_backend
from n2v_tools.nets.sketch import sketch_net
from n2v_tools.nets.unet import NetSettings
from n2v_tools.restore.footprint import (
    MEASURED_OVERHEAD,
    OPENVINO_OVERHEAD,
    bytes_per_px,
    sketch_bytes_per_px,
)

tf = keras_backend.load()
layers = tf.keras.layers


def traced(*made):
    net = tf.keras.Sequential([tf.keras.Input((None, None, 1)), *made])
    return tf.function(lambda x: net(x), autograph=False)


def floats(n):
    """What TensorFlow takes for `n` values a pixel alive at once."""
    return math.ceil(MEASURED_OVERHEAD * 4 * n)


@pytest.mark.parametrize("filters", [8, 32])
def test_two_tensors_are_alive_while_one_becomes_the_other(filters):
    function = traced(
        layers.Conv2D(filters, 3, padding="same"), layers.Conv2D(filters, 3, padding="same")
    )
    assert bytes_per_px(function, (4, 4), 1) == floats(2 * filters)


def test_what_waits_for_a_concatenation_stays_alive():
    x = tf.keras.Input((None, None, 1))
    skip = layers.Conv2D(8, 3, padding="same")(x)
    deep = layers.Conv2D(4, 3, padding="same")(layers.Conv2D(4, 3, padding="same")(skip))
    net = tf.keras.Model(x, layers.Concatenate()([skip, deep]))
    function = tf.function(lambda image: net(image), autograph=False)
    assert bytes_per_px(function, (4, 4), 1) == floats((8 + 4) + 12)


def test_pooled_tensors_count_by_their_own_pixels():
    wide = [layers.Conv2D(64, 3, padding="same") for _ in range(2)]
    function = traced(layers.Conv2D(4, 3, padding="same"), layers.MaxPooling2D(2), *wide)
    assert bytes_per_px(function, (2, 2), 1) == floats((64 + 64) / 4)


def test_an_identity_needs_its_input_and_its_output():
    assert bytes_per_px(traced(), (1, 1), 1) >= 8


def test_the_size_of_the_tile_does_not_matter():
    net = NetSettings(2, depth=2, first_filters=4).build()
    function = tf.function(lambda x: net(x), autograph=False)
    small, large = (bytes_per_px(function, (block,) * 2, 1) for block in (4, 16))
    assert small == pytest.approx(large, rel=0.02)


def test_weights_of_pointwise_convolutions_count_nothing():
    wide = [layers.Conv2D(64, 1) for _ in range(2)]
    function = traced(layers.Conv2D(4, 1), layers.MaxPooling2D(2), *wide)
    assert bytes_per_px(function, (2, 2), 1) == floats((64 + 64) / 4)


def test_what_was_traced_before_does_not_matter():
    function = traced(layers.Conv2D(8, 3, padding="same"), layers.Conv2D(8, 3, padding="same"))
    function.get_concrete_function(tf.TensorSpec((None, 32, 32, 1), tf.float32))
    assert bytes_per_px(function, (4, 4), 1) == floats(16)


def test_openvino_fuses_what_follows_a_convolution_and_frees_after_the_last_use():
    settings = NetSettings(2, depth=1, first_filters=8)
    peak = 8 + 8 / 4 + 8  # the skip, what comes up to it, and what is made of both
    expected = math.ceil(OPENVINO_OVERHEAD * (4 * peak + 8))
    assert sketch_bytes_per_px(sketch_net(settings), 4) == expected


@pytest.mark.parametrize("n_dim", [2, 3])
def test_half_the_bytes_a_value_are_half_the_memory_but_for_input_and_output(n_dim):
    sketch = sketch_net(NetSettings(n_dim, n_channels=2, depth=2, first_filters=8))
    exact, half = (sketch_bytes_per_px(sketch, n) for n in (4, 2))
    around = OPENVINO_OVERHEAD * 4 * (2 + 2)
    assert exact - around == pytest.approx(2 * (half - around), abs=2)
