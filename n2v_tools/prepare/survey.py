"""One look at every plane of a stack: its strips, its intensities, its broken pixels.

The survey reads plane by plane and keeps only what later steps ask for, so it costs one
pass over the file and no memory to speak of. It judges nothing by itself;
`require_trainable` is the one place that refuses a stack for what a survey found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import StackError
from ..stack import LARGEST_COUNT, Stack
from ..words import option
from .gaps import Gaps, fill_gaps, find_broken, find_gaps, find_holes
from .statistics import Intensity, intensity_for
from .strips import Box, Strips

Progress = Callable[[int, int], None]  # planes done, planes in all


@dataclass(frozen=True)
class Survey:
    """What one pass over a stack found; values are counts, of pixels outside strips and gaps."""

    axes: str  # of the stack, in its order
    sizes: Mapping[str, int]
    n_planes: int  # YX planes in the stack
    n_seen: int  # planes read
    n_planes_with_strips: int  # but not empty
    n_empty_planes: int  # zero throughout
    strip_rows: float  # mean number in planes with strips, empty planes apart
    strip_columns: float
    mean: tuple[float, ...]  # one per channel
    std: tuple[float, ...]  # of the population, one per channel
    minimum: float  # 0 if there is no real pixel, like the maximum
    maximum: float
    n_pixels_per_channel: tuple[int, ...]  # real and finite
    # Distinct grey levels: all of types of 8 and 16 bit, up to 65,536 of wider integers, those in
    # a sample of floats.
    n_levels: int
    n_nonfinite: int  # NaN and infinite pixels, left out of the statistics
    first_nonfinite: str  # place of the first of them, such as "T 0, Z 3, Y 17, X 4"; or empty
    n_in_regions: int = 0  # pixels of borders, fills and writing; see `gaps`
    n_lone: int = 0  # pixels far off all of their neighbours
    gap_ends: tuple[float, float] | None = None  # the extremes of both, in counts
    n_at_maximum: int = 0  # pixels of all channels with the value `maximum`
    keep_strips: bool = False  # zeros were taken as data: no strips were looked for
    # Frames that do not continue the one before, if they were looked for: no patch with depth
    # along T holds both.
    cuts: tuple[int, ...] = ()
    _strips: Mapping[tuple[int, ...], np.ndarray] = field(default_factory=dict, repr=False)
    _holes: Mapping[tuple[int, ...], tuple[Box, ...]] = field(default_factory=dict, repr=False)

    @property
    def n_pixels(self) -> int:
        """Real and finite pixels read, of all channels."""
        return sum(self.n_pixels_per_channel)

    def strips_at(self, place: Mapping[str, int]) -> Strips:
        """Return the strips of the plane at `place`; none for a plane not read."""
        shape = self.sizes["Y"], self.sizes["X"]
        key = _key(self.axes, place)
        packed, holes = self._strips.get(key), self._holes.get(key, ())
        if packed is None:
            return replace(Strips.none(shape), holes=holes)
        both = np.unpackbits(packed, count=sum(shape)).astype(bool)
        return Strips(both[: shape[0]], both[shape[0] :], holes)

    @property
    def has_gaps(self) -> bool:
        """Whether there are pixels that are no data, other than strips and NaN."""
        return self.gap_ends is not None


def survey_stack(
    stack: Stack,
    *,
    keep_strips: bool = False,
    sample_planes: int | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Read a stack once, plane by plane, and report what is in it.

    Parameters
    ----------
    stack : Stack
        Any axes.
    keep_strips : bool
        Take zeros as data: no strips are looked for.
    sample_planes : int or None
        Read only about this many planes, evenly spread (for a quick look; patches
        cannot be drawn from such a survey); None reads all.
    progress : callable or None
        Called with (planes done, planes in all) after each plane.

    Returns
    -------
    survey : Survey
        Valid for any stack, also one that is constant, empty or all NaN.
    """
    places = list(stack.places())
    chosen = places
    if sample_planes is not None and sample_planes < len(places):
        spread = np.linspace(0, len(places) - 1, max(1, sample_planes)).round().astype(int)
        chosen = [places[i] for i in spread]
    notes = _Notes(stack.axes, keep_strips)
    channels = [intensity_for(stack.dtype) for _ in range(stack.sizes.get("C", 1))]
    for done, place in enumerate(chosen, start=1):
        notes.add(place, stack.plane(place), channels[place.get("C", 0)])
        if progress is not None:
            progress(done, len(chosen))
    return notes.survey(stack, channels, n_planes=len(places), n_seen=len(chosen))


