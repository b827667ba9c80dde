"""The U-Net of Noise2Void, in 2D and 3D, with one channel or several.

Layers, their names and the order of their weights are those of n2v 0.3.3, so that a
weight file of either loads in the other. What differs: in a net per channel each
channel sees itself (n2v shows every net the last channel), a residual net adds what
it should for several channels, and N2V2's layers work in 3D.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .. import keras_backend
from ..errors import SettingsError
from ..methods.deepcad import net as deepcad

MAX_PARAMETERS = 2**28  # 1 GiB of float32: far above any useful net, far below a memory bomb
BATCH_NORM_EPSILON = 1e-3  # Keras'
BATCH_NORM_MOMENTUM = 0.9  # with Keras' 0.99 the moving statistics of a short training are wrong


@dataclass(frozen=True)
class NetSettings:
    """The shape of a U-Net.

    Parameters
    ----------
    n_dim : int
        2 (YX) or 3 (ZYX, or TYX with time as depth).
    n_channels : int
        Channels in and out, 1 to 256.
    depth : int
        Number of poolings, 1 to 8; sizes must be multiples of ``2**depth``.
    first_filters : int
        Feature maps at full size, 1 to 1024; doubled after each pooling.
    kernel : int
        Edge of the convolutions in pixels, odd, 1 to 15.
    batch_norm : bool
        Normalise each convolution over the batch.
    residual : bool
        The net predicts what is to be added to its input.
    last_activation : {"linear", "relu"}
        Applied to the output.
    blurpool : bool
        Pool with `MaxBlurPool` (N2V2).
    skip_skipone : bool
        Leave out the skip connection at full size (N2V2).
    single_net_per_channel : bool
        One net for each channel instead of one for all.
    decoder : {"n2v", "csbdeep"}
        Width of the upward convolutions: n2v 0.3's, or that of CSBDeep and n2v
        before 0.3, for models that they wrote.
    n_inputs : int or None
        Channels in, 1 to 256, where they are not as many as go out: images of several frames that
        become one. None: `n_channels`.
    layout : {"n2v", "deepcad"}
        Noise2Void's U-Net, or DeepCAD-RT's 3D one; see `nets.deepcad`.

    Raises
    ------
    SettingsError
        If a value is out of its range, or the net would be absurdly large.
    """

    n_dim: int
    n_channels: int = 1
    depth: int = 2
    first_filters: int = 32
    kernel: int = 3
    batch_norm: bool = False
    residual: bool = False
    last_activation: Literal["linear", "relu"] = "linear"
    blurpool: bool = False
    skip_skipone: bool = False
    single_net_per_channel: bool = False
    decoder: Literal["n2v", "csbdeep"] = "n2v"
    layout: Literal["n2v", "deepcad"] = "n2v"
    n_inputs: int | None = None

    def __post_init__(self) -> None:
        _require_range("n_dim", self.n_dim, 2, 3)
        _require_range("n_channels", self.n_channels, 1, 256)
        _require_range("depth", self.depth, 1, 8)
        _require_range("first_filters", self.first_filters, 1, 1024)
        _require_range("kernel", self.kernel, 1, 15)
        if self.kernel % 2 == 0:
            raise SettingsError(f"kernel is {self.kernel}; it must be odd, such as 3.")
        if self.n_inputs is not None:
            _require_range("n_inputs", self.n_inputs, 1, 256)
            if self.residual or self.single_net_per_channel or self.layout != "n2v":
                raise SettingsError(
                    "n_inputs is for a plain net: neither residual, nor one per channel, nor "
                    "DeepCAD's."
                )
        _require_choice("last_activation", self.last_activation, ("linear", "relu"))
        _require_choice("decoder", self.decoder, ("n2v", "csbdeep"))
        _require_choice("layout", self.layout, ("n2v", "deepcad"))
        if self.layout == "deepcad":
            self._require_deepcad()
        if self._parameters_at_least() > MAX_PARAMETERS:
            raise SettingsError(
                f"depth {self.depth}, first_filters {self.first_filters}, kernel {self.kernel} and "
                f"{self.n_channels} channel(s) make a net of over {MAX_PARAMETERS:.1e} parameters, "
                "more than fits. Lower depth or first_filters; usual are 2 and 32."
            )

    def _require_deepcad(self) -> None:
        """Raise for what DeepCAD's net has not: it is 3D and does nothing but convolve and pool."""
        others = {"n_dim": 3, "batch_norm": False, "blurpool": False, "skip_skipone": False}
        for name, right in others.items():
            if getattr(self, name) != right:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}; DeepCAD's net has {right}. Leave it out."
                )

    @property
    def channels_in(self) -> int:
        """Channels of the input."""
        return self.n_inputs or self.n_channels

    @property
    def block(self) -> int:
        """Sizes must be a multiple of this, in pixels."""
        return 2**self.depth

    def _parameters_at_least(self) -> int:
        """Weights of the two widest convolutions of all nets together."""
        widest = self.first_filters * 2**self.depth
        nets = self.n_channels if self.single_net_per_channel else 1
        return nets * 2 * self.kernel**self.n_dim * widest * widest // 2


