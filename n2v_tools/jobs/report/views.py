"""Views of a report: its planes before and after, in the same grey levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...measure.scaling import Scaling
from ...preview.grey import to_grey
from ...preview.scalebar import choose_bar
from ...report.curves import profile_chart
from ...report.pictures import png_uri
from ...report.plain import number_text
from ...report.values import Map, Pane, View
from ...stack import Stack
from .shown import Window, read_windows
from .sources import Sources

RESTORED_PERCENT = (0.2, 99.8)  # black and white; wider where that would cut off much noise
NOISY_PERCENT = (5.0, 95.0)
RESIDUAL_DEVIATIONS = 3.0
UNCERTAINTY_PERCENT = 99.5


def make_views(sources: Sources, scalings: Sequence[Scaling] = ()) -> tuple[View, ...]:
    """Read the planes that are shown, and draw them; `scalings` as in `read_windows`.

    Raises
    ------
    StackError
        If no plane holds an image.
    """
    windows = read_windows(sources, scalings)
    by_channel: dict[int, list[Window]] = {}
    for window in windows:
        by_channel.setdefault(window.place.get("C", 0), []).append(window)
    scales = {channel: Scale.of(some) for channel, some in by_channel.items()}
    return tuple(
        _draw(window, scales[window.place.get("C", 0)], sources.restored, number)
        for number, window in enumerate(windows)
    )


@dataclass(frozen=True)
class Scale:
    """Which counts are black and white: the same for noisy, restored and clean."""

    black: float
    white: float
    residual: float  # minus and plus so many counts are black and white
    uncertainty: float  # white

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Scale:
        """Choose for all windows of a channel together."""
        noisy, restored = (_values(windows, role) for role in ("noisy", "restored"))
        low, high = np.percentile(restored, RESTORED_PERCENT)
        least, most = np.percentile(noisy, NOISY_PERCENT)
        black, white = float(min(low, least)), float(max(high, most))
        pairs = np.concatenate(
            [(w.planes["noisy"] - w.planes["restored"])[w.data] for w in windows]
        )
        deviation = float(np.nanstd(np.where(np.isfinite(pairs), pairs, np.nan)))
        errors = _values(windows, "uncertainty")
        return cls(
            black,
            white if white > black else black + 1,
            RESIDUAL_DEVIATIONS * deviation or 1.0,
            float(np.percentile(errors, UNCERTAINTY_PERCENT)) or 1.0,
        )

    def limits(self, role: str) -> tuple[float, float]:
        """Counts shown black and white in a picture of that role."""
        if role == "residual":
            return -self.residual, self.residual
        return (0.0, self.uncertainty) if role == "uncertainty" else (self.black, self.white)


def _values(windows: Sequence[Window], role: str) -> np.ndarray:
    """Finite counts of a role in all windows, where there are data; a zero if there is none."""
    planes = [window.planes[role][window.data] for window in windows if role in window.planes]
    values = np.concatenate([plane[np.isfinite(plane)] for plane in planes] or [np.zeros(1)])
    return values if values.size else np.zeros(1)


def _draw(window: Window, scale: Scale, stack: Stack, number: int) -> View:
    label = place_text(window.place, stack)
    planes = dict(window.planes)
    planes["residual"] = planes["noisy"] - planes["restored"]
    order = [r for r in ("noisy", "restored", "clean", "residual", "uncertainty") if r in planes]
    height, width = planes["noisy"].shape
    row = _profile_row(np.where(window.data, planes["restored"], np.nan))
    return View(
        label=label,
        width=width,
        height=height,
        panes=tuple(_pane(role, planes[role], scale, label) for role in order),
        note=_note(window, scale),
        line_y=row + 0.5,
        bar=choose_bar(width, stack.spacing_um("X")),
        profile=profile_chart({role: plane[row] for role, plane in planes.items()}, row, number),
        map=None if window.is_whole else _map(window, scale),
    )


def _pane(role: str, plane: np.ndarray, scale: Scale, label: str) -> Pane:
    limits = scale.limits(role)
    names = {
        "noisy": ("noisy", "what was recorded"),
        "restored": ("restored", "what denoising made of it"),
        "clean": ("clean", "the truth"),
        "residual": ("residual", "what was taken away"),
        "uncertainty": ("uncertainty", "expected error of each restored value"),
    }
    name, meaning = names[role]
    own = {
        "residual": f"; mid-grey is 0, white {number_text(limits[1])} counts",
        "uncertainty": f"; white is {number_text(limits[1])} counts",
    }
    caption = meaning + own.get(role, "")
    where = f", {label}" if label else ""
    return Pane(role, name, png_uri(to_grey(plane, limits)), f"{name}{where}: {meaning}", caption)


def _note(window: Window, scale: Scale) -> str:
    grey = (
        f"Same grey levels on both sides: black is {number_text(scale.black)}, white "
        f"{number_text(scale.white)} counts."
    )
    height, width = window.shape
    if window.is_whole:
        return f"The whole plane, {width} × {height} px. {grey}"
    shown_y, shown_x = window.planes["noisy"].shape
    return (
        f"A window of {shown_x} × {shown_y} px from X {window.columns.start}, Y "
        f"{window.rows.start} of the plane of {width} × {height} px, where it has most structure; "
        f"pixels as they are. {grey}"
    )


def _map(window: Window, scale: Scale) -> Map:
    height, width = window.whole.shape
    y, x = (small / large for small, large in zip(window.whole.shape, window.shape, strict=True))
    box = (
        window.columns.start * x,
        window.rows.start * y,
        (window.columns.stop - window.columns.start) * x,
        (window.rows.stop - window.rows.start) * y,
    )
    grey = to_grey(window.whole, (scale.black, scale.white))
    left, top, wide, high = (round(value, 2) for value in box)
    return Map(png_uri(grey), width, height, (left, top, wide, high))


def _profile_row(restored: np.ndarray) -> int:
    """Row with most structure, away from the edges where there is room."""
    margin = len(restored) // 10
    rows = restored[margin : len(restored) - margin]
    there = np.isfinite(rows)
    n = np.maximum(there.sum(axis=1), 1)
    mean = np.where(there, rows, 0).sum(axis=1) / n
    power = np.where(there, (rows - mean[:, None]) ** 2, 0).sum(axis=1)
    return margin + int(np.argmax(power))


def place_text(place: Mapping[str, int], stack: Stack) -> str:
    """Name a plane by the axes that are longer than 1, counted from 0."""
    names = stack.metadata.get("channel_names") or ()
    words = []
    for axis, number in place.items():
        if stack.sizes[axis] == 1:
            continue
        named = axis == "C" and number < len(names) and names[number]
        words.append(f"channel {names[number]}" if named else f"{axis} {number}")
    return ", ".join(words) or "the plane"
