"""Non-local means: the average of all pixels nearby whose surroundings look alike.

scikit-image computes it [1]_. It rescales integers to 0..1, and would then compare them with
a noise given in counts, so pixels are handed over as float64 in units of `h`: the summed
squares of a large plane would also lose digits in float32.

References
----------
.. [1] J. Darbon, A. Cunha, T. F. Chan, S. Osher, G. J. Jensen. Fast nonlocal filtering applied
   to electron cryomicroscopy. ISBI 2008.
.. [2] A. Buades, B. Coll, J.-M. Morel. A non-local algorithm for image denoising. CVPR 2005.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import SettingsError
from ..words import setting
from . import names
from .base import Filter, require_number
from .pieces import Sample

H_PER_SIGMA = {True: 0.8, False: 0.6}  # scikit-image's rule, in fast mode and otherwise
TRIED_H = (0.3, 0.45, 0.6, 0.8, 1.0, 1.3)  # of sigma
PATCH_PX = {2: 7, 3: 5}  # by the number of axes
DISTANCE_PX = {2: 11, 3: 4}
MOST_PX = 101


@dataclass(frozen=True)
class NonLocalMeans(Filter):
    """Non-local means.

    Parameters
    ----------
    h : float, counts, or None
        How different surroundings may be. None: 0.8 times the noise, 0.6 without `fast_mode`.
    sigma : float, counts, or None
        Deviation of the noise, by which surroundings differ anyway. None: measured.
    patch_size : int or None
        Edge of the surroundings that are compared, odd. None: 7 in a plane, 5 in a volume.
    patch_distance : int or None
        How far away pixels are looked for. None: 11 in a plane, 4 in a volume.
    fast_mode : bool
        Weigh all pixels of the surroundings alike; without it, by a Gaussian, many times slower.
    """

    h: float | None = None
    sigma: float | None = None
    patch_size: int | None = None
    patch_distance: int | None = None
    fast_mode: bool = True

    name: ClassVar[str] = names.NON_LOCAL_MEANS
    main: ClassVar[str] = "h"
    by_noise: ClassVar[str] = "h"
    bytes_per_px: ClassVar[int] = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("h", self.h, least=0)
        require_number("sigma", self.sigma, least=0)
        require_number("patch_distance", self.patch_distance, least=1, most=MOST_PX, unit="px")
        require_number("patch_size", self.patch_size, most=MOST_PX, unit="px")
        if self.patch_size is not None and (self.patch_size < 3 or self.patch_size % 2 == 0):
            given = setting("patch_size", self.patch_size)
            raise SettingsError(f"{given}: it must be odd and 3 or more, such as 7.")

    def for_geometry(self, spacing: tuple[float, ...]) -> NonLocalMeans:
        """As `Filter.for_geometry`."""
        return dataclasses.replace(
            self,
            patch_size=self.patch_size or PATCH_PX[len(spacing)],
            patch_distance=self.patch_distance or DISTANCE_PX[len(spacing)],
        )

    def estimated(self, sample: Sample) -> NonLocalMeans:
        """As `Filter.estimated`."""
        sigma = sample.sigma * sample.unit if self.sigma is None else self.sigma
        h = H_PER_SIGMA[self.fast_mode] * sigma if self.h is None else self.h
        return dataclasses.replace(self, sigma=sigma, h=h)

    def candidates(self, sample: Sample) -> tuple[NonLocalMeans, ...]:
        """As `Filter.candidates`."""
        sigma = self.estimated(sample).sigma or 0.0
        return tuple(dataclasses.replace(self, sigma=sigma, h=f * sigma) for f in TRIED_H)

    def reach_px(self, n_axes: int) -> tuple[int, ...]:
        """As `Filter.reach_px`."""
        distance = self.patch_distance or DISTANCE_PX[n_axes]
        return (distance + (self.patch_size or PATCH_PX[n_axes]) // 2,) * n_axes

    def apply(self, field: np.ndarray) -> np.ndarray:
        """As `Filter.apply`."""
        if not self.h:  # nothing is alike enough
            return field.copy()
        from skimage.restoration import denoise_nl_means  # late: half a second

        centre = float(field.flat[0])
        levels = (field.astype(np.float64) - centre) / self.h
        levels = denoise_nl_means(
            levels,
            patch_size=self.patch_size or PATCH_PX[field.ndim],
            patch_distance=self.patch_distance or DISTANCE_PX[field.ndim],
            h=1.0,
            fast_mode=self.fast_mode,
            sigma=(self.sigma or 0.0) / self.h,
        )
        # A volume of one plane comes back as a plane.
        return (levels * self.h + centre).astype(np.float32).reshape(field.shape)