def build_unet(settings: NetSettings, seed: int = 0) -> Any:
    """Build the network, untrained.

    Under a mixed-precision policy the first and last layers stay float32, so that
    a residual net adds its input, and the output leaves, unrounded.

    Parameters
    ----------
    settings : NetSettings
        Shape of the net.
    seed : int
        Equal seeds give equal weights, whatever else drew random numbers.

    Returns
    -------
    model : keras.Model
        ``(N, [Z,] Y, X, C)`` normalised in, float32 of the same shape out; kernels
        Glorot uniform, biases zero.
    """
    keras = keras_backend.load().keras
    inputs = keras.Input((None,) * settings.n_dim + (settings.channels_in,), name="input")
    return keras.Model(inputs, lay_out(_KerasBuilder(settings, seed), inputs))


def lay_out(build: Builder, inputs: Any) -> Any:
    """Lay out the net that ``build.settings`` describe, whatever it is built of.

    Parameters
    ----------
    build : Builder
        Makes the layers.
    inputs : tensor of `build`'s kind
        All channels, normalised.

    Returns
    -------
    outputs : tensor of `build`'s kind
        As many channels.
    """
    settings = build.settings
    if not settings.single_net_per_channel:
        return _one_net(build, inputs, settings.n_channels, "channel_0")
    outputs = [
        _one_net(build, build.channel(inputs, c), 1, f"channel_{c}")
        for c in range(settings.n_channels)
    ]
    return build.concatenate(outputs, "float32") if outputs[1:] else outputs[0]


def _one_net(build: Builder, inputs: Any, n_channels: int, prefix: str) -> Any:
    """One whole net, from its input channels to its output channels."""
    settings = build.settings
    lay_u = deepcad.down_and_up if settings.layout == "deepcad" else _down_and_up
    x = lay_u(build, inputs, prefix)
    x = build.conv(x, n_channels, build.name(f"conv{settings.n_dim}d"), kernel=1, dtype="float32")
    if settings.residual:
        x = build.add(x, inputs)
    return build.activation(x, settings.last_activation, "float32")


def _down_and_up(build: Builder, x: Any, prefix: str) -> Any:
    """The U: features at full size, before the last 1-pixel convolution."""
    s = build.settings
    widths = [s.first_filters * 2**level for level in range(s.depth + 1)]
    full_width_decoder = s.decoder == "csbdeep" or s.skip_skipone
    skips = []
    for level in range(s.depth):
        for number in (0, 1):
            x = build.block(x, widths[level], f"{prefix}down_level_{level}_no_{number}")
        skips.append(x)
        x = build.pool(x, f"{prefix}max_{level}")
    x = build.block(x, widths[s.depth], f"{prefix}middle_0")
    x = build.block(x, widths[s.depth - 1], f"{prefix}middle_2")
    for level in reversed(range(s.depth)):
        x = build.upsample(x, skips[level])
        if level > 0 or not s.skip_skipone:
            x = build.concatenate([x, skips[level]])
        width = widths[level] if full_width_decoder else widths[0]
        x = build.block(x, width, f"{prefix}up_level_{level}_no_0")
        x = build.block(x, widths[max(0, level - 1)], f"{prefix}up_level_{level}_no_2")
    return x


