"""In bfloat16 a convolution learns what it would learn in float32."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import keras_backend

tf = keras_backend.load()
layers = pytest.importorskip("n2v_tools.nets.layers")

# Without it TensorFlow's own gradients of planes are not right, and nothing trains in bfloat16.
HAS_BFLOAT16 = keras_backend.fast_precision()[0] == "bfloat16"
needs_bfloat16 = pytest.mark.skipif(not HAS_BFLOAT16, reason="the processor has no bfloat16")

CASES = {
    "plane": ((16, 32, 32, 4), 3, "relu"),
    "linear plane": ((16, 32, 32, 4), 3, "linear"),
    "another activation": ((4, 16, 16, 4), 3, "tanh"),
    "volume": ((2, 8, 16, 16, 4), 3, "relu"),
    "fewer planes than the kernel": ((2, 2, 8, 8, 4), 3, "relu"),
    "fewer planes than a kernel of 5": ((2, 4, 8, 8, 4), 5, "relu"),
    "one plane": ((2, 1, 8, 8, 4), 3, "relu"),
}


def fill_free_memory_with_nan():
    rng = default_rng(0)
    sizes = [*rng.integers(1, 1_000_000, 4), *(300, 1_000, 10_000, 60_000) * 8]
    del [np.full(size, np.nan, np.float32) for size in sizes][:]


def gradients(x, upstream, kernel, activation, precision):
    """Output of a layer, and the gradients of its kernel, its bias and its input."""
    conv = tf.keras.layers.Conv2D if x.ndim == 4 else layers.Conv3D
    layer = conv(
        6, kernel, padding="same", activation=activation, dtype=precision,
        kernel_initializer=tf.keras.initializers.GlorotUniform(0),
    )  # fmt: skip
    layer.build(x.shape)

    @tf.function  # as in training; what is fused there is not fused elsewhere
    def compute(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cast(layer(x), tf.float32)
        return y, *tape.gradient(y, [layer.kernel, layer.bias, x], output_gradients=upstream)

    fill_free_memory_with_nan()
    return [np.asarray(one, np.float32) for one in compute(tf.constant(x), tf.constant(upstream))]


@needs_bfloat16
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gradients_in_bfloat16_are_those_of_float32(case):
    shape, kernel, activation = case
    rng = default_rng(1)
    x = rng.normal(size=shape).astype(np.float32)
    # Far from zero on the whole, so that no gradient is the small rest of large numbers.
    upstream = (1 + 0.3 * rng.normal(size=(*shape[:-1], 6))).astype(np.float32)
    exact = gradients(x, upstream, kernel, activation, "float32")
    for _ in range(3):
        ours = gradients(x, upstream, kernel, activation, "mixed_bfloat16")
        for one, other in zip(ours, exact, strict=True):
            # Rounding takes some pixels across ReLU's edge, where the gradient jumps.
            tolerance = 0.1 if activation == "relu" else 0.02
            assert np.linalg.norm(one - other) < tolerance * np.linalg.norm(other)


@needs_bfloat16
@pytest.mark.parametrize("shape", [(64, 64, 64, 4), (4, 16, 64, 64, 4)], ids=["YX", "ZYX"])
def test_the_gradient_of_a_bias_is_not_added_up_in_bfloat16(shape):
    x = np.zeros(shape, np.float32)
    upstream = default_rng(2).normal(size=(*shape[:-1], 6)).astype(np.float32)
    upstream = np.asarray(tf.cast(tf.cast(upstream, tf.bfloat16), tf.float32))
    expected = upstream.sum(axis=tuple(range(len(shape) - 1)), dtype=np.float64)
    _, _, of_bias, _ = gradients(x, upstream, 3, "linear", "mixed_bfloat16")
    np.testing.assert_allclose(of_bias, expected, rtol=0.01)
