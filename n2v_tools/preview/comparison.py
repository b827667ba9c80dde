"""Comparison in one figure: what several methods show, what they took away, and its correlation.

Restored crops share one grey scale and residuals another, so that nothing looks better
for being shown brighter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from .before_after import find_detail, mark_window

CROP_PX = 128
SMOOTH_PX = 2.0  # edges are looked for in what is left after this much smoothing
GREY_PERCENT = (0.5, 99.5)  # of the restored pixels shown, black and white
RESIDUAL_DEVIATIONS = 3.0  # of the strongest residual: white, and as many below: black
PANEL_IN = 2.4
DPI = 120
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B8A800")
LINES = ("-", "--", ":")


@dataclass(frozen=True, eq=False)
class Shown:
    """One method in the figure."""

    label: str
    plane: np.ndarray  # shape (Y, X): restored counts
    # by axis letter: autocorrelation of the residuals of the whole stack, lags 1, 2, ...
    along: Mapping[str, tuple[float, ...]]
    psnr: float | None = None  # in dB


@dataclass(frozen=True, eq=False)
class Figured:
    """What is drawn."""

    noisy: np.ndarray  # shape (Y, X): counts
    valid: np.ndarray  # bool, shape (Y, X): True outside strips
    methods: tuple[Shown, ...]  # from left to right
    clean: np.ndarray | None  # shape (Y, X)
    # by axis letter: measured correlation of the noise, lags 1, 2, ...; empty if it is unknown
    noise: Mapping[str, tuple[float, ...]]
    noisy_psnr: float | None
    title: str


def draw_comparison(shown: Figured, file: IO[bytes]) -> None:
    """Write the figure as PNG."""
    from matplotlib.figure import Figure  # takes a second: not before a picture is wanted
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    rows, columns = choose_crop(shown)
    n = max(1 + len(shown.methods) + (shown.clean is not None), 3)
    aspect = (rows.stop - rows.start) / (columns.stop - columns.start)
    heights = [aspect, aspect, 0.9, 0.9]
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.03, wspace=0.01, hspace=0.02)
    size = (PANEL_IN * n, PANEL_IN * sum(heights) + 1.8)
    figure = Figure(figsize=size, layout=layout)
    grid = figure.add_gridspec(4, 2 * n, height_ratios=heights)
    images = [[figure.add_subplot(grid[r, 2 * c : 2 * c + 2]) for c in range(n)] for r in (0, 1)]
    for axes in (one for row in images for one in row):
        axes.set_axis_off()
    _draw_crops(images[0], shown, rows, columns)
    _draw_residuals(images[1], shown, rows, columns)
    _draw_profiles(figure.add_subplot(grid[2, :]), shown, rows, columns)
    along_y = figure.add_subplot(grid[3, :n])
    _draw_correlation(along_y, shown, "Y")
    _draw_correlation(figure.add_subplot(grid[3, n:], sharey=along_y), shown, "X")
    figure.suptitle(shown.title, fontsize=11)
    figure.savefig(file, dpi=DPI, format="png")


def choose_crop(shown: Figured) -> tuple[slice, slice]:
    """Return the window with most structure, as slices of Y and X."""
    filled = np.where(shown.valid, shown.noisy, np.median(shown.noisy[shown.valid]))
    smooth = gaussian_filter(filled.astype(np.float32), SMOOTH_PX)
    height, width = (min(CROP_PX, edge) for edge in smooth.shape)
    return find_detail(smooth, shown.valid, (height, width))


def _draw_crops(row: list[Any], shown: Figured, rows: slice, columns: slice) -> None:
    """Noisy, restored, clean: one grey scale, which strong noise does not stretch."""
    restored = np.stack([one.plane[rows, columns] for one in shown.methods])
    low, high = np.nanpercentile(restored, GREY_PERCENT)
    grey = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest"}
    panels = [("noisy", shown.noisy, shown.noisy_psnr)]
    panels += [(one.label, one.plane, one.psnr) for one in shown.methods]
    if shown.clean is not None:
        panels.append(("clean", shown.clean, None))
    for axes, (label, plane, psnr) in zip(row, panels, strict=False):
        axes.imshow(plane[rows, columns], **grey)
        axes.set_title(label if psnr is None else f"{label}  {psnr:.1f} dB", fontsize=10)
    middle = (rows.stop - rows.start) // 2
    across = row[0].get_yaxis_transform()  # share of the width, pixels down
    for end in (0.02, 0.98):  # where the profiles are taken, without hiding what is there
        row[0].plot([end], [middle], marker="_", color="#F0E442", transform=across)


def _draw_residuals(row: list[Any], shown: Figured, rows: slice, columns: slice) -> None:
    """Where the crop is, then noisy minus restored, at one scale."""
    low, high = np.percentile(shown.noisy[shown.valid], GREY_PERCENT)
    row[0].imshow(shown.noisy, cmap="gray", vmin=low, vmax=high)
    row[0].set_title("where this is", fontsize=10)
    mark_window(row[0], rows, columns)
    planes = [one.plane for one in shown.methods]
    if shown.clean is not None:
        planes.append(shown.clean)
    labels = [f"noisy - {one.label}" for one in shown.methods] + ["noisy - clean"]
    residuals = [
        shown.noisy[rows, columns].astype(np.float64) - plane[rows, columns] for plane in planes
    ]
    strongest = max((float(np.nanstd(one)) for one in residuals), default=1.0)
    reach = RESIDUAL_DEVIATIONS * (strongest or 1.0)
    for axes, residual, label in zip(row[1:], residuals, labels, strict=False):
        axes.imshow(residual, cmap="gray", vmin=-reach, vmax=reach, interpolation="nearest")
        axes.set_title(label, fontsize=10)


def _draw_profiles(axes: Any, shown: Figured, rows: slice, columns: slice) -> None:
    """Counts along the middle row of the crop."""
    y = (rows.start + rows.stop) // 2
    x = np.arange(columns.start, columns.stop)
    axes.plot(x, shown.noisy[y, columns], color="0.75", linewidth=1, label="noisy")
    if shown.clean is not None:
        axes.plot(x, shown.clean[y, columns], color="black", linewidth=1.5, label="clean")
    for number, one in enumerate(shown.methods):
        axes.plot(x, one.plane[y, columns], linewidth=1.2, label=one.label, **_style(number))
    axes.set(xlabel="X, px", ylabel="counts", xlim=(x[0], x[-1]))
    axes.set_title(f"profiles along row {y}, marked in the first crop", fontsize=10)
    axes.legend(fontsize=8, ncols=8, loc="upper right")


def _draw_correlation(axes: Any, shown: Figured, axis: str) -> None:
    """Autocorrelation of the residuals over the lag."""
    axes.axhline(0, color="0.7", linewidth=0.8)
    noise = shown.noise.get(axis, ())
    if noise:
        label = "the noise, as measured"
        axes.plot(_lags(noise), noise, color="black", linewidth=2.5, alpha=0.35, label=label)
    for number, one in enumerate(shown.methods):
        values = one.along[axis]
        axes.plot(
            _lags(values), values, marker="o", markersize=3, label=one.label, **_style(number)
        )
    axes.set(xlabel=f"lag along {axis}, px", ylabel="correlation")
    axes.set_title(f"autocorrelation of the residuals along {axis}", fontsize=10)
    if axis == "X":
        axes.legend(fontsize=8, ncols=2)


def _lags(values: tuple[float, ...]) -> np.ndarray:
    return np.arange(1, len(values) + 1)


def _style(number: int) -> dict[str, Any]:
    colour = COLOURS[number % len(COLOURS)]
    return {"color": colour, "linestyle": LINES[number // len(COLOURS) % len(LINES)]}