class _Notes:
    """What is collected on the way from plane to plane."""

    def __init__(self, axes: str, keep_strips: bool) -> None:
        self.axes = axes
        self.keep_strips = keep_strips
        self.strips: dict[tuple[int, ...], np.ndarray] = {}
        self.holes: dict[tuple[int, ...], tuple[Box, ...]] = {}
        self.n_in_regions = self.n_lone = 0
        self.gap_values: list[float] = []  # extremes
        self.n_empty = self.n_with_strips = 0
        self.n_rows = self.n_columns = 0
        self.n_nonfinite = 0
        self.first_nonfinite = ""

    def add(self, place: Mapping[str, int], plane: np.ndarray, intensity: Intensity) -> None:
        strips, gaps = find_gaps(plane, keep_strips=self.keep_strips)
        if gaps is not None:
            values = plane[gaps.mask]
            self.gap_values += [float(values.min()), float(values.max())]
        if strips.any:
            both = np.concatenate((strips.rows, strips.columns))
            self.strips[_key(self.axes, place)] = np.packbits(both)
            if strips.empty:
                self.n_empty += 1
                return
            self.n_with_strips += 1
            self.n_rows += int(strips.rows.sum())
            self.n_columns += int(strips.columns.sum())
            inside = np.ix_(~strips.rows, ~strips.columns)
            real = plane[inside].ravel() if gaps is None else plane[inside][~gaps.mask[inside]]
        else:
            real = plane.ravel() if gaps is None else plane[~gaps.mask]
        if gaps is not None:
            self._note_gaps(gaps)
        broken = find_broken(plane)
        if broken is not None:
            self._note_nonfinite(place, broken)
            real = real[np.isfinite(real)]
        holes = find_holes(gaps, broken, strips)
        if holes:
            self.holes[_key(self.axes, place)] = holes
        intensity.add(real)

    def _note_gaps(self, gaps: Gaps) -> None:
        self.n_lone += int(np.count_nonzero(gaps.lone))
        self.n_in_regions += int(np.count_nonzero(gaps.regions))

    def _note_nonfinite(self, place: Mapping[str, int], broken: np.ndarray) -> None:
        if not self.n_nonfinite:
            y, x = (int(i) for i in np.argwhere(broken)[0])
            where = {**place, "Y": y, "X": x}
            self.first_nonfinite = ", ".join(f"{axis} {i}" for axis, i in where.items())
        self.n_nonfinite += int(np.count_nonzero(broken))

    def survey(
        self, stack: Stack, channels: list[Intensity], *, n_planes: int, n_seen: int
    ) -> Survey:
        found = [one.summary() for one in channels]
        seen = [one for one in found if one.n_pixels]
        maximum = max((one.maximum for one in seen), default=0.0)
        return Survey(
            axes=stack.axes,
            sizes=stack.sizes,
            n_planes=n_planes,
            n_seen=n_seen,
            n_planes_with_strips=self.n_with_strips,
            n_empty_planes=self.n_empty,
            strip_rows=self.n_rows / max(1, self.n_with_strips),
            strip_columns=self.n_columns / max(1, self.n_with_strips),
            mean=tuple(one.mean for one in found),
            std=tuple(one.std for one in found),
            minimum=min((one.minimum for one in seen), default=0.0),
            maximum=maximum,
            n_pixels_per_channel=tuple(one.n_pixels for one in found),
            n_levels=len(set().union(*(one.levels.tolist() for one in found))),
            n_nonfinite=self.n_nonfinite,
            first_nonfinite=self.first_nonfinite,
            n_at_maximum=sum(one.n_at_maximum for one in seen if one.maximum == maximum),
            n_in_regions=self.n_in_regions,
            n_lone=self.n_lone,
            gap_ends=(min(self.gap_values), max(self.gap_values)) if self.gap_values else None,
            keep_strips=self.keep_strips,
            _strips=self.strips,
            _holes=self.holes,
        )


