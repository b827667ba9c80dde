"""Charts as SVG that stands in the page itself and takes its colours from it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .svg import COLOURS, inline

SIZE_IN = (4.1, 2.7)
WIDE_IN = (4.2, 2.1)
LINES = {"noisy": "-", "restored": "-", "clean": "--", "noise": "--", "residual": "-"}
WIDTHS = {"noisy": 1.0, "restored": 1.8, "clean": 1.4, "noise": 1.4, "residual": 1.4}
TICKS = 6
LEGEND_CHARACTERS = 28  # that fit into one line with their marks


@dataclass(frozen=True, eq=False)
class Series:
    """One line of a chart."""

    label: str  # in the legend; empty: not there
    # x, y: shape (N,); points that are not finite are left out
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    role: str  # key of `LINES`: colour and dashes
    points: bool = False  # marks instead of a line


@dataclass(frozen=True, eq=False)
class Plot:
    """What is drawn; never with text that comes from a file."""

    series: tuple[Series, ...]
    x_label: str
    y_label: str
    log_y: bool = False  # where all values are positive
    zero: bool = False  # a line at zero
    wide: bool = False  # for a long x axis
    whole_x: bool = False  # only whole numbers on the x axis
    # range of the y axis at least, so that little does not look like much
    least_y: tuple[float, float] | None = None


def draw_chart(plot: Plot, key: str) -> str:
    """Return an ``<svg>`` element without styles and scripts of its own.

    `key` is letters and digits, different for every chart of a page.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure  # takes a second: not before a chart is wanted

    settings: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": key}
    with mpl.rc_context(settings):
        figure = Figure(figsize=WIDE_IN if plot.wide else SIZE_IN, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.subplots()
        _style(axes, plot)
        for series in plot.series:
            _add(axes, series, log=plot.log_y)
        if plot.least_y is not None:
            low, high = axes.get_ylim()
            axes.set_ylim(min(low, plot.least_y[0]), max(high, plot.least_y[1]))
        if any(series.label for series in plot.series):
            _add_legend(axes, plot)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return inline(text.getvalue(), key)


def _style(axes: Any, plot: Plot) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    axes.patch.set_alpha(0)
    axes.grid(color=COLOURS["grid"], linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(COLOURS["text"])
    axes.tick_params(colors=COLOURS["text"], labelsize=9)
    axes.set_xlabel(plot.x_label, color=COLOURS["text"], fontsize=10)
    axes.set_ylabel(plot.y_label, color=COLOURS["text"], fontsize=10)
    axes.margins(x=0.01)
    axes.xaxis.set_major_locator(MaxNLocator(TICKS, integer=plot.whole_x))
    if plot.zero:
        axes.axhline(0, color=COLOURS["text"], linewidth=0.8)
    if plot.log_y:
        axes.set_yscale("log", nonpositive="mask")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.yaxis.set_major_locator(MaxNLocator(TICKS))


def _add(axes: Any, series: Series, *, log: bool) -> None:
    x, y = np.asarray(series.x, float), np.asarray(series.y, float)
    shown = np.isfinite(x) & np.isfinite(y) & ((y > 0) | (not log))
    few = series.points or np.count_nonzero(shown) < 3
    axes.plot(
        x[shown],
        y[shown],
        color=COLOURS[series.role],
        linestyle="none" if few else LINES[series.role],
        linewidth=WIDTHS[series.role],
        marker="o" if few else None,
        markersize=4,
        label=series.label or "_",
    )


def _add_legend(axes: Any, plot: Plot) -> None:
    """Put names where they hide nothing: above the lines."""
    labels = [series.label for series in plot.series if series.label]
    fits = len("".join(labels)) <= LEGEND_CHARACTERS
    axes.legend(
        frameon=False,
        fontsize=9,
        labelcolor=COLOURS["text"],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(labels) if fits else 2,
        borderaxespad=0.2,
        handlelength=1.6,
        columnspacing=1.2,
    )
