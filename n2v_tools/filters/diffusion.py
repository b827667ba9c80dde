"""Anisotropic diffusion after Perona and Malik: grey levels flow, but not across edges.

With u the image, d its difference to the next pixel along an axis and h that pixel's distance,
each step adds ``gamma * sum over axes of (flow in - flow out) / h^2``, where the flow is
``g(d) * d`` and nothing flows over the border, so the mean stays what it is [1]_. The
conductance g is 1 for no difference and falls where |d| exceeds `kappa`: exponentially, as
``1 / (1 + (d / kappa)^2)``, or to nothing at all (Tukey's biweight [2]_).

References
----------
.. [1] P. Perona, J. Malik. Scale-space and edge detection using anisotropic diffusion. IEEE
   Transactions on Pattern Analysis and Machine Intelligence 12, 1990.
.. [2] M. J. Black, G. Sapiro, D. H. Marimont, D. Heeger. Robust anisotropic diffusion. IEEE
   Transactions on Image Processing 7, 1998.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import SettingsError
from ..words import setting
from . import names
from .base import Filter, per_axis, require_number
from .gaussian import best_sigma
from .pieces import Sample

# Tried on natural, cell and widefield images with noise of all strengths.
KAPPA_PER_GRADIENT = {1: 1.7, 2: 1.0, 3: 3.0}  # by option
BLUR_PER_BEST = 2.0  # variance that diffusion without edges would give, over the best Gaussian's
LEAST_STEPS = 5
MOST_ESTIMATED = {2: 50, 3: 20}  # steps, by the number of axes: each makes halos wider
TRIED_KAPPAS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)  # of the deviation of differences
MOST_STEPS = 1000


@dataclass(frozen=True)
class Diffusion(Filter):
    """Perona-Malik diffusion.

    Parameters
    ----------
    niter : int or None
        Steps; also how many pixels far a pixel can be seen. None: as many as would blur twice as
        much, by variance, as the best Gaussian, if there were no edges; 5 to 50, in a volume to 20.
    kappa : float, counts, or None
        Difference between neighbours above which grey levels hardly flow. None: the robust
        deviation of all differences, times 1.7, 1 or 3 for option 1, 2 or 3.
    gamma : float
        Size of a step. It is stable up to ``1 / (2 * sum over axes of 1 / h^2)``: 1/4 for a
        plane, 1/6 for a volume of cubic voxels.
    option : {1, 2, 3}
        Conductance: 1 exponential, 2 rational, 3 Tukey's biweight.
    spacing : tuple of float or None
        Distance h of neighbours along each axis, depth first, in pixels of the finest. None:
        from the file; time counts as 1.
    """

    niter: int | None = None
    kappa: float | None = None
    gamma: float = 0.15
    option: int = 2
    spacing: tuple[float, ...] | None = None

    name: ClassVar[str] = names.DIFFUSION
    main: ClassVar[str] = "kappa"
    by_noise: ClassVar[str] = "niter"
    bytes_per_px: ClassVar[int] = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("niter", self.niter, least=1, most=MOST_STEPS)
        require_number("kappa", self.kappa, least=0)
        require_number("gamma", self.gamma, above=0)
        require_number("spacing", self.spacing, above=0)
        if self.option not in (1, 2, 3):
            raise SettingsError(
                f"{setting('option', self.option)}: give 1 (exponential), 2 (rational) or 3 "
                "(Tukey)."
            )

    def for_geometry(self, spacing: tuple[float, ...]) -> Diffusion:
        """As `Filter.for_geometry`; an unstable `gamma` is refused."""
        given = self.spacing
        chosen = spacing if given is None else per_axis("spacing", given, len(spacing))
        largest = stable_gamma(chosen)
        if self.gamma > largest * (1 + 1e-9):
            shown = " x ".join(f"{one:.4g}" for one in chosen)
            raise SettingsError(
                f"{setting('gamma', f'{self.gamma:g}')}: diffusion is unstable above "
                f"{_down(largest)} for voxels of {shown}. Give "
                f"{setting('gamma', _down(largest))} or less."
            )
        return dataclasses.replace(self, spacing=tuple(chosen))

    def estimated(self, sample: Sample) -> Diffusion:
        """As `Filter.estimated`."""
        found = self
        if found.kappa is None:
            kappa = KAPPA_PER_GRADIENT[self.option] * sample.gradient * sample.unit
            found = dataclasses.replace(found, kappa=kappa)
        if found.niter is None:
            sigma = best_sigma(sample)
            steps = round(BLUR_PER_BEST * sigma[-1] ** 2 / (2 * self.gamma))
            most = MOST_ESTIMATED[3 if len(sigma) == 3 else 2]
            found = dataclasses.replace(found, niter=min(max(steps, LEAST_STEPS), most))
        return found

    def candidates(self, sample: Sample) -> tuple[Diffusion, ...]:
        """As `Filter.candidates`."""
        scale = sample.gradient * sample.unit
        return tuple(dataclasses.replace(self, kappa=factor * scale) for factor in TRIED_KAPPAS)

    def reach_px(self, n_axes: int) -> tuple[int, ...]:
        """As `Filter.reach_px`: a pixel a step."""
        return (self.niter or 0,) * n_axes

    def apply(self, field: np.ndarray) -> np.ndarray:
        """As `Filter.apply`."""
        if not self.kappa:  # nothing is similar enough to flow
            return field.copy()
        spacing = self.spacing or (1.0,) * field.ndim
        centre = float(field.flat[0])
        with np.errstate(over="ignore"):  # the square of a huge difference: nothing flows
            levels = ((field.astype(np.float64) - centre) / self.kappa).astype(np.float32)
            levels = diffuse(levels, self.niter or 0, self.gamma, self.option, spacing)
        return (levels.astype(np.float64) * self.kappa + centre).astype(np.float32)


def diffuse(
    levels: np.ndarray, niter: int, gamma: float, option: int, spacing: tuple[float, ...]
) -> np.ndarray:
    """Diffuse grey levels that are given in units of kappa, in place.

    `levels`: float32, any number of axes. `gamma`: at most `stable_gamma` of the spacing, which has
    one distance per axis. `option`: 1, 2 or 3, as for `conductance`.
    """
    weights = [np.float32(gamma / h**2) for h in spacing]
    change = np.empty_like(levels)
    for _ in range(niter):
        change.fill(0)
        for axis, weight in enumerate(weights):
            if levels.shape[axis] == 1:
                continue
            before, after = _along(axis, slice(None, -1)), _along(axis, slice(1, None))
            flow = levels[after] - levels[before]
            flow *= conductance(flow, option)
            flow *= weight
            change[before] += flow
            change[after] -= flow
        levels += change
    return levels


def conductance(differences: np.ndarray, option: int) -> np.ndarray:
    """Share of a difference that flows, 0 to 1, for float32 differences in units of kappa.

    By option: 1 exponential, 2 rational, 3 Tukey's biweight (at most 1/2, as medpy scales it).
    """
    squares = differences * differences
    if option == 1:
        np.negative(squares, out=squares)
        return np.exp(squares, out=squares)
    if option == 2:
        squares += 1
        return np.reciprocal(squares, out=squares)
    squares *= -0.5
    squares += 1
    np.maximum(squares, 0, out=squares)
    squares *= squares
    squares *= 0.5
    return squares


def stable_gamma(spacing: tuple[float, ...]) -> float:
    """Largest `gamma` at which no difference can grow."""
    return 1 / (2 * sum(1 / h**2 for h in spacing))


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (part,)


def _down(value: float) -> str:
    """Four digits, rounded down, so that what is named can be given."""
    digits = max(0, 4 - math.ceil(math.log10(value)))
    rounded = math.floor(value * 10**digits) / 10**digits
    return f"{rounded:.{digits}f}".rstrip("0").rstrip(".")
