"""Networks of Keras layers; importing this module loads TensorFlow.

Tests: ``tests/nets/test_unet.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import keras_backend
from .builder import BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM, Builder
from .layers import ChannelSlice, Conv3D, MaxBlurPool, UpSamplingLike

if TYPE_CHECKING:
    from .unet import NetSettings


def build_keras(settings: NetSettings, seed: int = 0) -> Any:
    """Build a network of Keras layers, untrained; see `unet.NetSettings.build`."""
    keras = keras_backend.load().keras
    inputs = keras.Input((None,) * settings.n_dim + (settings.channels_in,), name="input")
    return keras.Model(inputs, settings.lay_out(_KerasBuilder(settings, seed), inputs))


class _KerasBuilder(Builder):
    """Makes Keras layers with a seed of their own."""

    def __init__(self, settings: NetSettings, seed: int) -> None:
        super().__init__(settings)
        self.keras = keras_backend.load().keras
        self._seeds = np.random.default_rng(seed)

    def conv(
        self,
        x: Any,
        filters: int,
        name: str,
        kernel: int,
        activation: str = "linear",
        dtype: str | None = None,
    ) -> Any:
        seed = int(self._seeds.integers(2**31))
        kind = self.keras.layers.Conv2D if self.settings.n_dim == 2 else Conv3D
        return kind(
            filters,
            kernel,
            padding="same",
            activation=activation,
            **self._initializers(kernel**self.settings.n_dim * x.shape[-1], seed),
            name=name,
            dtype=dtype,
        )(x)

    def _initializers(self, fan_in: int, seed: int) -> dict[str, Any]:
        """Glorot's and biases of zero, or those of PyTorch, kernel and bias alike."""
        initializers = self.keras.initializers
        if not self.settings.initialised_as_in_torch:
            normal = self.settings.initialised_normal
            kind = initializers.GlorotNormal if normal else initializers.GlorotUniform
            return {"kernel_initializer": kind(seed)}
        bound = fan_in**-0.5
        seeds = {"kernel_initializer": seed, "bias_initializer": seed ^ 1}
        return {
            name: initializers.RandomUniform(-bound, bound, seed=one) for name, one in seeds.items()
        }

    def batch_norm(self, x: Any) -> Any:
        devices = keras_backend.load().distribute.get_strategy().num_replicas_in_sync
        return self.keras.layers.BatchNormalization(
            momentum=BATCH_NORM_MOMENTUM,
            epsilon=BATCH_NORM_EPSILON,
            synchronized=devices > 1,  # over the whole batch, not over each device's part
            name=self.name("batch_normalization"),
        )(x)

    def activation(self, x: Any, kind: str, dtype: str | None = None) -> Any:
        return self.keras.layers.Activation(kind, name=self.name("activation"), dtype=dtype)(x)

    def add(self, x: Any, y: Any) -> Any:
        return self.keras.layers.Add(name=self.name("add"), dtype="float32")([x, y])

    def pool(self, x: Any, name: str) -> Any:
        if self.settings.blurpool:
            return MaxBlurPool(name=name)(x)
        return self._nd("MaxPooling{}D")(2, name=name)(x)

    def upsample(self, x: Any, like: Any | None = None) -> Any:
        if like is not None:
            return UpSamplingLike(name=self.name("up_sampling_like"))([x, like])
        return self._nd("UpSampling{}D")(2, name=self.name(f"up_sampling{self.settings.n_dim}d"))(x)

    def up_conv(self, x: Any, filters: int, name: str) -> Any:
        seed = int(self._seeds.integers(2**31))
        kind = self._nd("Conv{}DTranspose")
        initializers = self._initializers(x.shape[-1], seed)
        return kind(filters, 2, strides=2, padding="same", name=name, **initializers)(x)

    def concatenate(self, parts: list[Any], dtype: str | None = None) -> Any:
        return self.keras.layers.Concatenate(name=self.name("concatenate"), dtype=dtype)(parts)

    def channel(self, x: Any, number: int) -> Any:
        return ChannelSlice(number, name=self.name("lambda"), dtype="float32")(x)

    def _nd(self, pattern: str) -> Any:
        return getattr(self.keras.layers, pattern.format(self.settings.n_dim))
