"""What happens in a movie from frame to frame: scenes, motion, bleaching, flicker.

One pass over the frames, of which only small pictures are kept for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..stack import Stack
from .brightness import Bleaching, Light, measure_flicker
from .scenes import LEAST_FRAMES, Scenes, Watch
from .shifts import Runs, Shifts
from .thumbnails import Thumbnails


@dataclass(frozen=True)
class Movie:
    """What was seen in a movie.

    Parameters
    ----------
    scenes : Scenes
    shifts : Shifts
        Of the longest scene.
    bleaching : Bleaching
        Of the longest scene.
    flicker : float
        Deviation of the light from frame to frame, relative to it; 0 if there is none.
    """

    scenes: Scenes
    shifts: Shifts
    bleaching: Bleaching
    flicker: float


def look_at_movie(
    stack: Stack,
    offset: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Movie | None:
    """Look at every frame of a movie once.

    Parameters
    ----------
    stack : Stack
        Finite values, whose squares double precision holds. Of depths and channels four
        planes a frame are looked at.
    offset : float or None
        Counts without light; None if they are unknown.
    progress : callable or None
        Called with (frames done, frames in all).

    Returns
    -------
    movie : Movie or None
        None without T, or with fewer than 8 frames.
    """
    if stack.sizes.get("T", 1) < LEAST_FRAMES:
        return None
    thumbnails = Thumbnails(stack)
    n_frames = len(thumbnails)
    watch, light = Watch(), Light(n_frames)
    runs = Runs(n_frames, thumbnails.shape, thumbnails.factor)
    n_blocks = 1
    for frame, thumbnail in enumerate(thumbnails):
        blocks = thumbnails.blocks(thumbnail)
        n_blocks = len(blocks)
        watch.add(blocks)
        light.add(frame, blocks)
        runs.add(frame, thumbnail)
        if progress is not None:
            progress(frame + 1, n_frames)
    scenes = watch.scenes()
    # A repeated frame spoils no mean; what is dark or elsewhere does.
    foreign = tuple(sorted({*scenes.breaks} - {*scenes.repeated}))
    dim = offset if offset is not None else min(0.0, float(scenes.means.min()))
    return Movie(
        scenes,
        runs.shifts(scenes.longest, foreign),
        light.bleaching(scenes.longest, offset),
        measure_flicker(np.asarray(scenes.means), scenes.breaks, light.noise / n_blocks, dim),
    )
