"""Layers of a ladder of latent images: draws from a normal distribution, and what they cost.

Parameters of a normal distribution travel as one tensor, means first and logarithms of the
variances after them. All of it is computed in float32, whatever the net computes in, and
log-variances are bounded, since their exponentials overflow soon. Importing this module loads
TensorFlow.

Tests: ``tests/methods/hdn/test_net.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import keras_backend

tf = keras_backend.load()
register = tf.keras.utils.register_keras_serializable(package="n2v_tools")

LOG_VARIANCES = (-10.0, 10.0)  # smallest and largest


def split(parameters: Any) -> tuple[Any, Any]:
    """Part (N, Y, X, 2Z) into means and log-variances, float32, the latter within bounds."""
    mean, log_variance = tf.split(tf.cast(parameters, tf.float32), 2, axis=-1)
    return mean, tf.clip_by_value(log_variance, *LOG_VARIANCES)


def divergence(posterior: Any, prior: Any) -> Any:
    """Kullback-Leibler divergence of normal distributions, nats: (N, Y, X, 2Z) twice to (N,).

    Summed over pixels and channels of each sample [1]_.

    References
    ----------
    .. [1] D. P. Kingma, M. Welling. Auto-encoding variational Bayes. ICLR 2014.
    """
    mean, log_variance = split(posterior)
    prior_mean, prior_log_variance = split(prior)
    # The difference of equal logarithms is exactly 0, so that equal distributions cost nothing.
    apart = log_variance - prior_log_variance
    square = (mean - prior_mean) ** 2 * tf.exp(-prior_log_variance)
    return tf.reduce_sum(0.5 * (tf.exp(apart) - apart - 1 + square), axis=(1, 2, 3))


@register
class Priced(tf.keras.layers.Layer):  # type: ignore[name-defined]
    """Passes a posterior on, and adds to the loss what it tells beyond its prior.

    The price is the divergence per pixel of the net's input, for each sample at least
    `free_nats` in all. In training it is multiplied by the third input, which begins below 1.

    Input shape
        Posterior and prior ``(N, Y, X, 2Z)``, weight ``(N, 1)``

    Output shape
        The posterior, ``(N, Y, X, 2Z)``, float32
    """

    reads_first_pointwise = True

    def __init__(self, step_px: int, free_nats: float, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.step_px, self.free_nats = step_px, free_nats

    def call(self, inputs: Sequence[Any], training: Any = None) -> Any:
        """Add the price to the loss."""
        posterior, prior, weight = inputs
        shape = tf.shape(posterior)
        pixels = tf.cast(shape[1] * shape[2] * self.step_px**2, tf.float32)
        nats = tf.maximum(divergence(posterior, prior), self.free_nats)
        price = tf.reduce_mean(nats) / pixels
        if training:
            price = price * tf.reduce_mean(weight)
        self.add_loss(price)
        return posterior

    def compute_output_shape(
        self, input_shape: Sequence[Sequence[int | None]]
    ) -> tuple[int | None, ...]:
        """Shape of the posterior."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """What the constructor needs."""
        return {**super().get_config(), "step_px": self.step_px, "free_nats": self.free_nats}


@register
class Drawn(tf.keras.layers.Layer):  # type: ignore[name-defined]
    """A draw from a normal distribution, made of standard normal numbers that are handed in.

    With zeros it is the mean.

    Input shape
        Parameters ``(N, Y, X, 2Z)``, standard normal numbers ``(N, Y, X, Z)``

    Output shape
        ``(N, Y, X, Z)``
    """

    reads_first_pointwise = True

    def call(self, inputs: Sequence[Any]) -> Any:
        """Draw."""
        mean, log_variance = split(inputs[0])
        drawn = mean + tf.exp(0.5 * log_variance) * tf.cast(inputs[1], tf.float32)
        return tf.cast(drawn, self.compute_dtype)

    def compute_output_shape(
        self, input_shape: Sequence[Sequence[int | None]]
    ) -> tuple[int | None, ...]:
        """Shape of the numbers."""
        return tuple(input_shape[1])


@register
class TopPrior(tf.keras.layers.Layer):  # type: ignore[name-defined]
    """The prior of the topmost level: learned, and the same at every pixel.

    Input shape
        ``(N, Y, X, 2Z)``, of which only the shape counts

    Output shape
        The same, float32
    """

    reads_first_pointwise = True

    def __init__(self, **options: Any) -> None:
        super().__init__(dtype="float32", **options)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the parameters: means 0 and variances 1."""
        self.parameters = self.add_weight(
            name="prior", shape=(1, 1, 1, input_shape[-1]), initializer="zeros", trainable=True
        )
        super().build(input_shape)

    def call(self, posterior: Any) -> Any:
        """Repeat them."""
        return self.parameters + tf.zeros(tf.shape(posterior), tf.float32)


@register
class HalfGate(tf.keras.layers.Layer):  # type: ignore[name-defined]
    """The first half of the channels, by ELU, times a gate made of the second.

    Input shape
        ``(N, Y, X, 2C)``

    Output shape
        ``(N, Y, X, C)``
    """

    reads_first_pointwise = True

    def call(self, x: Any) -> Any:
        """Multiply."""
        values, gate = tf.split(x, 2, axis=-1)
        return tf.nn.elu(values) * tf.sigmoid(gate)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Half the channels."""
        channels = input_shape[-1]
        return (*input_shape[:-1], None if channels is None else channels // 2)
