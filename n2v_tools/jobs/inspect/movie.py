"""What happens in a movie from frame to frame, for people and for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...noise.movie import Movie
from ...noise.shifts import NEARBY, Shifts

MOST_NAMED = 5  # frames
BLURRING_PX = 0.7  # motion within 16 frames that methods through time blur
MUCH_BLEACHED = 25.0  # percent


def movie_values(movie: Movie | None) -> dict[str, Any] | None:
    """Numbers for scripts; None for what is no movie of 8 frames or more."""
    if movie is None:
        return None
    scenes, shifts, bleaching = movie.scenes, movie.shifts, movie.bleaching
    measured = shifts.moves is not None
    known = bleaching.bleaches is not None
    return {
        "frames": scenes.n_frames,
        "cuts": list(scenes.cuts),
        "jumps": list(scenes.jumps),
        "odd": list(scenes.odd),
        "dark": list(scenes.dark),
        "repeated": list(scenes.repeated),
        "alternating": scenes.alternating,
        "motion": {
            "moves": shifts.moves,
            "px": shifts.range_px if measured else None,
            "px_within_16_frames": shifts.nearby_px if measured else None,
            "error_px": shifts.error_px if measured else None,
            "frames_averaged": shifts.run if measured else None,
            "confidence": shifts.confidence,
            "reason": shifts.reason,
        },
        "bleaching": {
            "bleaches": bleaching.bleaches,
            "percent": bleaching.percent if known else None,
            "half_life_frames": bleaching.half_life_frames,
            "confidence": bleaching.confidence,
            "reason": bleaching.reason,
        },
        "flicker_percent": 100 * movie.flicker,
    }


def movie_lines(values: Mapping[str, Any] | None, movie: Movie | None) -> list[str]:
    """Say it in a line or two; what is wrong is among the warnings."""
    if values is None or movie is None:
        return []
    scenes = movie.scenes
    parts = [_motion_text(movie.shifts), _bleaching_text(values["bleaching"])]
    if movie.flicker:
        parts.append(f"light flickers by {100 * movie.flicker:.2g} %")
    if scenes.jumps:
        parts.append(f"light jumps at {frames_text(scenes.jumps)}")
    if not scenes.cuts:
        parts.append("one scene")
    return ["; ".join(parts)]


def movie_warnings(movie: Movie | None) -> list[str]:
    """List what in a movie spoils a denoising through time, each with what to do."""
    if movie is None:
        return []
    found = [*_scene_warnings(movie), *motion_warnings(movie)]
    if movie.bleaching.bleaches and movie.bleaching.percent > MUCH_BLEACHED:
        found.append(
            f"bleaching takes {movie.bleaching.percent:.0f} % of the light: correct it after "
            "denoising, not before, since correction makes the noise of late frames stronger"
        )
    return found


def motion_warnings(movie: Movie) -> list[str]:
    """List what of the motion spoils a look through time, also where it is learned from."""
    found, shifts = [], movie.shifts
    if movie.scenes.alternating:
        found.append(
            "frames are more alike two apart than side by side, as where depths or channels were "
            "saved as time: save the file with its axes, or pass --axes with them"
        )
    if shifts.moves and shifts.nearby_px > BLURRING_PX:
        found.append(
            f"the field moves by up to {shifts.range_px:.1f} px, {shifts.nearby_px:.1f} px within "
            f"{NEARBY} frames, which methods that look through time may blur: move frames back by "
            "whole pixels first (interpolation would spread the noise), or denoise frame by frame"
        )
    return found


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
            "as after a flash or a jerk. Leave them out where they are no data"
        )
    if scenes.repeated:
        found.append(
            f"{len(scenes.repeated)} of {scenes.n_frames} frames repeat the one before "
            f"({frames_text(scenes.repeated)}, counted from 0): their noise is the same, which "
            "methods that learn from pairs of frames would keep. Remove the copies"
        )
    return found


def _motion_text(shifts: Shifts) -> str:
    if shifts.moves is None:
        return f"motion: cannot tell: {shifts.reason}"
    sure = f"confidence {shifts.confidence}"
    if not shifts.moves:
        return f"still, within {max(shifts.range_px, 0.1):.1f} px, {sure}"
    quick = f" ({shifts.nearby_px:.1f} px within {NEARBY} frames)"
    return f"moves by up to {shifts.range_px:.1f} px{quick}, {sure}"


def _bleaching_text(values: Mapping[str, Any]) -> str:
    if values["bleaches"] is None:
        return f"bleaching: cannot tell: {values['reason']}"
    if not values["bleaches"]:
        why = f" ({values['reason']})" if values["reason"] else ""
        return f"no bleaching seen{why}"
    return (
        f"bleaches by {values['percent']:.0f} %, half of the light in "
        f"{values['half_life_frames']:.0f} frames"
    )
