"""Hidden pixels as training samples, shared by the methods that learn from them.

Tests: ``tests/methods/n2v/test_noise.py``, ``tests/methods/n2v/test_mask.py``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from .. import keras_backend
from ..blindspot.batches import hide_pixels
from ..blindspot.positions import box_edges
from ..blindspot.recorrupt import recorrupt
from ..blindspot.replace import REPLACEMENTS, USE_NEIGHBOURS, least_radius, require_visible
from ..contracts import Method
from ..errors import SettingsError
from ..nets.losses import masked_loss, recorrupted_loss
from ..noise.level import Noise, measure_noise
from ..prepare.struct_mask import StructMask, read_struct_mask
from ..settings import nearest
from ..words import option
from .learning import FIRST_FILTERS, LEARNING_RANGES, LearningSettings, Range

M = TypeVar("M", bound="BlindSpots")


@dataclass(frozen=True)
class BlindSpotSettings(LearningSettings):
    """Which pixels are hidden, by what they are replaced, whether visible ones teach, and the net.

    The net is a U-Net.
    """

    patch_px: tuple[int, ...] = (64, 64)  # YX or ZYX
    masked_percent: float | None = None  # of a patch's pixels; None: 6, less with a struct mask
    replacement: str = "median"  # n2v_manipulator
    radius_px: float = 2  # of the window a replacement comes from
    struct_mask: str = "none"  # what is hidden with each pixel; auto: by the measured noise
    recorrupt: float = 0.5  # noise added so that visible pixels teach too; 0: hidden ones only
    noise: tuple[tuple[float, float, float], ...] = ()  # gain, floor, skew; empty: measured
    loss: Literal["mse", "mae"] = "mse"
    net_size: Literal["small", "usual", "large"] = "usual"  # what decides the next two
    unet_n_depth: int | None = None  # None: 3 in 2D, 2 in 3D
    unet_n_first: int | None = None  # None: 12, 24 or 48 in 2D, 16, 32 or 48 in 3D
    unet_kern_size: int = 3

    def require_blind_spots(self, ranges: Sequence[Range] = ()) -> None:
        """Raise SettingsError for what cannot be; `ranges` are those of the method's own fields."""
        if len(self.patch_px) not in (2, 3):
            raise SettingsError(f"patch {self.patch_px}: give two edges (Y,X) or three (Z,Y,X).")
        if self.replacement not in REPLACEMENTS:
            raise SettingsError(
                f"replacement is {self.replacement!r}.{nearest(self.replacement, REPLACEMENTS)} "
                f"Known: {', '.join(REPLACEMENTS)}."
            )
        self.require_whole_blocks(self.patch_px, self.depth)
        self.require_ranges((*LEARNING_RANGES, *_RANGES, *ranges))
        if self.replacement != "normal_additive" and self.radius_px < 1:
            raise SettingsError(f"radius_px is {self.radius_px:g}; it must be at least 1.")
        if self.recorrupt and self.recorrupt < LEAST_RECORRUPT:
            raise SettingsError(
                f"recorrupt is {self.recorrupt:g}; it must be 0 (off) or {LEAST_RECORRUPT} to 1: "
                "with less, targets are noisier than a net can learn from."
            )
        self._check_mask()
        box_edges(self.patch_px, self.percent)

    def _check_mask(self) -> None:
        """Refuse a struct mask that leaves too little of a patch to see."""
        mask = self.mask
        if mask is None:
            return
        if any(2 * far >= edge for far, edge in zip(mask.reach_px, self.patch_px, strict=True)):
            raise SettingsError(
                f"struct_mask {self.struct_mask} is as wide as the patch of "
                f"{' x '.join(map(str, self.patch_px))} px; take a larger {option('patch')}."
            )
        if self.replacement in USE_NEIGHBOURS:
            require_visible(mask, self.radius, self.patch_px)

    @property
    def mask(self) -> StructMask | None:
        """What is hidden around each blind spot; None if nothing."""
        if self.struct_mask == "auto":  # not before the data are known
            return None
        return read_struct_mask(self.struct_mask, len(self.patch_px))

    @property
    def percent(self) -> float:
        """Share of a patch's pixels that are to be predicted, in percent."""
        if self.masked_percent is not None:
            return self.masked_percent
        mask = self.mask
        return min(6.0, MOST_HIDDEN_PERCENT / (1 + mask.n_hidden)) if mask else 6.0

    @property
    def radius(self) -> float:
        """Of the window: `radius_px`, or one more than a struct mask leaves nothing of."""
        mask = self.mask
        if mask is None or self.replacement not in USE_NEIGHBOURS:
            return self.radius_px
        return least_radius(mask, self.radius_px, self.patch_px)

    @property
    def depth(self) -> int:
        """Poolings of the network."""
        return self.unet_n_depth or (3 if len(self.patch_px) == 2 else 2)

    @property
    def first_filters(self) -> int:
        """Feature maps at full size."""
        return self.unet_n_first or FIRST_FILTERS[self.net_size][len(self.patch_px) - 2]

    @property
    def batch(self) -> int:
        """Patches a step."""
        return self.batch_size or (16 if len(self.patch_px) == 2 else 4)


