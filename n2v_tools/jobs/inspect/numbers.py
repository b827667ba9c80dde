"""Numbers that ``n2v-inspect --json`` prints: what was found, for scripts.

Tests: ``tests/jobs/inspect/test_findings.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...noise.changes import Movie
from ...noise.correlation import N_LAGS
from ...noise.grey_levels import GreyLevels
from ...noise.overview import Overview
from ...prepare.survey import Survey
from ...stack import Stack
from .findings import Findings


def numbers_of(found: Findings) -> dict[str, Any]:
    """Return all that was found as JSON values: the keys scripts rely on, and more."""
    channels = found.channels
    return {
        **_of_file(found.stack, found.survey),
        "saturated_percent": found.saturated,
        "grey_levels": _of_levels(found.levels) if found.levels else None,
        "hot_pixels": _of_hot_pixels(channels),
        "noise": _of_noise(channels, found.chosen) if channels else None,
        "movie": _of_movie(found.movie) if found.movie else None,
        "advice": dict(found.advice.reasons) if found.advice else None,
        "notes": list(found.stack.notes),
        "warnings": found.warnings,
        "command": found.command,
    }


def _of_file(stack: Stack, survey: Survey) -> dict[str, Any]:
    there = {axis: stack.spacing.get(axis) if axis in stack.axes else None for axis in "YXZ"}
    return {
        "axes": stack.axes,
        "shape": list(stack.array.shape),
        "dtype": str(stack.dtype),
        "levels": survey.n_levels,
        "minimum": survey.minimum,
        "maximum": survey.maximum,
        "mean": list(survey.mean),
        "std": list(survey.std),
        "nonfinite": survey.n_nonfinite,
        "pixel_size": {**there, "unit": stack.unit} if any(there.values()) else None,
        "frame_interval_s": stack.spacing.get("T"),
        "strips": {
            "planes_with_strips": survey.n_planes_with_strips,
            "empty_planes": survey.n_empty_planes,
            "columns": survey.strip_columns,
            "rows": survey.strip_rows,
        },
    }


def _of_levels(levels: GreyLevels) -> dict[str, Any]:
    return {
        "common": levels.n_common,
        "n99": levels.n99,
        "effective": levels.effective,
        "step": levels.step,
        "verdict": levels.verdict,
        "keep": levels.keep,
    }


def _of_hot_pixels(channels: Mapping[int, Overview]) -> dict[str, Any] | None:
    found = [seen.hot for seen in channels.values() if seen.hot is not None]
    if not found:
        return None
    worst = max(found, key=lambda hot: hot.count)
    return {"count": worst.count, "percent": worst.percent, "planes": worst.n_planes}


def _of_noise(channels: Mapping[int, Overview], chosen: int) -> dict[str, Any]:
    """Of the channel that decides on the mask, and of each where there are several."""
    values = _of_channel(channels[chosen])
    if len(channels) == 1:
        return values
    each = [_of_channel(channels[c]) if c in channels else None for c in range(max(channels) + 1)]
    return {**values, "channel": chosen, "channels": each}


def _of_channel(seen: Overview) -> dict[str, Any]:
    along, strength = seen.correlation.along, seen.strength
    return {
        "sigma": seen.sigma,
        "gain": strength.gain,
        "correlated": seen.correlated,
        "struct_mask": seen.choice.name,
        "confidence": seen.choice.confidence,
        "correlation": {
            axis: _ten(along.get(axis, ())) if axis in "YX" or axis in along else None
            for axis in "YXZT"
        },
        "reason": seen.choice.reason,
        "source": seen.correlation.source,
        "floor": strength.floor,
        "offset": strength.offset,
        "read_noise": strength.read_noise,
        "level_method": strength.method,
        "level_confidence": strength.confidence,
        "level_reason": strength.reason,
    }


def _ten(lags: Sequence[float]) -> list[float | None]:
    """Lags 1 to 10, None where a small stack has none."""
    return [*map(float, lags[:N_LAGS]), *[None] * (N_LAGS - len(lags))]


def _of_movie(movie: Movie) -> dict[str, Any]:
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
        "period": scenes.period,
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
