"""Text that ``n2v-inspect`` prints: what was found, in a few lines for a person.

Tests: ``tests/jobs/inspect/test_findings.py``.
"""

from __future__ import annotations

import math

from ...methods import table
from ...noise.bleaching import Bleaching
from ...noise.changes import Movie, frames_text
from ...noise.overview import Overview
from ...noise.shifts import NEARBY, Shifts
from ...prepare.survey import Survey
from ...report.plain import count_text
from ...stack import Stack
from ...words import option
from .advice import depth_for_3d, options_for_3d
from .findings import Findings
from .warnings import image_channels, too_small

WIDTH = 9  # of a label
CONTINUED = ("noise", "advice")  # labels that stand once for several lines


def describe(found: Findings, plot: str | None) -> str:
    """Say what was found in a few lines; `plot` is where the figure went."""
    stack, survey, command = found.stack, found.survey, found.command
    sizes = ", ".join(f"{axis} {size}" for axis, size in stack.sizes.items())
    rows = [
        ("axes", f"{stack.axes}: {sizes}"),
        ("type", f"{stack.dtype}, {_size_text(stack)}"),
        ("values", _values_text(survey)),
        ("pixels", _pixel_text(stack)),
        ("strips", _strips_text(survey)),
        ("training", _training_text(found)),
        *(("noise", line) for line in _noise_lines(found)),
        *([("movie", _movie_text(found.movie))] if found.movie else []),
        *(("note", note) for note in stack.notes),
        *(("warning", warning) for warning in found.warnings),
        *(("advice", line) for line in _advice_lines(found)),
        ("command", command or "none: this cannot be learned from"),
        *([("figure", plot)] if plot else []),
    ]
    lines, before = [found.name], ""
    for label, text in rows:
        shown = "" if label == before and label in CONTINUED else label
        lines.append(f"  {shown:<{WIDTH}} {text}")
        before = label
    return "\n".join([*lines, ""])


def _noise_lines(found: Findings) -> list[str]:
    seen = found.seen
    if seen is None:
        return []
    channel = f" (channel {found.chosen})" if len(found.channels) > 1 else ""
    lines = [_level_text(seen) + channel]
    detail = _camera_text(seen)
    lines += [detail] if detail else []
    sure, reason = seen.choice.confidence, seen.choice.reason
    if seen.correlated is None:
        lines.append(f"correlation: cannot be determined: {reason}")
    else:
        lines.append(f"{reason}, confidence {sure}")
    levels = seen.levels
    if levels.n_levels and (levels.step or not levels.keep):
        per = f", {seen.sigma / levels.step:.2g} of them" if seen.sigma and levels.step else ""
        per = f"{per} per deviation of the noise" if per else ""
        held = "level holds" if levels.n99 == 1 else "levels hold"
        lines.append(f"{levels.n99} grey {held} 99 % of the pixels{per}: {levels.verdict}")
    return lines


def _level_text(seen: Overview) -> str:
    strength, sigma = seen.strength, seen.sigma
    if sigma is None:
        return (
            f"level: cannot be determined ({strength.reason}); two frames of one field, or more "
            "and smoother images, would show it"
        )
    reason = f": {strength.reason}" if strength.reason else ""
    return (
        f"deviation {sigma:.4g} counts at the mean of {seen.mean:.5g}, measured from "
        f"{strength.method}, confidence {strength.confidence}{reason}"
    )


def _camera_text(seen: Overview) -> str:
    """Gain, read noise and offset, as far as they are known."""
    s = seen.strength
    if s.read_noise is not None and s.offset is not None:
        gain = "" if s.gain is None else f"gain {s.gain:.4g} counts per photoelectron, "
        return f"{gain}offset {s.offset:.5g} counts, read noise {s.read_noise:.4g} counts"
    if s.floor is None:
        return ""
    dark = option("noise", "FILE")
    if s.gain is None:
        return (
            "the image is as bright everywhere, so its gain cannot be determined; a dark frame "
            f"({dark}) would show it"
        )
    low, high = (s.sigma_at(mean) or 0.0 for mean in seen.between(0.05, 0.95))
    if high < 1.15 * low:
        return "equally strong in dark and bright parts"
    line = f"gain {s.gain:.4g} counts per photoelectron: variance = {s.gain:.4g} x mean"
    return f"{line} {s.floor:+.4g}; a dark frame ({dark}) would show offset and read noise"


