"""Picture of one plane before and after, beside the truth: the same grey limits, a closer look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter

from .scalebar import choose_bar

ZOOM = 4  # the closer look shows a quarter of the width and of the height
PANEL_IN = 3.0  # width of a panel in inches
DPI = 120
GREY_PERCENT = (1.0, 99.8)  # of the clean pixels, black and white


@dataclass(frozen=True, eq=False)
class Panel:
    """One version of the plane."""

    label: str
    plane: np.ndarray  # shape (Y, X): counts
    psnr: float | None  # of the whole stack, in dB


@dataclass(frozen=True, eq=False)
class Picture:
    """What is drawn."""

    panels: tuple[Panel, ...]  # from left to right; the last one sets the grey limits
    valid: np.ndarray  # bool, shape (Y, X): True outside strips
    pixel_um: float | None  # size of a pixel, for the scale bar


def draw_picture(picture: Picture, file: IO[bytes]) -> None:
    """Write `picture` as PNG."""
    from matplotlib.figure import Figure  # takes a second: not before a picture is wanted
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    clean = picture.panels[-1].plane
    low, high = np.percentile(clean[picture.valid], GREY_PERCENT)
    rows, columns = find_detail(clean, picture.valid)
    n = len(picture.panels)
    aspect = clean.shape[0] / clean.shape[1]
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    figure = Figure(figsize=(PANEL_IN * n, 2 * PANEL_IN * aspect + 0.3), layout=layout)
    grid = figure.subplots(2, n, squeeze=False)
    for (whole, close), panel in zip(grid.T, picture.panels, strict=True):
        psnr = "" if panel.psnr is None else f"  (PSNR {panel.psnr:.1f} dB)"
        whole.set_title(f"{panel.label}{psnr}", fontsize=12)
        grey = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest"}
        whole.imshow(panel.plane, **grey)
        close.imshow(panel.plane[rows, columns], **grey)
        for axes in (whole, close):
            axes.set_axis_off()
            axes.autoscale(False)  # frame and bar must not move the image
    mark_window(grid[0, 0], rows, columns)
    if picture.pixel_um:
        for axes in grid[:, 0]:
            _scale_bar(axes, picture.pixel_um)
    figure.savefig(file, dpi=DPI, format="png")


def find_detail(
    clean: np.ndarray, valid: np.ndarray, size: tuple[int, int] | None = None
) -> tuple[slice, slice]:
    """Return the window with most edges of a plane (Y, X), as slices of Y and X.

    Windows with strips, where `valid` is False, are taken only if there are no others. `size` is no
    larger than the image; default a quarter of its edges.
    """
    height, width = size or tuple(max(1, edge // ZOOM) for edge in clean.shape)
    # The step into a strip is not an edge of the image, hence minimum and maximum of what is valid.
    span = maximum_filter(np.where(valid, clean, -np.inf), 3) - minimum_filter(
        np.where(valid, clean, np.inf), 3
    )
    edges = uniform_filter(np.where(valid, span, 0).astype(np.float64) ** 2, (height, width))
    holes = uniform_filter((~valid).astype(np.float64), (height, width))
    score = edges - 1e12 * (holes > 1e-9)
    top, left = height // 2, width // 2
    inside = score[
        top : clean.shape[0] - height + top + 1, left : clean.shape[1] - width + left + 1
    ]
    y, x = np.unravel_index(np.argmax(inside), inside.shape)
    return slice(int(y), int(y) + height), slice(int(x), int(x) + width)


def mark_window(axes: Any, rows: slice, columns: slice) -> None:
    """Mark on the whole plane, in matplotlib axes, where the closer look is."""
    axes.plot(
        [columns.start, columns.stop, columns.stop, columns.start, columns.start],
        [rows.start, rows.start, rows.stop, rows.stop, rows.start],
        color="#F0E442",
        linewidth=1,
    )


def _scale_bar(axes: Any, pixel_um: float) -> None:
    """Draw a bar of a round length in the lower left corner."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    width, height = right - left, bottom - top
    bar = choose_bar(round(width), pixel_um, most=0.3)
    if bar is None:
        return
    x, y = left + 0.05 * width, bottom - 0.05 * height
    axes.plot([x, x + bar.length_px], [y, y], color="white", linewidth=3)
    axes.text(
        x + bar.length_px / 2,
        y - 0.02 * height,
        bar.label,
        color="white",
        ha="center",
        va="bottom",
        fontsize=9,
    )
