"""Frame-to-frame changes of a movie: scene cuts, shifts, bleaching, flicker.

One pass over the frames, of which only small pictures are kept for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..stack import Stack
from ..words import option
from .bleaching import Bleaching, Light, measure_flicker
from .scenes import LEAST_FRAMES, Scenes, Watch
from .shifts import NEARBY, Runs, Shifts
from .thumbnails import Thumbnails

MOST_NAMED = 5  # frames
BLURRING_PX = 0.7  # motion within 16 frames that methods through time blur
MUCH_BLEACHED = 25.0  # percent


@dataclass(frozen=True)
class Movie:
    """What was seen in a movie."""

    scenes: Scenes
    shifts: Shifts  # of the longest scene
    bleaching: Bleaching  # of the longest scene
    flicker: float  # deviation of the light from frame to frame, relative to it; 0 if there is none


def look_at_movie(
    stack: Stack,
    offset: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Movie | None:
    """Look at every frame of a movie once; None with fewer than 8 frames, or smaller than 4 px.

    Values must be finite, with squares that double precision holds. Of depths and channels four
    planes a frame are looked at. `offset`: counts without light; None if they are unknown.
    `progress` is called with frames done and frames in all.
    """
    if stack.sizes.get("T", 1) < LEAST_FRAMES:
        return None
    thumbnails = Thumbnails(stack)
    if not thumbnails.n_blocks:
        return None
    n_frames = len(thumbnails)
    watch, light = Watch(), Light(n_frames)
    runs = Runs(n_frames, thumbnails.shape, thumbnails.factor)
    for frame, thumbnail in enumerate(thumbnails):
        blocks = thumbnails.blocks(thumbnail)
        watch.add(blocks)
        light.add(frame, blocks)
        runs.add(frame, thumbnail)
        if progress is not None:
            progress(frame + 1, n_frames)
    scenes = watch.scenes()
    # A repeated frame spoils no mean; what is dark or elsewhere does.
    chance = light.noise / thumbnails.n_blocks
    foreign = tuple(sorted({*scenes.breaks} - {*scenes.repeated}))
    dim = offset if offset is not None else min(0.0, float(scenes.means.min()))
    return Movie(
        scenes,
        runs.shifts(scenes.longest, foreign),
        light.bleaching(scenes.longest, offset),
        measure_flicker(np.asarray(scenes.means), scenes.breaks, chance, dim),
    )


def movie_warnings(movie: Movie, axes: str) -> list[str]:
    """List what in a movie of these axes spoils a denoising through time, each with what to do."""
    if movie.scenes.period > 1:  # nothing else means what it says
        return motion_warnings(movie, axes)
    found = [*_scene_warnings(movie), *motion_warnings(movie, axes)]
    if movie.bleaching.bleaches and movie.bleaching.percent > MUCH_BLEACHED:
        found.append(
            f"bleaching takes {movie.bleaching.percent:.0f} % of the light: correct it after "
            "denoising, not before, since correction makes the noise of late frames stronger"
        )
    return found


def motion_warnings(movie: Movie, axes: str) -> list[str]:
    """List what of the motion spoils a look through time, also where it is learned from."""
    mixed = interleaving_warning(movie, axes)
    if mixed:
        return [mixed]
    found, shifts = [], movie.shifts
    if shifts.moves and shifts.nearby_px > BLURRING_PX:
        found.append(
            f"the field moves by up to {shifts.range_px:.1f} px, {shifts.nearby_px:.1f} px within "
            f"{NEARBY} frames, which methods that look through time may blur: move frames back by "
            "whole pixels first (interpolation would spread the noise), or denoise frame by frame"
        )
    return found


def interleaving_warning(movie: Movie, axes: str) -> str:
    """Say that frames of a movie of these axes show several things in turn; empty if not."""
    period = movie.scenes.period
    if period < 2:
        return ""
    names = {"C": "channels", "Z": "depths"}
    remedies = [
        f"{option('axes', axes.replace('T', f'T{axis}{period}'))} for {name}"
        for axis, name in names.items()
        if axis not in axes
    ]
    apart = f"pass {' or '.join(remedies)}" if remedies else "save the file with its axes"
    return (
        f"frames are more alike {period} apart than side by side, as where {period} channels or "
        f"depths were saved as time: {apart}. If it is the light that changes, or what is seen, "
        "methods that look through time mix it"
    )


def frames_text(frames: Sequence[int]) -> str:
    """Name frames, such as ``frames 3, 17 and 9 more``."""
    named = ", ".join(map(str, frames[:MOST_NAMED]))
    more = len(frames) - MOST_NAMED
    return f"frame{'s' if len(frames) > 1 else ''} {named}{f' and {more} more' if more > 0 else ''}"


def _scene_warnings(movie: Movie) -> list[str]:
    scenes, found = movie.scenes, []
    if scenes.cuts:
        found.append(
            f"another scene begins at {frames_text(scenes.cuts)}, counted from 0: methods that "
            "look through time mix both scenes there; split the movie into files"
        )
    if scenes.dark:
        found.append(
            f"{frames_text(scenes.dark)}, counted from 0: dark or empty between lit ones. Leave "
            "them out: methods that look through time dim their neighbours"
        )
    if scenes.odd:
        found.append(
            f"{frames_text(scenes.odd)}, counted from 0: unlike both neighbours, which are alike, "
            "as after a flash or a jerk. Leave them out unless they are data"
        )
    if scenes.repeated:
        found.append(
            f"{len(scenes.repeated)} of {scenes.n_frames} frames repeat the one before "
            f"({frames_text(scenes.repeated)}, counted from 0): their noise is the same, which "
            "methods that learn from pairs of frames would keep. Remove the copies"
        )
    return found
