"""Curves of a report: charts of the checks and of the training, with how to read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .charts import Plot, Series, draw_chart
from .values import Chart

Curves = Mapping[str, np.ndarray]

LITTLE = 0.03  # share of the span of brightness that an axis shows at least
MANY = 40  # points that are joined to a line


def profile_chart(lines: Mapping[str, np.ndarray], row: int, number: int) -> Chart:
    """Draw one row of pixels in all files, for the view of a `number`.

    `lines` are counts by role, shape (X,); `row` counts from the top of the picture.
    """
    shown = [role for role in ("noisy", "clean", "restored") if role in lines]
    position = np.arange(len(lines["noisy"]))
    return _chart(
        "Line profile",
        f"Row {row} of the picture (dashed line). Edges should stay where they are and as steep, "
        "and peaks as high as the middle of the noise.",
        f"profile{number}",
        [Series(role, position, lines[role], role) for role in shown],
        ("position along the row (px)", "counts"),
        wide=True,
    )


def evidence_charts(curves: Curves) -> tuple[Chart, ...]:
    """Draw the curves of `trust.Quality` behind the checks, as far as they are there."""
    makers = (_bias, _variance, _correlation, _spectrum, _rings, _trace, _transfer)
    return tuple(chart for make in makers if (chart := make(curves)) is not None)


def training_charts(history: Mapping[str, Sequence[float]]) -> tuple[Chart, ...]:
    """Draw loss and learning rate over the epochs of a training."""
    loss = history.get("loss", ())
    if not len(loss):
        return ()
    epochs = history.get("epoch") or [float(n) for n in range(1, len(loss) + 1)]
    losses = [Series("training", epochs, loss, "noisy")]
    validation = history.get("val_loss", ())
    read = f"{len(loss)} epochs."
    known = [value for value in validation if math.isfinite(value)]
    if known:
        losses.append(Series("validation", epochs, validation, "restored"))
        best = epochs[list(validation).index(min(known))]
        read += f" Best validation loss {min(known):.4g} in epoch {best:g}."
    charts = [
        _chart(
            "Loss while training",
            f"{read} Both should fall and level off; a validation loss that rises again means "
            "that the net learned its examples by heart.",
            "loss",
            losses,
            ("epoch", "loss (normalised)"),
            log_y=all(value > 0 for value in [*loss, *known] if math.isfinite(value)),
            whole_x=True,
        )
    ]
    rate = history.get("learning_rate", ())
    if any(math.isfinite(value) for value in rate):
        line = [Series("", epochs, rate, "residual")]
        words = ("Learning rate", "How large the steps were.", "rate")
        charts.append(_chart(*words, line, ("epoch", "learning rate"), whole_x=True))
    return tuple(charts)


def _bias(curves: Curves) -> Chart | None:
    if not _has(curves, "intensity", "residual_mean"):
        return None
    x, y = curves["intensity"], curves["residual_mean"]
    little = LITTLE * float(np.nanmax(x) - np.nanmin(x))
    return _chart(
        "Are intensities kept?",
        f"The mean of what was taken away is {_span(y)} counts; at 0 everywhere no brightness is "
        "shifted.",
        "bias",
        [Series("", x, y, "restored", points=len(x) < MANY)],
        ("brightness (restored counts)", "mean of noisy − restored"),
        zero=True,
        least_y=(-little, little),
    )


def _variance(curves: Curves) -> Chart | None:
    if not _has(curves, "intensity", "residual_variance"):
        return None
    names = {
        "residual_variance": ("taken away", "restored"),
        "noise_variance": ("noise of the file", "noise"),
    }
    return _chart(
        "Was all the noise taken away, and no more?",
        "Both lines should lie on each other. Below the noise: noise is left; above it: some of "
        "the image was taken away too.",
        "variance",
        _lines(curves, "intensity", names),
        ("brightness (restored counts)", "variance (counts²)"),
    )


def _correlation(curves: Curves) -> Chart | None:
    names = {
        "acf_residual_x": ("taken away, X", "restored"),
        "acf_residual_y": ("taken away, Y", "clean"),
        "acf_noise_x": ("noise, X", "noise"),
        "acf_noise_y": ("noise, Y", "noisy"),
    }
    series = _lines(curves, "acf_lags", names)
    if not series:
        return None
    return _chart(
        "Does what was taken away hang together?",
        "Correlation of the residual with itself some pixels away, beside that of the noise. "
        "Independent noise is at 0; more in the residual than in the noise is image.",
        "correlation",
        series,
        ("distance (px)", "correlation"),
        zero=True,
        whole_x=True,
        least_y=(-0.1, 0.25),
    )


def _spectrum(curves: Curves) -> Chart | None:
    names = {
        "spectrum_noisy": ("noisy", "noisy"),
        "spectrum_restored": ("restored", "restored"),
        "spectrum_residual": ("taken away", "noise"),
    }
    series = _lines(curves, "frc_frequency", names)
    if not series:
        return None
    return _chart(
        "Power spectrum",
        "How much there is of coarse (left) and fine (right) structure; noise alone would lie at "
        "1. Restored should follow noisy on the left and fall on the right.",
        "spectrum",
        series,
        ("spatial frequency (cycles per px)", "power over that of noise"),
        log_y=True,
    )


def _rings(curves: Curves) -> Chart | None:
    names = {
        "frc_noisy": ("noisy", "noisy"),
        "frc_restored": ("restored", "restored"),
        "frc_limit": ("best possible", "clean"),
    }
    series = _lines(curves, "frc_frequency", names)
    if not series:
        return None
    return _chart(
        "How fine is the detail that is real?",
        "Fourier ring correlation: how far structure of each fineness agrees with the recording, 1 "
        "is all of it. Restored should follow what is best possible; where noisy is near 0, finer "
        "detail is not backed by the data.",
        "rings",
        series,
        ("spatial frequency (cycles per px)", "correlation"),
        zero=True,
    )


def _trace(curves: Curves) -> Chart | None:
    if not _has(curves, "trace_noisy", "trace_restored"):
        return None
    frames = curves.get("trace_frame", np.arange(len(curves["trace_noisy"])))
    return _chart(
        "Brightness over time",
        "Mean of a field in every frame. Both lines should lie on each other: a change that is "
        "damped or late was smoothed away.",
        "trace",
        [Series(role, frames, curves[f"trace_{role}"], role) for role in ("noisy", "restored")],
        ("frame", "mean (counts)"),
        whole_x=True,
    )


def _transfer(curves: Curves) -> Chart | None:
    if not _has(curves, "gain"):
        return None
    gain = curves["gain"]
    return _chart(
        "Is every plane scaled alike?",
        f"{_span(gain)}; 1 means that a count stays a count.",
        "gain",
        [Series("", np.arange(len(gain)), gain, "restored", points=len(gain) < MANY)],
        ("plane looked at", "slope, restored on noisy"),
        whole_x=True,
        least_y=(0.95, 1.05),
    )


def _chart(
    title: str,
    caption: str,
    key: str,
    series: Sequence[Series],
    labels: tuple[str, str],
    **options: Any,
) -> Chart:
    return Chart(title, draw_chart(Plot(tuple(series), *labels, **options), key), caption)


def _lines(curves: Curves, x: str, names: Mapping[str, tuple[str, str]]) -> tuple[Series, ...]:
    """Curves over one axis, by their keys: label and role; those that are missing are left out."""
    return tuple(
        Series(label, curves[x], curves[key], role)
        for key, (label, role) in names.items()
        if _has(curves, x, key)
    )


def _has(curves: Curves, *keys: str) -> bool:
    """Whether all keys are there with something to draw."""
    return all(key in curves and np.isfinite(curves[key]).any() for key in keys)


def _span(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return f"{known.min():.3g} to {known.max():.3g}".replace("-", "−")