def gaps_text(survey: Survey) -> str:
    """Say how many pixels were left out as no data, strips and NaN aside; empty if none was."""
    parts = []
    if survey.n_lone:
        parts.append(f"{survey.n_lone} far off all around them (hot pixels, cosmic rays)")
    if survey.n_in_regions:
        parts.append(
            f"{survey.n_in_regions} that are no image (a border, a fill value, writing or a scale "
            "bar)"
        )
    if not parts:
        return ""
    return f"pixels that are no data are left out: {' and '.join(parts)}"


def require_trainable(survey: Survey, name: str, *, nan: str = "refuse") -> None:
    """Raise unless a net can learn from the stack called `name`, by a survey of all of it.

    With `nan` "fill" broken pixels pass, as long as there are others. StackError if there is no
    real pixel, a channel is constant, or pixels are not finite or beyond float32.
    """
    if not survey.n_pixels and survey.gap_ends is not None:
        low, high = survey.gap_ends
        raise StackError(
            f"{name}: every plane has one value throughout, from {low:g} to {high:g}, so there is "
            "nothing to learn from. Check that the file holds the image that you mean."
        )
    ends = (survey.minimum, survey.maximum, *(survey.gap_ends or ()))
    require_float32(max(map(abs, ends)), name)
    if not survey.n_pixels:
        what = "NaN or infinite" if survey.n_nonfinite else "zero"
        raise StackError(
            f"{name}: every pixel is {what}, so there is nothing to learn from. "
            "Check the file and, in an HDF5 file, the dataset that was named."
        )
    if survey.n_nonfinite and nan != "fill":
        raise StackError(
            f"{name}: {survey.n_nonfinite} pixels are NaN or infinite, the first at "
            f"{survey.first_nonfinite}. Mend the file, or pass {option('nan', 'fill')} to fill "
            "them from their neighbours."
        )
    constant = [i for i, std in enumerate(survey.std) if not std > 0]
    if constant:
        where = f" in channel {constant[0]}" if len(survey.std) > 1 else ""
        raise StackError(
            f"{name}: every real pixel{where} is {survey.mean[constant[0]]:g}, so there is "
            "nothing to learn from. Check that the file holds the image that you mean."
        )


def require_float32(largest: float, name: str) -> None:
    """Raise StackError if a stack has values that float32 cannot hold; `largest` is their size."""
    if largest > LARGEST_COUNT:
        raise StackError(
            f"{name}: holds values of up to {largest:.3g} in size, but images are restored in "
            f"float32, which ends at {LARGEST_COUNT:.2g}. Divide the image by "
            f"{largest / LARGEST_COUNT:.1g} or more, or set such pixels to NaN and pass "
            f"{option('nan', 'fill')}."
        )


def fill_nonfinite(
    plane: np.ndarray, strips: Strips | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Fill NaN and infinite pixels of a plane (Y, X) as `gaps.fill_gaps` does.

    Returned are `plane` itself if nothing is broken, or a filled one; and a mask, bool (Y, X), True
    where a pixel was not finite.
    """
    mask = ~np.isfinite(plane)
    return (fill_gaps(plane, mask, strips) if mask.any() else plane), mask


def _key(axes: str, place: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(place[axis] for axis in axes if axis not in "YX")
