"""The ladder of a hierarchical variational autoencoder, and its shape.

On the way up the image is halved level by level. On the way down each level draws a latent
image: its distribution (posterior) is read from what came up and what came down, and must not
tell more than need be beyond what came down alone expects (prior). At full size again, one
convolution gives the signal. Levels may be made blind to what came up: then structure as fine
as theirs cannot be told, such as noise that neighbours share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ... import keras_backend
from ...errors import SettingsError
from ...nets.unet import MAX_PARAMETERS, NetSettings

if TYPE_CHECKING:
    from ...contracts import Restorer
    from ...nets.weights import WeightFile

EPSILON, MOMENTUM = 1e-5, 0.9  # of batch normalisation, as PyTorch's defaults
FIRST_KERNEL = 5


@dataclass(frozen=True)
class LadderNet(NetSettings):
    """The shape of a ladder [1]_; `depth` is the number of levels, `first_filters` of all filters.

    References
    ----------
    .. [1] M. Prakash, M. Delbracio, P. Milanfar, F. Jug. Interpretable unsupervised diversity
       denoising and artefact removal. ICLR 2022.
    """

    engines: ClassVar[tuple[str, ...]] = ("tensorflow",)
    initialised_as_in_torch: ClassVar[bool] = True
    layout: ClassVar[str] = "ladder"
    title: ClassVar[str] = "HDN"

    latents: int = 32  # channels of each latent image
    blocks: int = 5  # residual blocks of each level, each way
    blind: tuple[int, ...] = ()  # levels, the finest is 0, that do not see the image
    dropout: float = 0.0  # share of channels that are left out in training
    free_nats: float = 1.0  # that each level may tell of a patch at no cost

    def __post_init__(self) -> None:
        super().__post_init__()
        found = {"n_dim": (self.n_dim, 2), "n_channels": (self.n_channels, 1)}
        for name, (value, right) in found.items():
            if value != right:
                raise SettingsError(f"{name} is {value}; HDN's net has {right}. Leave it out.")
        for name, low, high in (("latents", 1, 512), ("blocks", 1, 16)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise SettingsError(f"{name} is {value!r}; it must be {low} to {high}.")
        for name, low, top in (("dropout", 0, 0.9), ("free_nats", 0, 1e6)):
            number = getattr(self, name)
            if not isinstance(number, (int, float)) or not low <= number <= top:
                raise SettingsError(f"{name} is {number!r}; it must be {low} to {top:g}.")
        levels = range(self.depth - 1)
        if any(isinstance(one, bool) or one not in levels for one in self.blind):
            raise SettingsError(
                f"blind levels {list(self.blind)}: they must be of 0 to {self.depth - 2}, since "
                "the topmost has to see the image."
            )

    def _parameters_at_least(self) -> int:
        """Convolutions of the levels alone."""
        pairs = 2 * self.depth * self.blocks
        return min(2 * 9 * self.first_filters**2 * pairs, MAX_PARAMETERS + 1)

    def build(self, seed: int = 0) -> Any:
        """Build the net of Keras layers, untrained.

        Returns
        -------
        model : keras.Model
            Takes an image (N, Y, X, 1), normalised, standard normal numbers for each level from
            the finest on (N, Y / 2**(level + 1), X / ..., latents), and the weight (N, 1) of what
            the latent images cost in training. Gives the signal (N, Y, X, 1), float32; the
            cost is added to the loss. ``model.ladder`` is the `Ladder` of its layers.
        """
        keras = keras_backend.load().keras
        ladder = Ladder(self, seed)
        image = keras.Input((None, None, 1), name="image")
        numbers = [
            keras.Input((None, None, self.latents), name=f"numbers_{level}")
            for level in range(self.depth)
        ]
        weight = keras.Input((1,), name="weight")
        signal = ladder.down(ladder.up(image), numbers, weight)
        model = keras.Model([image, *numbers, weight], signal)
        model.ladder = ladder
        return model

    def open_itself(self, weights: WeightFile, precision: str, **known: Any) -> Restorer:
        """Make the Restorer of the net and its weights; see `nets.unet.NetSettings`."""
        from .ladder_engine import LadderRestorer

        known.pop("struct_mask", None)
        return LadderRestorer(self, weights.load(self, precision), precision, **known)


class Ladder:
    """The layers of a `LadderNet`, to be called on symbols or on tensors."""

    def __init__(self, net: LadderNet, seed: int) -> None:
        from .latents import Drawn, Priced, TopPrior

        self.net = net
        make = _Maker(net, seed)
        self._first = make.conv("first", net.first_filters, FIRST_KERNEL, 1, activation="elu")
        self._first_block = make.block("first_block", gated=False)
        self._levels_up = [
            (make.halve(f"up_{i}_halve"), make.blocks(f"up_{i}")) for i in range(net.depth)
        ]
        self._posteriors: list[Any] = []
        self._priors: list[Any] = []
        self._merges: list[Any] = []
        self._skips: list[Any] = []
        self._drawn, self._priced, self._out, self._levels_down = [], [], [], []
        for i in range(net.depth):
            top = i == net.depth - 1
            both = 2 * net.latents
            self._priors.append(
                TopPrior(name="prior") if top else make.conv(f"down_{i}_prior", both)
            )
            self._posteriors.append(make.conv(f"down_{i}_posterior", both))
            self._merges.append(None if top else make.merge(f"down_{i}_merge"))
            self._skips.append(None if top else make.merge(f"down_{i}_skip"))
            self._priced.append(Priced(2 ** (i + 1), net.free_nats, name=f"down_{i}_priced"))
            self._drawn.append(Drawn(name=f"down_{i}_drawn"))
            self._out.append(make.conv(f"down_{i}_drawn_conv", n_in=net.latents))
            self._levels_down.append((make.double(f"down_{i}_double"), make.blocks(f"down_{i}")))
        self._last_blocks = make.blocks("last")
        self._head = make.conv("head", 1, dtype="float32")

    def up(self, image: Any, training: Any = None) -> list[Any]:
        """Features of each level, the finest first, of an image (N, Y, X, 1)."""
        x = self._first_block(self._first(image), training)
        found = []
        for halve, blocks in self._levels_up:
            x = halve(x)
            for block in blocks:
                x = block(x, training)
            found.append(x)
        return found

    def down(
        self,
        seen: Sequence[Any],
        numbers: Sequence[Any],
        weight: Any = None,
        training: Any = None,
        told: list[tuple[Any, Any]] | None = None,
    ) -> Any:
        """Signal (N, Y, X, 1) from features and standard normal numbers of each level.

        Without `weight` latent images cost nothing. `told` takes posterior and prior of each
        level, the topmost first.
        """
        out = None
        for i in reversed(range(self.net.depth)):
            out = self._level_down(i, seen[i], out, numbers[i], weight, training, told)
        for block in self._last_blocks:
            out = block(out, training)
        return self._head(out)

    def _level_down(
        self,
        i: int,
        seen: Any,
        out: Any,
        numbers: Any,
        weight: Any,
        training: Any,
        told: list[tuple[Any, Any]] | None,
    ) -> Any:
        """One level on the way down: draw, and go on at twice the size."""
        if out is None:  # the topmost
            posterior = self._posteriors[i](seen)
            prior = self._priors[i](posterior)
        else:
            blind = i in self.net.blind
            posterior = self._posteriors[i](out if blind else self._merges[i](seen, out, training))
            prior = self._priors[i](out)
        if told is not None:
            told.append((posterior, prior))
        if weight is not None:
            posterior = self._priced[i]([posterior, prior, weight])
        x = self._out[i](self._drawn[i]([posterior, numbers]))
        if out is not None:
            x = self._skips[i](x, out, training)
        double, blocks = self._levels_down[i]
        x = double(x)
        for block in blocks:
            x = block(x, training)
        return x


class _Maker:
    """Makes layers, drawn as PyTorch draws them, with a seed of their own."""

    def __init__(self, net: LadderNet, seed: int) -> None:
        self.net = net
        self.keras = keras_backend.load().keras
        self._seeds = np.random.default_rng(seed)

    def conv(
        self,
        name: str,
        filters: int | None = None,
        kernel: int = 3,
        n_in: int | None = None,
        **options: Any,
    ) -> Any:
        fan_in = kernel**2 * (n_in or self.net.first_filters)
        return self.keras.layers.Conv2D(
            filters or self.net.first_filters,
            kernel,
            name=name,
            **{"padding": "same", **self._drawn(fan_in), **options},
        )

    def halve(self, name: str) -> Any:
        # Of even sizes, "same" would shift the grid by a pixel.
        layers = self.keras.layers
        pad = layers.ZeroPadding2D(1, name=f"{name}_pad")
        conv = self.conv(name, strides=2, padding="valid")
        return lambda x: conv(pad(x))

    def double(self, name: str) -> Any:
        layers, filters = self.keras.layers, self.net.first_filters
        conv = layers.Conv2DTranspose(
            filters, 3, strides=2, padding="valid", name=name, **self._drawn(9 * filters)
        )
        crop = layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")
        return lambda x: crop(conv(x))

    def blocks(self, name: str) -> list[Any]:
        return [self.block(f"{name}_block_{k}") for k in range(self.net.blocks)]

    def merge(self, name: str) -> Any:
        filters = self.net.first_filters
        join = self.keras.layers.Concatenate(name=f"{name}_join")
        conv = self.conv(f"{name}_conv", kernel=1, n_in=2 * filters)
        block = self.block(f"{name}_block")
        return lambda x, y, training: block(conv(join([x, y])), training)

    def block(self, name: str, gated: bool = True) -> Any:
        """A residual block: twice normalise, ELU, convolve; then perhaps a gate."""
        layers, net = self.keras.layers, self.net
        steps: list[tuple[Any, bool]] = []
        for k in range(2):
            if net.batch_norm:
                steps.append((self._norm(f"{name}_norm_{k}"), True))
            steps.append((layers.Activation("elu", name=f"{name}_elu_{k}"), False))
            steps.append((self.conv(f"{name}_conv_{k}"), False))
            if net.dropout:
                drop = layers.SpatialDropout2D(net.dropout, name=f"{name}_dropout_{k}")
                steps.append((drop, True))
        gate = self._gate(f"{name}_gate") if gated else None
        add = layers.Add(name=f"{name}_add")

        def call(x: Any, training: Any) -> Any:
            y = x
            for layer, depends in steps:
                y = layer(y, training=training) if depends else layer(y)
            return add([x, y if gate is None else gate(y)])

        return call

    def _gate(self, name: str) -> Any:
        from .latents import HalfGate

        conv = self.conv(name, 2 * self.net.first_filters, 1)
        gate = HalfGate(name=f"{name}_product")
        return lambda x: gate(conv(x))

    def _norm(self, name: str) -> Any:
        devices = keras_backend.load().distribute.get_strategy().num_replicas_in_sync
        return self.keras.layers.BatchNormalization(
            momentum=MOMENTUM, epsilon=EPSILON, synchronized=devices > 1, name=name
        )

    def _drawn(self, fan_in: int) -> dict[str, Any]:
        """PyTorch's initialisers: kernel and bias uniform within one over the root of the fan."""
        uniform, bound = self.keras.initializers.RandomUniform, fan_in**-0.5
        seed = int(self._seeds.integers(2**31))
        return {
            "kernel_initializer": uniform(-bound, bound, seed=seed),
            "bias_initializer": uniform(-bound, bound, seed=seed ^ 1),
        }
