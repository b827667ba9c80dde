"""The Restorer that DecoNoising leaves behind: the net's answer, blurred as the microscope does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...contracts import DECONVOLVED, RESTORED, Opening, Output, Restorer, RestoringSettings, Where
from ...errors import UsageError
from ...prepare.symmetry import Symmetry
from ...restore.wrapped import Wrapped
from ...words import flag
from .psf import sharpened
from .section import Kept


@dataclass(frozen=True)
class DecoNoisingRestoring(RestoringSettings):
    """What `n2v-denoise --set` can change of its models."""

    deconvolved: bool = False  # write the image before the blur, too

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The restored image, and the deconvolved one if it is asked for."""
        return (RESTORED, DECONVOLVED) if self.deconvolved else (RESTORED,)

    def check(self, name: str, record: Any, given: Mapping[str, object]) -> None:
        """Raise for a second image of which no uncertainty is known."""
        if self.deconvolved and given.get("uncertainty"):
            raise UsageError(
                f"{flag('deconvolved')} and {flag('uncertainty')} contradict: nothing tells how "
                "wrong a deconvolved image is. Give one of them."
            )


def open_restorer(opening: Opening) -> Restorer:
    """Make the Restorer of a trained net."""
    both = opening.settings is not None and opening.settings.deconvolved
    return BlurringRestorer(opening.net, opening.record, opening.means, both)


@dataclass(frozen=True)
class BlurringRestorer(Wrapped):
    """A Restorer that blurs what the inner one answers, and can give both.

    Tiles overlap by the net's halo and the blur's reach. So the blur sees, of each tile that is
    kept, the same image as if it came after all tiles are put together: there are no seams.
    """

    kept: Kept
    means: tuple[float, ...]  # counts, of the training data
    both: bool = False  # give the deconvolved image, too

    @property
    def outputs(self) -> tuple[Output, ...]:  # type: ignore[override]
        """The restored image first."""
        return (RESTORED, DECONVOLVED) if self.both else (RESTORED,)

    @property
    def reach_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """Those of the net, of what sharpens its answer, and of the blur together."""
        return tuple(a + b for a, b in zip(self.inner.reach_px, self._blur_reach, strict=True))

    @property
    def halo_px(self) -> tuple[int, ...]:
        """The net's halo and the blur's reach, in whole blocks."""
        halves = zip(self.inner.halo_px, self._blur_reach, self.block_px, strict=True)
        return tuple(-(-(halo + reach) // block) * block for halo, reach, block in halves)

    @property
    def margin_px(self) -> tuple[int, ...]:  # type: ignore[override]
        """As far as the halo: errors at a patch's border did not count, so fields have none."""
        return self.halo_px if self.kept.margin else self.inner.margin_px

    @property
    def bytes_per_px(self) -> int:  # type: ignore[override]
        """Those of the net, or of the tile before, within and after the blur."""
        return self.inner.bytes_per_px + 16 * self.n_channels

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:  # type: ignore[override]
        """Those that neither the noise nor the blur forbids."""
        return tuple(
            one
            for one in self.inner.symmetries
            if all(one in psf.symmetries for psf in self.kept.psfs)
        )

    @property
    def _blur_reach(self) -> tuple[int, ...]:
        each = zip(*(psf.reach_px for psf in self.kept.psfs), strict=True)
        return tuple((self.kept.sharpen + 1) * max(along) for along in each)

    def predict(self, tiles: np.ndarray, at: Where | None = None) -> np.ndarray:
        """Restore tiles, float32 (N, [Z,] Y, X, C): blurred counts, then those before the blur."""
        sharp = self.inner.predict(tiles, at)
        means = np.asarray(self.means, np.float32)
        sharp = means + np.float32(self.kept.out_scale) * (sharp - means)
        blurred = np.empty_like(sharp)
        for tile, out in zip(sharp, blurred, strict=True):
            for c, psf in enumerate(self.kept.psfs):
                tile[..., c] = sharpened(tile[..., c], psf.blur, self.kept.sharpen)
                out[..., c] = psf.blur(tile[..., c])
        return np.concatenate([blurred, sharp], axis=-1) if self.both else blurred

    def around(self, wrap: Callable[[Restorer], Restorer]) -> Restorer:
        """Put `wrap` around both: only turns that the blur allows are averaged over."""
        return wrap(self)

    def for_channel(self, channel: int) -> Restorer:
        """Take the inner Restorer for this channel."""
        return dataclasses.replace(self, inner=self.inner.for_channel(channel))
