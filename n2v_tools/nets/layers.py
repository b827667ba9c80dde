"""Layers that Keras lacks, written once for 2D and 3D.

They are plain serialisable classes: a saved model never needs a Lambda, whose
code Keras would have to run unseen. Importing this module loads TensorFlow.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from .. import keras_backend
from .builder import blur_kernel

tf = keras_backend.load()
register = tf.keras.utils.register_keras_serializable(package="n2v_tools")


@register
class ChannelSlice(tf.keras.layers.Layer):
    """One channel of several, kept as an axis of length 1.

    Parameters
    ----------
    channel : int
        Number of the channel, from 0.

    Input shape
        ``(N, [Z,] Y, X, C)``

    Output shape
        ``(N, [Z,] Y, X, 1)``
    """

    def __init__(self, channel: int, **options: Any) -> None:
        super().__init__(**options)
        self.channel = channel

    def call(self, x: Any) -> Any:
        """Slice; the channel is bound to the layer, not to a loop variable."""
        return x[..., self.channel : self.channel + 1]

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Shape with one channel."""
        return (*input_shape[:-1], 1)

    def get_config(self) -> dict[str, Any]:
        """What the constructor needs."""
        return {**super().get_config(), "channel": self.channel}


@register
class MaxBlurPool(tf.keras.layers.Layer):
    """Maximum of 2 pixels at stride 1, then binomial blur 1-2-1 at stride 2, per axis.

    Halves the size with less aliasing than max pooling [1]_, the pooling of N2V2 [2]_.
    In 2D the numbers are those of n2v's ``MaxBlurPool2D``; in 3D the blur acts on Z, Y
    and X alike. Output pixel i sees input pixels 2i to 2i + 3, zeros beyond the border.

    The blur kernel is a constant, kept as a weight ``(3, 3, [3,] C, 1)`` because n2v
    keeps it so: weight files fit both ways. The blur itself is two means of two pixels,
    which is the same thing and exists for any number of axes and precision.

    Input shape
        ``(N, [Z,] Y, X, C)``; Z, Y and X even.

    Output shape
        ``(N, [Z/2,] Y/2, X/2, C)``

    References
    ----------
    .. [1] R. Zhang. Making convolutional networks shift-invariant again. ICML 2019.
    .. [2] E. Hoeck, T.-O. Buchholz, A. Brachmann, F. Jug, A. Freytag. N2V2 - Fixing
       Noise2Void checkerboard artifacts. ECCV Workshops 2022.
    """

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the constant weight that n2v's files hold."""
        kernel = blur_kernel(len(input_shape) - 2, input_shape[-1])
        self.blur_kernel = self.add_weight(
            name="blur_kernel",
            shape=kernel.shape,
            initializer=tf.keras.initializers.Constant(kernel),
            trainable=False,
        )
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        """Pool and blur."""
        n_dim = x.shape.rank - 2
        pair, near, far = (2,) * n_dim, (1,) * n_dim, (2,) * n_dim
        x = tf.nn.pool(x, pair, "MAX", strides=near, padding="SAME")
        x = tf.pad(x, [[0, 0], *[[0, 1]] * n_dim, [0, 0]])  # where SAME would put its zero
        x = tf.nn.pool(x, pair, "AVG", strides=near, padding="VALID")
        return tf.nn.pool(x, pair, "AVG", strides=far, padding="VALID")

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Half the size along each spatial axis."""
        batch, *sizes, channels = input_shape
        return (batch, *(size and size // 2 for size in sizes), channels)


@register
class UpSamplingLike(tf.keras.layers.Layer):
    """A volume brought to the size of another by repeating pixels, as PyTorch's nearest does.

    Output pixel i is input pixel ``floor(i * n_in / n_out)``: each twice where the size is
    doubled, one of them thrice where an odd size was pooled.

    Input shape
        ``(N, Z, Y, X, C)`` and another of sizes at least as large

    Output shape
        Sizes of the second, channels of the first
    """

    size = (2, 2, 2)  # as far as `reach` is concerned, which asks for multiples of the block

    def call(self, inputs: Sequence[Any]) -> Any:
        """Repeat; doubled sizes without looking up each pixel, which is slow to learn through."""
        x, like = inputs
        for axis in (1, 2, 3):
            n_in, n_out = x.shape[axis], like.shape[axis]
            if n_in is not None and n_out == 2 * n_in:
                x = _doubled(x, axis)
            else:
                n_in, n_out = tf.shape(x)[axis], tf.shape(like)[axis]
                x = tf.gather(x, tf.range(n_out) * n_in // n_out, axis=axis)
        return tf.ensure_shape(x, self.compute_output_shape([x.shape, like.shape]))

    def compute_output_shape(
        self, input_shape: Sequence[Sequence[int | None]]
    ) -> tuple[int | None, ...]:
        """Sizes of the second, channels of the first."""
        x, like = input_shape
        return (x[0], *like[1:-1], x[-1])


def _doubled(x: Any, axis: int) -> Any:
    """Each plane along `axis` twice."""
    shape = tf.unstack(tf.shape(x))
    shape[axis] *= 2
    return tf.reshape(tf.stack([x, x], axis=axis + 1), tf.stack(shape))


@register
class Conv3D(tf.keras.layers.Conv3D):
    """Keras' Conv3D with zeros beyond the border, its gradients right in bfloat16.

    On processors two of TensorFlow's gradients are wrong in bfloat16 (seen with 2.15.1).
    That of the bias is added up in bfloat16: for 64 noisy planes of 64 px half of it is
    rounding. That of the kernel is not written, but holds what the memory held before, where
    the image has fewer planes than the kernel. Here the first is added up in float32, and the
    second computed in float32 where there are too few planes. In 2D both are right.
    """

    def call(self, x: Any) -> Any:
        """Convolve, add the bias, apply the activation."""
        if self.compute_dtype == "float32" or keras_backend.gpus():
            return super().call(x)
        kernel, bias = tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.bias)
        if self.activation is tf.keras.activations.relu:
            return _convolution(relu=True)(x, kernel, bias)
        return self.activation(_convolution(relu=False)(x, kernel, bias))


@functools.cache
def _convolution(relu: bool) -> Any:
    """Function of (x, kernel, bias) in bfloat16, with its gradients.

    ReLU is part of it, so that all three are one operation.
    """

    @tf.custom_gradient
    def convolve(x: Any, kernel: Any, bias: Any) -> Any:
        y = tf.nn.bias_add(tf.nn.conv3d(x, kernel, [1] * 5, "SAME"), bias)
        y = tf.nn.relu(y) if relu else y

        def gradients(upstream: Any) -> tuple[Any, Any, Any]:
            if relu:
                upstream = tf.raw_ops.ReluGrad(gradients=upstream, features=y)
            of_x = tf.raw_ops.Conv3DBackpropInputV2(
                input_sizes=tf.shape(x),
                filter=kernel,
                out_backprop=upstream,
                strides=[1] * 5,
                padding="SAME",
            )
            of_bias = tf.raw_ops.BiasAddGrad(out_backprop=tf.cast(upstream, tf.float32))
            return of_x, _of_kernel(x, kernel, upstream), tf.cast(of_bias, bias.dtype)

        return y, gradients

    return convolve


def _of_kernel(x: Any, kernel: Any, upstream: Any) -> Any:
    """Gradient of the kernel, in its own type."""

    def computed_in(dtype: Any) -> Any:
        gradient = tf.raw_ops.Conv3DBackpropFilterV2(
            input=tf.cast(x, dtype),
            filter_sizes=tf.shape(kernel),
            out_backprop=tf.cast(upstream, dtype),
            strides=[1] * 5,
            padding="SAME",
        )
        return tf.cast(gradient, kernel.dtype)

    return tf.cond(
        tf.shape(x)[1] < kernel.shape[0],
        lambda: computed_in(tf.float32),
        lambda: computed_in(x.dtype),
    )
