"""View of a preview: planes averaged down, and the grey limits that they share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from ...errors import StackError
from ...noise.sample import evenly
from ...prepare.gaps import find_data
from ...prepare.strips import find_strips
from ...preview.grey import find_limits
from ...preview.shrink import AreaMean
from ...stack import Stack
from ...words import option
from ..desk.progress import Progress
from .movies import Movies
from .plan import Plan
from .request import PreviewRequest

SAMPLE_FRAMES = 16  # that decide on the grey limits, evenly spread
SAMPLE_EDGE_PX = 512  # an image with longer edges is thinned out

Limits = tuple[float, float]


class Viewer:
    """Reads planes as they are shown; `n_broken` counts NaN and infinite pixels met so far."""

    def __init__(self, movies: Movies, plan: Plan, keep_strips: bool) -> None:
        self.movies = movies
        self.plan = plan
        self.n_broken = 0
        self._keep_strips = keep_strips
        self._shrink = AreaMean((movies.first.sizes["Y"], movies.first.sizes["X"]), plan.shown)

    def images(self, place: Mapping[str, int], *, gaps: bool = True) -> list[list[np.ndarray]]:
        """Read what is shown at `place`, by channel and file: float64 counts, shape (Y, X).

        NaN in strips and where half or more of the pixels are not finite. Without `gaps` what is
        no data does not count either.
        """
        return [
            [self._image(stack, {**place, "C": channel}, gaps) for stack in self.movies.stacks]
            for channel in self.plan.channels
        ]

    def _image(self, stack: Stack, place: Mapping[str, int], gaps: bool) -> np.ndarray:
        plane = stack.plane(place)
        valid = np.isfinite(plane)
        self.n_broken += plane.size - int(np.count_nonzero(valid))
        if not self._keep_strips:
            strips = find_strips(plane)
            valid[strips.rows] = False
            valid[:, strips.columns] = False
        if not gaps:
            valid &= find_data(plane, keep_strips=self._keep_strips)
        return self._shrink(plane, valid)


def choose_limits(viewer: Viewer, request: PreviewRequest, progress: Progress) -> list[Limits]:
    """Return the counts shown black and white in each channel, the same for all files.

    They are percentiles of what is shown, gaps aside: averaging takes most of the noise
    away, so limits of single pixels would leave the preview grey.

    Raises
    ------
    StackError
        If there is nothing to see.
    """
    if request.limits is not None:
        return [request.limits] * len(viewer.plan.channels)
    samples = _sample(viewer)
    found = [find_limits(list(itertools.chain(*files)), request.percentiles) for files in samples]
    if not all(map(_differ, found)):  # perhaps something shows in other frames only
        found = _extremes(viewer)
    if not any(map(_differ, found)):
        seen = next((f"{limits[0]:g}" for limits in found if limits), "zero, NaN or infinite")
        raise StackError(
            f"{viewer.movies.first.name}: every pixel that would be shown is {seen}, so there is "
            "nothing to see. Check the file, or show other planes with "
            f"{option('at')} or {option('skip')}."
        )
    for files, limits in zip(samples, found, strict=True):
        if _differ(limits):
            _warn_of_other_scales(viewer, files, progress)
    flat = (0.0, 1.0)
    return [limits if limits and _differ(limits) else flat for limits in found]


def _sample(viewer: Viewer) -> list[list[list[np.ndarray]]]:
    """Images of some frames, thinned out: by channel and file."""
    stride = max(1, -(-max(viewer.plan.shown) // SAMPLE_EDGE_PX))
    samples: list[list[list[np.ndarray]]] = [
        [[] for _ in viewer.movies.stacks] for _ in viewer.plan.channels
    ]
    for place in evenly(viewer.plan.places, SAMPLE_FRAMES):
        for by_file, images in zip(samples, viewer.images(place, gaps=False), strict=True):
            for collected, image in zip(by_file, images, strict=True):
                collected.append(image[::stride, ::stride].copy())
    viewer.n_broken = 0  # these frames are read again
    return samples


def _extremes(viewer: Viewer) -> list[Limits | None]:
    """Smallest and largest value of each channel, over all frames and files."""
    found: list[Limits | None] = [None] * len(viewer.plan.channels)
    for place in viewer.plan.places:
        for number, images in enumerate(viewer.images(place)):
            values = np.concatenate([image[np.isfinite(image)] for image in images])
            if values.size:
                low, high = float(values.min()), float(values.max())
                known = found[number] or (low, high)
                found[number] = min(low, known[0]), max(high, known[1])
    viewer.n_broken = 0
    return found


def _differ(limits: Limits | None) -> bool:
    return limits is not None and limits[0] < limits[1]


def _warn_of_other_scales(
    viewer: Viewer, by_file: Sequence[Sequence[np.ndarray]], progress: Progress
) -> None:
    """Say where a restored file cannot look right beside the input."""
    first = find_limits(by_file[0], (0.0, 100.0))
    for name, images in zip(viewer.movies.labels[1:], by_file[1:], strict=True):
        middle = find_limits(images, (50.0, 50.0))
        if first is None or middle is None:
            continue
        level = float(np.nanmedian(np.concatenate([image.ravel() for image in images])))
        if not first[0] <= level <= first[1]:
            progress.warn(
                f"{name}: its median is {level:.4g}, but the input lies between {first[0]:.4g} and "
                f"{first[1]:.4g}. In equal grey limits one of them looks flat: is it scaled "
                "differently?"
            )
