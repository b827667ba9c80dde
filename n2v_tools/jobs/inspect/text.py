"""What ``n2v-inspect`` found, said to a person in a few lines and to a script in numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...noise.advice import DEPTH_PX, PATCH_PX, depth_for_3d
from ...noise.correlation import N_LAGS
from ...noise.movie import Movie
from ...noise.overview import Overview
from ...prepare.survey import Survey
from ...stack import Stack
from .movie import movie_lines
from .warnings import too_small

WIDTH = 9  # of a label
CONTINUED = ("noise", "advice")  # labels that are said once for several lines


def describe(
    name: str,
    stack: Stack,
    survey: Survey,
    values: Mapping[str, Any],
    seen: Overview | None,
    movie: Movie | None = None,
) -> str:
    """Say it in a few lines.

    Parameters
    ----------
    name : str
    stack : Stack
    survey : Survey
    values : mapping
        What ``--json`` prints.
    seen : Overview or None
        Of the channel that decides; None if nothing could be measured.
    movie : Movie or None
        What happens in it from frame to frame.
    """
    sizes = ", ".join(f"{axis} {size}" for axis, size in stack.sizes.items())
    rows = [
        ("axes", f"{stack.axes}: {sizes}"),
        ("type", f"{stack.dtype}, {_size_text(stack)}"),
        ("values", _values_text(survey)),
        ("pixels", _pixel_text(stack)),
        ("strips", _strips_text(survey)),
        ("training", _training_text(stack, values["command"] or "")),
        *(("noise", line) for line in (_noise_lines(values["noise"], seen) if seen else [])),
        *(("movie", line) for line in movie_lines(values["movie"], movie)),
        *(("note", note) for note in values["notes"]),
        *(("warning", warning) for warning in values["warnings"]),
        *(("advice", line) for line in _advice_lines(values)),
        ("command", values["command"] or "none: this cannot be learned from"),
        *([("figure", values["plot"])] if values["plot"] else []),
    ]
    lines, before = [name], ""
    for label, text in rows:
        shown = "" if label == before and label in CONTINUED else label
        lines.append(f"  {shown:<{WIDTH}} {text}")
        before = label
    return "\n".join([*lines, ""])


def noise_values(channels: Sequence[Overview], chosen: int) -> dict[str, Any]:
    """Numbers for scripts: of the channel that decides, and of each where there are several.

    Parameters
    ----------
    channels : sequence of Overview
        At least one.
    chosen : int
        The channel that decides on the mask.
    """
    values = _of_channel(channels[chosen])
    if len(channels) == 1:
        return values
    return {**values, "channel": chosen, "channels": [_of_channel(seen) for seen in channels]}


def _of_channel(seen: Overview) -> dict[str, Any]:
    along, strength = seen.correlation.along, seen.strength
    return {
        "sigma": seen.sigma,
        "gain": strength.gain,
        "correlated": seen.correlated,
        "struct_mask": seen.choice.mask,
        "confidence": seen.choice.confidence,
        "correlation": {
            "Y": _ten(along.get("Y", ())),
            "X": _ten(along.get("X", ())),
            "Z": _ten(along["Z"]) if "Z" in along else None,
            "T": _ten(along["T"]) if "T" in along else None,
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


def _noise_lines(values: Mapping[str, Any], seen: Overview) -> list[str]:
    channel = f" (channel {values['channel']})" if "channel" in values else ""
    lines = [_level_text(seen) + channel]
    detail = _camera_text(seen)
    lines += [detail] if detail else []
    sure, reason = seen.choice.confidence, seen.choice.reason
    if seen.correlated is None:
        lines.append(f"correlation: cannot tell: {reason}")
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
            f"level: cannot tell ({strength.reason}); two frames of one field, or more and "
            "smoother images, would show it"
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
    if s.gain is None:
        return (
            "the image is as bright everywhere, so that its gain cannot be told; a dark frame "
            "(--noise FILE) would tell it"
        )
    low, high = (s.sigma_at(mean) or 0.0 for mean in _range_of(seen))
    if high < 1.15 * low:
        return "equally strong in dark and bright parts"
    line = f"gain {s.gain:.4g} counts per photoelectron: variance = {s.gain:.4g} x mean"
    return f"{line} {s.floor:+.4g}; a dark frame (--noise FILE) would tell offset and read noise"


def _range_of(seen: Overview) -> tuple[float, float]:
    """Dark and bright, of what was sampled."""
    levels, counts = seen.histogram
    share = np.cumsum(counts) / counts.sum()
    places = np.searchsorted(share, (0.05, 0.95))
    return float(levels[places[0]]), float(levels[min(places[1], len(levels) - 1)])


def _advice_lines(values: Mapping[str, Any]) -> list[str]:
    if not values["advice"] or not values["command"]:
        return []
    names = {"method": "method", "mask": "mask", "patch": "patch", "preset": "preset"}
    return [f"{name} {values['advice'][key]}" for key, name in names.items()]


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
        f"{count(survey.n_levels, 'grey level')}"
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
        f"in {survey.n_planes_with_strips} of {count(survey.n_planes, 'plane')}, on average "
        f"{survey.strip_columns:.1f} columns and {survey.strip_rows:.1f} rows; "
        f"{count(survey.n_empty_planes, 'empty plane')}"
    )


def _training_text(stack: Stack, command: str) -> str:
    """What the command would do, and what else is possible."""
    if too_small(stack):
        return "none: the planes are too small"
    n_channels = stack.sizes.get("C", 1)
    n_planes = len(list(stack.places())) // n_channels
    by_time = "--method video" in command
    text = "by frames before and after" if by_time else "2D by default"
    text += f": {count(n_planes, 'frame' if by_time else 'plane')} YX"
    text += f" of {n_channels} channels" if n_channels > 1 else ""
    depth = depth_for_3d(stack)
    if depth:
        also = " --depth T" if depth == "T" and "Z" in stack.axes else ""
        text += f"; 3D over {depth} with --patch {DEPTH_PX},{PATCH_PX},{PATCH_PX}{also}"
    return text


def count(number: int, what: str) -> str:
    """Say how many, such as ``"1 plane"`` or ``"2 planes"``."""
    return f"{number} {what}{'' if number == 1 else 's'}"
