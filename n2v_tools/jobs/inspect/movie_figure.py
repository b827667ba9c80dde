"""Frame-to-frame changes of a movie as two diagrams: light and motion.

Tests: ``tests/cli/test_cli_inspect_movie.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...noise.bleaching import Bleaching
from ...noise.changes import Movie, frames_text

COLOURS = {"X": "#0072B2", "Y": "#D55E00", "Z": "#009E73", "T": "#CC79A7"}  # Okabe and Ito
BLUE = COLOURS["X"]
MOST_POINTS = 4000


def draw_movie(light: Any, motion: Any, movie: Movie) -> None:
    """Draw the light of all frames, and where the field is, into two matplotlib axes."""
    _draw_light(light, movie)
    _draw_motion(motion, movie)


def _draw_light(axes: Any, movie: Movie) -> None:
    scenes, bleaching = movie.scenes, movie.bleaching
    axes.set_title(f"Light: {_light_title(movie)}", fontsize=10)
    step = -(-scenes.n_frames // MOST_POINTS)
    frames = np.arange(0, scenes.n_frames, step)
    axes.plot(frames, scenes.means[::step], color="0.45", linewidth=0.8, label="mean of a frame")
    for frame in scenes.cuts:
        axes.axvline(frame, color=COLOURS["Y"], linewidth=1, label="another scene")
    dark = list(scenes.dark)
    if dark:
        axes.plot(dark, scenes.means[dark], "v", color=COLOURS["T"], label="dark")
    axes.set_xlabel("frame")
    axes.set_ylabel("mean (counts)")
    others = _draw_course(axes, bleaching) if len(bleaching.course) else {}
    handles, labels = axes.get_legend_handles_labels()
    once = {**dict(zip(labels, handles, strict=True)), **others}
    axes.legend(once.values(), once.keys(), frameon=False, fontsize=8)


def _draw_course(axes: Any, bleaching: Bleaching) -> dict[str, Any]:
    """Draw the light of what is always there, on a scale of its own: a camera's offset is none."""
    beside = axes.twinx()
    (points,) = beside.plot(bleaching.frames, bleaching.course, "o", color=BLUE, markersize=3)
    drawn = {"light, cells that change apart": points}
    if bleaching.half_life_frames:
        halves = (bleaching.frames - bleaching.frames.mean()) / bleaching.half_life_frames
        curve = np.median(bleaching.course * 2**halves) / 2**halves
        (line,) = beside.plot(bleaching.frames, curve, color=BLUE, linewidth=1)
        drawn["as it bleaches"] = line
    beside.set_ylim(0, 1.3 * float(bleaching.course.max()))
    beside.set_ylabel("light (1: mean of the movie)", color=BLUE)
    return drawn


def _light_title(movie: Movie) -> str:
    if movie.scenes.cuts:
        return f"another scene at {frames_text(movie.scenes.cuts)}"
    if movie.bleaching.bleaches:
        return f"bleaches by {movie.bleaching.percent:.0f} %"
    return (
        "bleaching cannot be determined"
        if movie.bleaching.bleaches is None
        else "no bleaching seen"
    )


def _draw_motion(axes: Any, movie: Movie) -> None:
    shifts = movie.shifts
    if shifts.moves is None:
        axes.set_title("Motion", fontsize=10)
        axes.set_axis_off()
        text = f"cannot be determined: {shifts.reason}"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center")
        return
    moved = f"up to {shifts.range_px:.1f} px" if shifts.moves else "none seen"
    axes.set_title(f"Motion of the field: {moved}", fontsize=10)
    for number, axis in enumerate("YX"):
        axes.errorbar(
            shifts.frames,
            shifts.px[:, number],
            shifts.error_px,
            color=COLOURS[axis],
            marker=".",
            linewidth=1,
            elinewidth=0.6,
            label=f"along {axis}",
        )
    reach = max(1.0, 1.1 * float(np.abs(shifts.px).max()))
    axes.set_xlim(0, movie.scenes.n_frames)
    axes.set_ylim(-reach, reach)
    axes.set_xlabel("frame" if shifts.run == 1 else f"frame (means of {shifts.run})")
    axes.set_ylabel("shift (px)")
    axes.legend(frameon=False, fontsize=8)
