"""Measures of one restored file, plane by plane, in two passes and bounded memory.

The first pass (`first_pass`) finds the range of the truth, broken pixels, and gain and offset; a
sample of planes then gives what MicroSSIM needs; the second pass measures.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .first_pass import FirstPass, Rules, Step, look_through
from .local_moments import compare_windows, measure_local
from .metrics import psnr, si_psnr
from .side_by_side import Planes, SideBySide, require_result
from .snr import TemporalSums, combine_snr, spatial_snr
from .ssim import BACKGROUND_PERCENT, MicroFit, fit_micro, micro_ssim, ssim

METRICS = {  # their names in tables, and their units
    "psnr": ("PSNR", "dB"),
    "si_psnr": ("SI-PSNR", "dB"),
    "ssim": ("SSIM", ""),
    "microssim": ("MicroSSIM", ""),
    "stsnr": ("stSNR", "dB"),
}
LEGACY_EVERY = 10  # frame that MicroSSIM is fitted to
FIT_PLANES = 32  # at least, if there are so many,
FIT_WINDOWS = 500_000  # or as many as have so many windows together


@dataclass(frozen=True)
class FileScores(FirstPass):
    """What was measured in one file."""

    # by role and metric, shape (planes,): NaN where there is nothing to measure
    values: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    n_frames: int = 1  # length of T
    fits: Mapping[str, MicroFit] = field(default_factory=dict)  # by role

    @property
    def roles(self) -> tuple[str, ...]:
        """``"restored"`` and, if there is one, ``"noisy"``."""
        return tuple(self.values)

    def gains(self, metric: str) -> np.ndarray:
        """Restored minus noisy, shape (planes,); of two infinite values NaN."""
        with np.errstate(invalid="ignore"):
            return self.values["restored"][metric] - self.values["noisy"][metric]

    def of_plane(self, number: int) -> dict[str, float]:
        """Values of one plane by the heading of their column."""
        found = {m: float(v[number]) for m, v in self.values["restored"].items()}
        if "noisy" in self.roles:
            found |= {f"noisy_{m}": float(v[number]) for m, v in self.values["noisy"].items()}
            found |= {f"{m}_gain": float(self.gains(m)[number]) for m in METRICS}
        return found


def score_files(
    side: SideBySide, rules: Rules, rng: np.random.Generator, step: Step = lambda done, total: None
) -> FileScores:
    """Measure a restored file, and the noisy one if it is there.

    `rng` chooses the windows of large files that MicroSSIM is fitted to; `step` is called with
    planes done and planes in all.

    Raises
    ------
    StackError
        If pixels are not finite, nothing is real, or the restored file or the truth is constant.
    """
    require_result(side.stacks["restored"], side.clean)
    found = look_through(side, rules, step)
    fits = _fit_micro(side, rules, found, rng)
    values = _measure(side, rules, found, fits, step)
    n_frames = side.clean.sizes.get("T", 1)
    return FileScores(**vars(found), values=values, n_frames=n_frames, fits=fits)


def _fit_micro(
    side: SideBySide, rules: Rules, found: FirstPass, rng: np.random.Generator
) -> dict[str, MicroFit]:
    """Fit background and factor to a sample of planes, each file on its own."""
    chosen = _some_places(side, rules, found)
    share = max(1, FIT_WINDOWS // len(chosen))
    pixels: dict[str, list[np.ndarray]] = {role: [] for role in side.stacks}
    windows: dict[str, list] = {role: [] for role in side.stacks if role != "clean"}
    ranges = []
    for place in chosen:
        planes = _scaled(side.read(place), found, place)
        clean = planes.clean[planes.valid]
        ranges.append(float(clean.max()) - float(clean.min()))
        some = _draw(clean.size, share, rng)
        pixels["clean"].append(clean[some].astype(np.float64))
        local = measure_local(planes.clean, planes.valid)
        which: np.ndarray | None = None
        for role, plane in planes.others.items():
            pixels[role].append(plane[planes.valid][some].astype(np.float64))
            both = compare_windows(local, measure_local(plane, planes.valid), planes.valid)
            which = _draw(both.n, share, rng) if which is None else which
            windows[role].append(both.some(which))
    offsets = {
        role: float(np.percentile(np.concatenate(parts), BACKGROUND_PERCENT))
        for role, parts in pixels.items()
    }
    return {
        role: fit_micro(parts, ranges, offsets["clean"], offsets[role], legacy=rules.legacy)
        for role, parts in windows.items()
    }


def _some_places(side: SideBySide, rules: Rules, found: FirstPass) -> list[dict[str, int]]:
    if rules.legacy:
        return found.places[::LEGACY_EVERY]
    n_pixels = side.clean.sizes["Y"] * side.clean.sizes["X"]
    n = min(len(found.real), max(FIT_PLANES, FIT_WINDOWS // n_pixels))
    return [found.real[i] for i in np.linspace(0, len(found.real) - 1, n).round().astype(int)]


def _draw(n: int, most: int, rng: np.random.Generator) -> np.ndarray:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _measure(
    side: SideBySide,
    rules: Rules,
    found: FirstPass,
    fits: Mapping[str, MicroFit],
    step: Step,
) -> dict[str, dict[str, np.ndarray]]:
    number = {tuple(place.items()): i for i, place in enumerate(found.places)}
    n = len(found.places)
    values = {role: {metric: np.full(n, math.nan) for metric in METRICS} for role in fits}
    shape = side.clean.sizes["Y"], side.clean.sizes["X"]
    done = n
    for group in side.groups():
        temporal = {role: TemporalSums(shape) for role in fits} if len(group) > 1 else {}
        rows = [number[tuple(place.items())] for place in group]
        for row, place in zip(rows, group, strict=True):
            planes = _scaled(side.read(place), found, place)
            if planes.valid.any():
                for role, scores in _score_plane(planes, rules, found.data_range, fits).items():
                    for metric, value in scores.items():
                        values[role][metric][row] = value
            for role, sums in temporal.items():
                sums.add(planes.others[role], planes.clean, planes.valid)
            done += 1
            step(done, 2 * n)
        for role, sums in temporal.items():
            spatial = values[role]["stsnr"][rows]
            temporal_snr = sums.snr()
            values[role]["stsnr"][rows] = [combine_snr(float(s), temporal_snr) for s in spatial]
    return values


def _score_plane(
    planes: Planes, rules: Rules, data_range: float, fits: Mapping[str, MicroFit]
) -> dict[str, dict[str, float]]:
    """All measures of one plane by role; of stSNR its spatial part."""
    valid, clean = planes.valid, planes.clean
    span = float(clean[valid].max()) - float(clean[valid].min())
    local = measure_local(clean, valid)
    scored = {}
    for role, plane in planes.others.items():
        windows = compare_windows(local, measure_local(plane, valid), valid)
        similar = windows
        if rules.legacy:  # microssim 0.0.5 fits in uniform windows and scores in Gaussian ones
            similar = compare_windows(
                measure_local(clean, gaussian=True), measure_local(plane, gaussian=True)
            )
        fit = fits[role]
        known = not math.isnan(fit.factor)
        scored[role] = {
            "psnr": psnr(plane, clean, data_range, valid),
            "si_psnr": si_psnr(plane, clean, valid),
            "ssim": ssim(windows, data_range),
            "microssim": micro_ssim(similar, span, fit) if known else math.nan,
            "stsnr": spatial_snr(plane, clean, valid),
        }
    return scored


def _scaled(planes: Planes, found: FirstPass, place: Mapping[str, int]) -> Planes:
    if not found.scalings:
        return planes
    channel = place.get("C", 0)
    others = {
        role: found.scalings[role][channel].apply(plane) for role, plane in planes.others.items()
    }
    return dataclasses.replace(planes, others=others)
