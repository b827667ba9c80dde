"""DecoNoising: hidden pixels predicted through the blur of the microscope."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.ndimage import gaussian_filter

from ... import keras_backend
from ...errors import SettingsError, StackError
from ...nets.unet import NetSettings
from ...stack import Stack
from ...words import option
from ..blind_spots import BlindSpots, BlindSpotSettings
from .blur import blurring
from .estimate import estimate_psf
from .net import PublishedNet, SharpNet
from .origins import AUTO, psf_for, require_readable, split_channels
from .psf import Psf, sharpened
from .section import MOST_PASSES, Kept

SMOOTHED_PX = 2.0  # deviation, before the darkest place is looked for
DARKEST_PERCENT = 0.1  # of the smoothed pixels that may lie below the background
LOOKED_AT = 256  # patches
ALL_TURNS = 8
LEFT_SHARE = 8  # of a patch's edge, that a border may take up at most
REACH_SHARE = 4  # of a patch's edge: a blur that reaches further meets its border everywhere


@dataclass(frozen=True)
class DecoNoisingSettings(BlindSpotSettings):
    """Everything `--set` can change; a default stands here and nowhere else."""

    psf: str = AUTO  # gaussian:1.2, na=..,wavelength=..,index=.., a file, or auto
    background: tuple[float, ...] = ()  # counts where nothing is, a channel each; empty: measured
    learning_rate: float = 0.004
    positivity: float = 0.03  # weight of what lies below the background; the original has 1
    total_variation: float = 0.0  # weight of the slopes before the blur
    out_scale: float = 1.0  # by which the net's answer is multiplied; the original has 10
    sharpen: int = 2  # passes that sharpen the net's answer before the blur; the original has none
    # errors near a patch's border, where the blur meets mirrored pixels, count; as in the original
    count_borders: bool = False
    net: Literal["n2v", "published"] = "n2v"

    def __post_init__(self) -> None:
        self.require_blind_spots(_RANGES)
        require_readable(self.psf)
        if self.start_from:
            raise SettingsError(
                f"start_from cannot be used with {option('method', 'deconoising')}: leave it out."
            )
        if self.loss != "mse":
            raise SettingsError(
                f"loss is {self.loss}; {option('method', 'deconoising')} learns by mse only."
            )


_RANGES = (
    ("positivity", 0, 1000),
    ("total_variation", 0, 1000),
    ("out_scale", 0.01, 1000),
    ("sharpen", 0, MOST_PASSES),
)

PUBLISHED: dict[str, Any] = {
    "net": "published",
    "unet_n_depth": 2,
    "unet_n_first": 64,
    "out_scale": 10.0,
    "sharpen": 0,
    "schedule": "plateau",
    "positivity": 1.0,
    "count_borders": True,
    "masked_percent": 100 / 36,  # one in 32 is asked for, which gives one in a box of 6 x 6
    "replacement": "uniform_withoutCP",
    "radius_px": 2,
    "recorrupt": 0.0,
    "psf": "gaussian:1",
    "precision": "float32",
}

PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "fast": {"net_size": "small", "epochs": 40},
    "best": {
        "net_size": "large",
        "learning_rate": 0.002,
        "epochs": 100,
        "steps_per_epoch": 150,
    },
    # The training script that comes with the original; 20 patches a step, one after the other.
    "deconoising-published": {
        **PUBLISHED,
        "patch_px": (100, 100),
        "batch_size": 20,
        "epochs": 200,
        "steps_per_epoch": 10,
        "learning_rate": 0.001,
        "validation": 0.3,
    },
    # What the original's training function does unless told otherwise.
    "deconoising-function": {
        **PUBLISHED,
        "patch_px": (100, 100),
        "batch_size": 80,
        "epochs": 200,
        "steps_per_epoch": 50,
        "learning_rate": 1e-4,
    },
    # The notebook of ZeroCostDL4Mic; its steps depend on the size of the images.
    "deconoising-zerocost": {
        **PUBLISHED,
        "patch_px": (80, 80),
        "batch_size": 80,
        "epochs": 100,
        "learning_rate": 0.001,
        "validation": 0.2,
    },
}


@dataclass(frozen=True)
class DecoNoising(BlindSpots):
    """Predict hidden pixels by an image that the microscope has blurred [1]_.

    A net predicts what was there before the blur; its answer is blurred by the known point spread
    function and compared with the noisy pixels. So the restored image can hold nothing finer than
    the microscope passes, and noise that looks like structure has nowhere to go. What the net
    predicts is a deconvolved image, which is kept from falling below the background.

    References
    ----------
    .. [1] A. S. Goncharova, A. Honigmann, F. Jug, A. Krull. Improving Blind Spot Denoising for
       Microscopy. ECCV Workshops 2020.
    """

    settings: DecoNoisingSettings = DecoNoisingSettings()
    psfs: tuple[Psf | None, ...] = ()  # of each channel; None: found from the pixels
    axes: str = ""  # of the model; empty: not yet known
    backgrounds: tuple[float, ...] = ()  # counts, of each channel
    floors: tuple[float, ...] = ()  # the same, normalised
    name: ClassVar[str] = "deconoising"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PRESETS
    loss_title: ClassVar[str] = "loss at hidden pixels, and below the background"

    def net_settings(self, n_channels: int) -> NetSettings:
        """The network for patches of `n_channels` channels."""
        s = self.settings
        kind = SharpNet if s.net == "n2v" else PublishedNet
        return kind(
            n_dim=len(s.patch_px),
            n_channels=n_channels,
            depth=s.depth,
            first_filters=s.first_filters,
            kernel=s.unet_kern_size,
            single_net_per_channel=not s.joint_channels,
        )

    def informed_by(
        self, stacks: Sequence[Stack], axes: str, *, seed: int, keep_strips: bool
    ) -> tuple[DecoNoising, list[str]]:
        """Take the point spread function of each channel from where it is asked for."""
        stack = stacks[0]
        n_channels = stack.sizes.get("C", 1)
        asked = split_channels(self.settings.psf)
        if len(asked) not in (1, n_channels):
            raise SettingsError(
                f"{option('psf', self.settings.psf)} gives {len(asked)}, but {stack.name} has "
                f"{n_channels} channel(s). Give one for all, or one each with ; between."
            )
        if axes == "TYX" and len(self.settings.patch_px) == 3 and self._deep_text(asked):
            raise SettingsError(
                f"{option('psf', self.settings.psf)} spreads a point along depth, but the depth "
                "of this model is time. Give two deviations (Y,X) at most."
            )
        found = [
            psf_for(asked[channel % len(asked)], stack, axes, channel)
            for channel in range(n_channels)
        ]
        notes = list(dict.fromkeys(note for _, each in found for note in each))
        return dataclasses.replace(self, psfs=tuple(psf for psf, _ in found), axes=axes), notes

    @staticmethod
    def _deep_text(asked: Sequence[str]) -> bool:
        return any(one.startswith("gaussian:") and one.count(",") == 2 for one in asked)

    def fitted(
        self, patches: np.ndarray, means: Sequence[float], stds: Sequence[float]
    ) -> tuple[DecoNoising, list[str]]:
        """Measure noise and background, and the blur where nothing says what it is."""
        method, notes = super().fitted(patches, means, stds)
        s, n_channels = method.settings, len(means)
        axes = self.axes or "ZYX"[-len(s.patch_px) :]
        known = self.psfs or (None,) * n_channels
        psfs = tuple(psf or estimate_psf(patches[..., c], axes) for c, psf in enumerate(known))
        cut = tuple(psf.within([edge // REACH_SHARE for edge in s.patch_px]) for psf in psfs)
        for whole, used in zip(psfs, cut, strict=True):
            if used is not whole:
                notes.append(
                    f"the point spread function reaches {max(whole.reach_px)} px; of it "
                    f"{' x '.join(map(str, used.reach_px))} px are used, as the patch allows"
                )
        backgrounds = s.background or background_of(patches)
        if len(backgrounds) != n_channels:
            raise SettingsError(
                f"background is given for {len(backgrounds)} channel(s), but the data have "
                f"{n_channels}."
            )
        if s.augment and any(len(psf.symmetries) < ALL_TURNS for psf in cut):
            s = dataclasses.replace(s, augment=False)
            notes.append("the point spread function is lopsided: patches are not turned")
        notes += [
            f"blur{f' of channel {c}' if n_channels > 1 else ''}: {psf.describe()}; background "
            f"{level:.4g} counts"
            for c, (psf, level) in enumerate(zip(cut, backgrounds, strict=True))
        ]
        floors = tuple(
            (level - mean) / std for level, mean, std in zip(backgrounds, means, stds, strict=True)
        )
        known_now: dict[str, Any] = {"backgrounds": tuple(backgrounds), "floors": floors}
        return dataclasses.replace(method, settings=s, psfs=cut, axes=axes, **known_now), notes

    def own_record(self) -> dict[str, Any]:
        """The blur of each channel, the background, and what the net's answer is multiplied by."""
        s = self.settings
        margin = not s.count_borders
        return Kept(self._known, s.out_scale, self.backgrounds, s.sharpen, margin).record()

    def loss(self) -> Callable[[Any, Any], Any]:
        """Error of the blurred answer at the hidden pixels, or all, and the penalties before it.

        In normalised units, where blur and mean can be exchanged, since the point spread function
        adds up to 1. Before the blur what lies below the background costs `positivity` times its
        depth, a mean over all pixels, and slopes cost `total_variation` times their mean.
        """
        tf = keras_backend.load()
        s, data = self.settings, super().loss()
        blur = blurring(self._known, s.patch_px)
        floors = tf.constant(self.floors, tf.float32)
        counted = tf.constant(self._counted(), tf.float32)

        def loss(y_true: Any, y_pred: Any) -> Any:
            sharp = sharpened(s.out_scale * tf.cast(y_pred, tf.float32), blur, s.sharpen)
            total = data(y_true * counted, blur(sharp))
            if s.positivity:
                total += s.positivity * tf.reduce_mean(tf.nn.relu(floors - sharp))
            if s.total_variation:
                total += s.total_variation * total_variation(sharp)
            return total

        loss.__name__ = "blurred_" + data.__name__
        return loss

    def _counted(self) -> np.ndarray:
        """Which numbers of a patch's target count, 1 or 0: its values always, its weights inside.

        Shape ([Z,] Y, X, 2 C) or, where visible pixels teach too, ([Z,] Y, X, 3 C).
        """
        s, n_channels = self.settings, len(self._known)
        inside = np.ones((*s.patch_px, n_channels), np.float32)
        for axis, edge in enumerate(s.patch_px) if not s.count_borders else ():
            reach = max(psf.reach_px[axis] for psf in self._known)
            border = min(reach // 2 + reach % 2, edge // LEFT_SHARE)
            near = np.minimum(np.arange(edge), np.arange(edge)[::-1]) < border
            inside[(slice(None),) * axis + (near,)] = 0
        always = np.ones_like(inside)
        return np.concatenate([always, inside, *([always] if self.noise else [])], axis=-1)

    @property
    def _known(self) -> tuple[Psf, ...]:
        """The blur of each channel, which is known once the method is fitted."""
        found = tuple(psf for psf in self.psfs if psf is not None)
        if not found or len(found) < len(self.psfs):
            raise StackError("the point spread function is not known before the data are.")
        return found


def background_of(patches: np.ndarray) -> tuple[float, ...]:
    """Counts where nothing is, per channel, of patches (N, [Z,] Y, X, C).

    The darkest places of the smoothed patches: the darkest pixel is dark by its noise.
    """
    few = patches[:: max(1, len(patches) // LOOKED_AT)].astype(np.float32)
    widths = (0, *(SMOOTHED_PX,) * (few.ndim - 2))
    return tuple(
        float(np.percentile(gaussian_filter(few[..., c], widths), DARKEST_PERCENT))
        for c in range(few.shape[-1])
    )


def total_variation(images: Any) -> Any:
    """Mean length of the slope of tensors (N, [Z,] Y, X, C), by central differences."""
    tf = keras_backend.load()
    n_dim = len(images.shape) - 2
    inner = [slice(1, -1)] * n_dim
    squares = []
    for axis in range(n_dim):
        ahead, behind = list(inner), list(inner)
        ahead[axis], behind[axis] = slice(2, None), slice(None, -2)
        change = images[(slice(None), *ahead)] - images[(slice(None), *behind)]
        squares.append(tf.square(change / 2))
    return tf.reduce_mean(tf.sqrt(tf.add_n(squares) + 1e-15))
