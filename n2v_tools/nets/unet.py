"""The U-Net of Noise2Void, in 2D and 3D, with one channel or several.

Layers, their names and the order of their weights are those of n2v 0.3.3, so that a
weight file of either loads in the other. Three things differ: in a net per channel each
channel sees itself (n2v shows every net the last channel), a residual net adds what
it should for several channels, and N2V2's layers work in 3D.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..errors import SettingsError
from .builder import Builder

if TYPE_CHECKING:
    from ..contracts import Restorer
    from .weights import WeightFile

N2V_LAYOUT = "n2v"  # that of n2v itself
MAX_PARAMETERS = 2**28  # 1 GiB of float32: far above any useful net, far below a memory bomb


@dataclass(frozen=True)
class NetSettings:
    """The shape of a U-Net.

    SettingsError if a value is out of its range, or the net would be absurdly large. A network of
    another shape derives from this class and overrides `lay_out`, or, if its layers are not a
    `Builder`'s, `build` and `engines`.
    """

    engines: ClassVar[tuple[str, ...]] = ("openvino", "tensorflow")  # what it can be restored with
    # it must never meet the zeros beyond a border: fields are reflected before they are cut
    needs_margin: ClassVar[bool] = False
    # kernels and biases are drawn as PyTorch does, instead of Glorot's kernels and zeros
    initialised_as_in_torch: ClassVar[bool] = False
    initialised_normal: ClassVar[bool] = False  # Glorot's kernels are drawn from a normal one
    layout: ClassVar[str] = N2V_LAYOUT  # name of this shape in a model folder
    title: ClassVar[str] = "Noise2Void"  # name of this shape in a sentence

    n_dim: int  # 2 (YX) or 3 (ZYX, or TYX with time as depth)
    n_channels: int = 1  # channels in and out, 1 to 256
    depth: int = 2  # number of poolings, 1 to 8; sizes must be multiples of ``2**depth``
    first_filters: int = 32  # feature maps at full size, 1 to 1024; doubled after each pooling
    kernel: int = 3  # edge of the convolutions in pixels, odd, 1 to 15
    batch_norm: bool = False  # normalise each convolution over the batch
    residual: bool = False  # the net predicts what is to be added to its input
    last_activation: Literal["linear", "relu"] = "linear"  # applied to the output
    blurpool: bool = False  # pool with `MaxBlurPool` (N2V2)
    skip_skipone: bool = False  # leave out the skip connection at full size (N2V2)
    single_net_per_channel: bool = False  # one net for each channel instead of one for all
    # width of the upward convolutions: n2v 0.3's, or that of CSBDeep and n2v before 0.3, for models
    # that they wrote
    decoder: Literal["n2v", "csbdeep"] = "n2v"
    # Channels in, 1 to 256, where they are not as many as go out: images of several frames that
    # become one. None: `n_channels`.
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
            if self.residual or self.single_net_per_channel:
                raise SettingsError(
                    "n_inputs is for a plain net: neither residual, nor one per channel."
                )
        _require_choice("last_activation", self.last_activation, ("linear", "relu"))
        _require_choice("decoder", self.decoder, ("n2v", "csbdeep"))
        if self._parameters_at_least() > MAX_PARAMETERS:
            raise SettingsError(
                f"depth {self.depth}, first_filters {self.first_filters}, kernel {self.kernel} and "
                f"{self.n_channels} channel(s) make a net of over {MAX_PARAMETERS:.1e} parameters, "
                "more than fits. Lower depth or first_filters; usual are 2 and 32."
            )

    @property
    def channels_in(self) -> int:
        """Channels of the input."""
        return self.n_inputs or self.n_channels

    @property
    def block(self) -> int:
        """Sizes must be a multiple of this, in pixels."""
        return 2**self.depth

    @property
    def own_geometry(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None:
        """Reach, halo and block per axis of a net whose layers `reach` does not know; else None."""
        return None

    def _parameters_at_least(self) -> int:
        """Weights of the two widest convolutions of all nets together."""
        widest = self.first_filters * 2**self.depth
        nets = self.n_channels if self.single_net_per_channel else 1
        return nets * 2 * self.kernel**self.n_dim * widest * widest // 2

    def build(self, seed: int = 0) -> Any:
        """Build the network of Keras layers, untrained.

        Under a mixed-precision policy the first and last layers stay float32, so that
        a residual net adds its input, and the output leaves, unrounded.

        Parameters
        ----------
        seed : int
            Equal seeds give equal weights, whatever else drew random numbers.

        Returns
        -------
        model : keras.Model
            ``(N, [Z,] Y, X, C)`` normalised in, float32 of the same shape out; kernels
            Glorot uniform, biases zero.
        """
        from .keras_net import build_keras

        return build_keras(self, seed)

    def open_itself(self, weights: WeightFile, precision: str, **known: Any) -> Restorer | None:
        """Make the Restorer of a net that takes more than an image; None: it takes an image.

        Arguments are as for `restore.engine.open_net`, with TensorFlow as the engine.
        """
        return None

    def lay_out(self, build: Builder, inputs: Any) -> Any:
        """Lay out the net, whatever it is built of: tensors of `build`'s kind in and out.

        Inputs are all channels, normalised; outputs have as many.
        """
        if not self.single_net_per_channel:
            return self._one_net(build, inputs, self.n_channels, "channel_0")
        outputs = [
            self._one_net(build, build.channel(inputs, c), 1, f"channel_{c}")
            for c in range(self.n_channels)
        ]
        return build.concatenate(outputs, "float32") if outputs[1:] else outputs[0]

    def _one_net(self, build: Builder, inputs: Any, n_channels: int, prefix: str) -> Any:
        """One whole net, from its input channels to its output channels."""
        x = self.down_and_up(build, inputs, prefix)
        name = build.name(f"conv{self.n_dim}d")
        x = build.conv(x, n_channels, name, kernel=1, dtype="float32")
        if self.residual:
            x = build.add(x, inputs)
        return build.activation(x, self.last_activation, "float32")

    def down_and_up(self, build: Builder, x: Any, prefix: str) -> Any:
        """The U: features at full size, before the last 1-pixel convolution."""
        widths = [self.first_filters * 2**level for level in range(self.depth + 1)]
        full_width_decoder = self.decoder == "csbdeep" or self.skip_skipone
        skips = []
        for level in range(self.depth):
            for number in (0, 1):
                x = build.block(x, widths[level], f"{prefix}down_level_{level}_no_{number}")
            skips.append(x)
            x = build.pool(x, f"{prefix}max_{level}")
        x = build.block(x, widths[self.depth], f"{prefix}middle_0")
        x = build.block(x, widths[self.depth - 1], f"{prefix}middle_2")
        for level in reversed(range(self.depth)):
            x = build.upsample(x)
            if level > 0 or not self.skip_skipone:
                x = build.concatenate([x, skips[level]])
            width = widths[level] if full_width_decoder else widths[0]
            x = build.block(x, width, f"{prefix}up_level_{level}_no_0")
            x = build.block(x, widths[max(0, level - 1)], f"{prefix}up_level_{level}_no_2")
        return x


def _require_range(name: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"{name} is {value!r}; it must be a whole number, {low} to {high}.")


def _require_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"{name} is {value!r}; it must be {' or '.join(known)}.")