class Builder(ABC):
    """Makes layers, with the names n2v gives them, of one kind: Keras', or only a sketch."""

    def __init__(self, settings: NetSettings) -> None:
        self.settings = settings
        self._made: Counter[str] = Counter()

    def name(self, kind: str) -> str:
        """The name Keras gives in a fresh session: ``add``, ``add_1``, ``add_2``."""
        number = self._made[kind]
        self._made[kind] += 1
        return f"{kind}_{number}" if number else kind

    def block(self, x: Any, filters: int, name: str) -> Any:
        """Convolution and ReLU, with batch normalisation between them if so set."""
        kernel = self.settings.kernel
        if not self.settings.batch_norm:
            return self.conv(x, filters, name, kernel, "relu")
        x = self.batch_norm(self.conv(x, filters, name, kernel))
        return self.activation(x, "relu")

    @abstractmethod
    def conv(
        self,
        x: Any,
        filters: int,
        name: str,
        kernel: int,
        activation: str = "linear",
        dtype: str | None = None,
    ) -> Any:
        """Convolve, zeros beyond the border, then apply the activation."""

    @abstractmethod
    def batch_norm(self, x: Any) -> Any:
        """Normalise each channel over the batch."""

    @abstractmethod
    def activation(self, x: Any, kind: str, dtype: str | None = None) -> Any:
        """Apply ``linear`` or ``relu``."""

    @abstractmethod
    def add(self, x: Any, y: Any) -> Any:
        """Add two tensors, in float32."""

    @abstractmethod
    def pool(self, x: Any, name: str) -> Any:
        """Halve the size."""

    @abstractmethod
    def upsample(self, x: Any, like: Any) -> Any:
        """Double the size by repeating pixels; DeepCAD: to the size of `like`, even if odd."""

    @abstractmethod
    def concatenate(self, parts: list[Any], dtype: str | None = None) -> Any:
        """Join channels."""

    @abstractmethod
    def channel(self, x: Any, number: int) -> Any:
        """One channel, by a layer of the name that n2v's Lambda bears."""


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
        from . import layers

        seed = int(self._seeds.integers(2**31))
        kind = self.keras.layers.Conv2D if self.settings.n_dim == 2 else layers.Conv3D
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
        """Glorot's, biases zero; for DeepCAD those of PyTorch, kernel and bias alike."""
        initializers = self.keras.initializers
        if self.settings.layout == "n2v":
            return {"kernel_initializer": initializers.GlorotUniform(seed)}
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
            from .layers import MaxBlurPool

            return MaxBlurPool(name=name)(x)
        return self._nd("MaxPooling{}D")(2, name=name)(x)

    def upsample(self, x: Any, like: Any) -> Any:
        if self.settings.layout == "deepcad":
            from .layers import UpSamplingLike

            return UpSamplingLike(name=self.name("up_sampling_like"))([x, like])
        return self._nd("UpSampling{}D")(2, name=self.name(f"up_sampling{self.settings.n_dim}d"))(x)

    def concatenate(self, parts: list[Any], dtype: str | None = None) -> Any:
        return self.keras.layers.Concatenate(name=self.name("concatenate"), dtype=dtype)(parts)

    def channel(self, x: Any, number: int) -> Any:
        from .layers import ChannelSlice

        return ChannelSlice(number, name=self.name("lambda"), dtype="float32")(x)

    def _nd(self, pattern: str) -> Any:
        return getattr(self.keras.layers, pattern.format(self.settings.n_dim))


def _require_range(name: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"{name} is {value!r}; it must be a whole number, {low} to {high}.")


def _require_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"{name} is {value!r}; it must be {' or '.join(known)}.")