LEAST_RECORRUPT = 0.05
# A pixel, below which the normal noise that is added betrays the truth: of one photon a net would
# learn the half wrongly, of three 4 %; see DESIGN.md.
LEAST_PHOTONS = 3.0
MOST_HIDDEN_PERCENT = 20.0  # of a patch, struct mask included: with more too little is left to see

_RANGES: tuple[Range, ...] = (
    ("radius_px", 0, 1000),
    ("recorrupt", 0, 1),
    ("unet_n_depth", 1, 6),
    ("unet_n_first", 1, 512),
    ("unet_kern_size", 1, 15),
)


@dataclass(frozen=True)
class BlindSpots(Method):
    """A method that predicts hidden pixels and, where the noise is known, visible ones.

    The noise must be independent from pixel to pixel, the signal must not be.
    """

    settings: BlindSpotSettings = BlindSpotSettings()
    noise: tuple[tuple[float, float, float], ...] = ()  # slope, floor, skew; normalised

    def n2v_names(self) -> dict[str, Any]:
        """What of the settings n2v keeps in its own ``config.json``, by its names."""
        s = self.settings
        mask = s.mask
        return {
            "train_loss": s.loss,
            "n2v_perc_pix": s.percent,
            "n2v_patch_shape": list(s.patch_px),
            "n2v_manipulator": s.replacement,
            "n2v_neighborhood_radius": math.ceil(s.radius),  # n2v takes whole numbers only
            "structN2Vmask": None if mask is None else mask.pixels.tolist(),
        }

    def fitted(
        self: M, patches: np.ndarray, means: Sequence[float], stds: Sequence[float]
    ) -> tuple[M, list[str]]:
        """Measure the noise, unless it is given or not wanted, so that visible pixels can teach.

        Only squared errors allow it. The noise must be white and a function of brightness:
        where that cannot be shown, hidden pixels alone teach, as in the original.
        """
        s = self.settings
        if not s.recorrupt or s.loss != "mse" or s.mask is not None:  # it needs white noise
            return dataclasses.replace(self, noise=()), []
        if s.noise:
            if len(s.noise) != len(means):
                raise SettingsError(
                    f"noise is given for {len(s.noise)} channel(s), but the data have {len(means)}."
                )
            found = tuple(Noise(*one) for one in s.noise)
            said = "as given"
        else:
            found = measure_noise(patches)
            said = "measured"
        doubts = [noise.describe() for noise in found if noise.doubt]
        doubts += [
            f"is that of fewer than {LEAST_PHOTONS:g} photons a pixel"
            for noise, mean in zip(found, means, strict=True)
            if not noise.doubt and noise.photons(mean) < LEAST_PHOTONS
        ]
        if doubts:
            note = f"noise {doubts[0]}; only hidden pixels teach"
            return dataclasses.replace(self, noise=()), [note]
        note = f"noise {said}: {'; '.join(noise.describe() for noise in found)}"
        normalised = tuple(
            (noise.gain / std, (noise.gain * mean + noise.floor) / std**2, noise.skew)
            for noise, mean, std in zip(found, means, stds, strict=True)
        )
        settings = dataclasses.replace(s, noise=tuple((n.gain, n.floor, n.skew) for n in found))
        return dataclasses.replace(self, settings=settings, noise=normalised), [note]

    def make_sample(self, patches: Any, seed: Any) -> tuple[Any, Any]:
        """Hide pixels of normalised patches (N, [Z,] Y, X, C); see `blindspot.batches`.

        Where the noise is known, visible pixels teach as well; see `blindspot.recorrupt`.
        Hidden and visible pixels, each group as a whole, have equal weight.
        """
        s = self.settings
        if not self.noise:
            return hide_pixels(patches, s.percent, s.replacement, s.radius, seed, s.mask)
        tf = keras_backend.load()
        seed, noise_seed = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        noisier, shift = recorrupt(patches, self.noise, s.recorrupt, noise_seed)
        shown, target = hide_pixels(noisier, s.percent, s.replacement, s.radius, seed)
        hidden = target[..., patches.shape[-1] :]
        weight = 1 + hidden * (100 / s.percent - 2)  # (1 - share) / share where hidden
        return shown, tf.concat([patches, weight, shift * (1 - hidden)], axis=-1)

    def loss(self) -> Callable[[Any, Any], Any]:
        """Error at the hidden pixels, or at all of them, in normalised units."""
        return recorrupted_loss() if self.noise else masked_loss(self.settings.loss)
