"""Figure of the noise of a stack: correlation, grey levels, variance against brightness.

Tests: ``tests/cli/test_cli_inspect_noise.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StackError
from ...io.publish import publishing
from ...noise.mask import least_that_counts
from ...noise.overview import Overview
from .findings import Findings
from .movie_figure import COLOURS, draw_movie

SIZE_IN = (10.0, 7.6)
MOVIE_IN = 3.6  # higher for a movie
DPI = 120
MOST_BARS = 256
MARKERS = {"X": "o", "Y": "s", "Z": "^", "T": "v"}
HIGHEST_COLOUR = 0.5  # of the map: what matters begins at 0.1


def draw_figure(found: Findings, path: Path, *, overwrite: bool) -> None:
    """Save the figure as PNG; a movie's changes from frame to frame have a row of their own.

    Raises
    ------
    StackError
        If nothing could be measured.
    OutputError
        If the file exists or cannot be written.
    """
    from matplotlib.figure import Figure  # takes a second: not before a picture is wanted

    seen, movie = found.seen, found.movie
    if seen is None:
        raise StackError(f"{found.name}: there is nothing to plot, since nothing can be measured.")
    width, height = SIZE_IN
    more = MOVIE_IN if movie else 0.0
    figure = Figure(figsize=(width, height + more), layout="constrained")
    rows = figure.subplots(3 if movie else 2, 2)
    (profiles, map_), (levels, transfer) = rows[:2]
    figure.suptitle(f"{Path(found.name).name}: {_headline(seen)}", fontsize=12)
    _draw_profiles(profiles, seen)
    _draw_map(figure, map_, seen)
    _draw_levels(levels, seen)
    _draw_transfer(transfer, seen)
    if movie is not None:
        light, motion = rows[2]
        draw_movie(light, motion, movie)
    with publishing(path, overwrite=overwrite) as file:
        figure.savefig(file, dpi=DPI, format="png")


def _headline(seen: Overview) -> str:
    if seen.correlated is None:
        return "correlation of the noise cannot be determined"
    if not seen.correlated:
        return "noise is independent from pixel to pixel"
    if seen.repelled:
        return "noise of neighbouring pixels is opposed"
    offsets = ", offsets of rows or columns" if seen.choice.warnings else ""
    return f"noise is correlated, mask {seen.choice.name}{offsets}"


def _draw_profiles(axes: Any, seen: Overview) -> None:
    axes.set_title("Share of the noise in common with a neighbour", fontsize=10)
    for axis, lags in sorted(
        seen.correlation.along.items(), key=lambda item: "XYZT".index(item[0])
    ):
        axes.plot(
            range(len(lags) + 1),
            [1, *lags],
            color=COLOURS[axis],
            marker=MARKERS[axis],
            label=f"along {axis}",
        )
    least = min(least_that_counts(seen.correlation), 0.95)
    axes.axhline(least, color="0.4", linestyle="--", linewidth=1)
    axes.text(10, least + 0.015, "above it: masked", color="0.4", fontsize=8, ha="right")
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set_xlim(0, 10.2)
    axes.set_ylim(min(-0.2, *axes.get_ylim()), 1.03)
    axes.set_xlabel("distance (pixels, planes or frames)")
    axes.set_ylabel("correlation")
    if seen.correlation.along:
        axes.legend(frameon=False)
    else:
        _say(axes, seen.correlation.reason)


def _draw_map(figure: Any, axes: Any, seen: Overview) -> None:
    axes.set_title("Correlation in the plane", fontsize=10)
    values = seen.correlation.map
    if not np.isfinite(values).any():
        axes.set_axis_off()
        _say(axes, "too few pixels")
        return
    reach = values.shape[0] // 2
    edges = (-reach - 0.5, reach + 0.5, reach + 0.5, -reach - 0.5)
    shown = axes.imshow(
        values, cmap="RdBu_r", vmin=-HIGHEST_COLOUR, vmax=HIGHEST_COLOUR, extent=edges
    )
    axes.set_xlabel("distance along X (px)")
    axes.set_ylabel("distance along Y (px)")
    figure.colorbar(shown, ax=axes, extend="both", shrink=0.9)


def _draw_levels(axes: Any, seen: Overview) -> None:
    levels = seen.levels
    axes.set_title(
        f"Grey levels: {levels.n99} hold 99 % of the pixels ({levels.verdict})", fontsize=10
    )
    values, counts = seen.histogram
    if not len(values):
        _say(axes, "too few pixels")
        return
    low, high = seen.between(0.001, 0.999)  # all but the outermost thousandths
    inside = (values >= low) & (values <= high)
    values, counts = values[inside], counts[inside]
    step = levels.step or (high - low) / MOST_BARS or 1.0
    bars = min(MOST_BARS, round((high - low) / step) + 1)
    width = max(1, -(-round((high - low) / step + 1) // bars)) * step  # whole levels in a bar
    edges = low - step / 2 + width * np.arange(bars + 1)
    n, _ = np.histogram(values, edges, weights=counts)
    axes.bar(edges[:-1], n / counts.sum() * 100, width=width, align="edge", color="0.45")
    axes.set_xlabel("grey level (counts)")
    axes.set_ylabel("pixels (%)")


def _draw_transfer(axes: Any, seen: Overview) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    strength = seen.strength
    axes.set_title(f"Noise against brightness ({strength.method or 'unknown'})", fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.5g}"))
    axes.set_xlabel("mean (counts)")
    axes.set_ylabel("variance of the noise (counts²)")
    if strength.floor is None or not strength.points:
        _say(axes, strength.reason)
        return
    means, variances = np.array(strength.points).T
    if "frames" in strength.method:  # of one image only the line is known
        axes.plot(means, variances, "o", color="0.35", label="blocks of 8 x 8 px")
    start = strength.offset if strength.offset is not None else min(means.min(), seen.mean)
    ends = np.array([start, max(means.max(), seen.mean)])
    gain = strength.gain or 0.0
    axes.plot(
        ends,
        np.maximum(gain * ends + strength.floor, 0),
        color="#0072B2",
        label=f"{gain:.3g} x mean {strength.floor:+.4g}"
        if gain
        else f"{strength.floor:.4g} everywhere",
    )
    if seen.sigma is not None:
        axes.plot(
            [seen.mean], [seen.sigma**2], "D", color="#D55E00", label=f"deviation {seen.sigma:.3g}"
        )
    axes.set_ylim(0, 1.2 * max(axes.get_ylim()[1], 1e-30))
    axes.legend(frameon=False, loc="upper left")


def _say(axes: Any, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", wrap=True)