def _advice_lines(found: Findings) -> list[str]:
    if found.advice is None or found.options is None:
        return []
    return [f"{name} {reason}" for name, reason in found.advice.reasons.items()]


def _size_text(stack: Stack) -> str:
    n_bytes = math.prod(stack.array.shape) * stack.dtype.itemsize
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"


def _values_text(survey: Survey) -> str:
    if not survey.n_pixels:
        return "no real pixel"
    means = " and ".join(f"{mean:.6g}" for mean in survey.mean)
    each = " of the channels" if len(survey.mean) > 1 else ""
    return (
        f"{survey.minimum:g} to {survey.maximum:g}, mean{each} {means}, "
        f"{count_text(survey.n_levels, 'grey level')}"
    )


def _pixel_text(stack: Stack) -> str:
    unit = stack.unit or "(unit unknown)"
    known = [a for a in "YXZ" if a in stack.spacing and a in stack.axes]
    lengths = [f"{a} {stack.spacing[a]:.6g} {unit}" for a in known]
    if "T" in stack.spacing and "T" in stack.axes:
        lengths.append(f"one frame every {stack.spacing['T']:.6g} s")
    return ", ".join(lengths) or "size unknown"


def _strips_text(survey: Survey) -> str:
    if not survey.n_planes_with_strips and not survey.n_empty_planes:
        return "none"
    return (
        f"in {survey.n_planes_with_strips} of {count_text(survey.n_planes, 'plane')}, on average "
        f"{survey.strip_columns:.1f} columns and {survey.strip_rows:.1f} rows; "
        f"{count_text(survey.n_empty_planes, 'empty plane')}"
    )


def _training_text(found: Findings) -> str:
    """What the command would do, and what else is possible."""
    stack = found.stack
    if too_small(stack):
        return "none: the planes are too small"
    n_planes = len(list(stack.places())) // stack.sizes.get("C", 1)
    n_channels = len(image_channels(found.survey))
    advised = (found.options or {}).get("method", table.AUTO)
    by_time = table.find_row(str(advised)).data == "movie"
    text = "by frames before and after" if by_time else "2D by default"
    text += f": {count_text(n_planes, 'frame' if by_time else 'plane')} YX"
    text += f" of {n_channels} channels" if n_channels > 1 else ""
    depth = depth_for_3d(stack)
    if depth:
        asked = " ".join(option(*item) for item in options_for_3d(stack, depth).items())
        text += f"; 3D over {depth} with {asked}"
    return text


def _movie_text(movie: Movie) -> str:
    """Its changes in a line; what is wrong is among the warnings."""
    parts = [_motion_text(movie.shifts), _bleaching_text(movie.bleaching)]
    if movie.flicker:
        parts.append(f"light flickers by {100 * movie.flicker:.2g} %")
    if movie.scenes.jumps:
        parts.append(f"light jumps at {frames_text(movie.scenes.jumps)}")
    if not movie.scenes.cuts:
        parts.append("one scene")
    return "; ".join(parts)


def _motion_text(shifts: Shifts) -> str:
    if shifts.moves is None:
        return f"motion: cannot be determined: {shifts.reason}"
    sure = f"confidence {shifts.confidence}"
    if not shifts.moves:
        return f"still, within {max(shifts.range_px, 0.1):.1f} px, {sure}"
    quick = f" ({shifts.nearby_px:.1f} px within {NEARBY} frames)"
    return f"moves by up to {shifts.range_px:.1f} px{quick}, {sure}"


def _bleaching_text(bleaching: Bleaching) -> str:
    if bleaching.bleaches is None:
        return f"bleaching: cannot be determined: {bleaching.reason}"
    if not bleaching.bleaches:
        return (
            f"no bleaching seen ({bleaching.reason})" if bleaching.reason else "no bleaching seen"
        )
    return (
        f"bleaches by {bleaching.percent:.0f} %, half of the light in "
        f"{bleaching.half_life_frames:.0f} frames"
    )
