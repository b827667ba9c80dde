"""The curves of a report: what is drawn of the checks and of the training, and how to read it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ...report import Chart, Plot, Series, draw_chart

Curves = Mapping[str, np.ndarray]

LITTLE = 0.03  # share of the span of brightness that an axis shows at least
MANY = 40  # points that are joined to a line


def profile_chart(lines: Mapping[str, np.ndarray], row: int, number: int) -> Chart:
    """Draw one row of pixels in all files.

    Parameters
    ----------
    lines : mapping of role to ndarray, shape (X,)
        Counts.
    row : int
        From the top of the picture.
    number : int
        Of the view.
    """
    shown = [role for role in ("noisy", "clean", "restored") if role in lines]
    position = np.arange(len(lines["noisy"]))
    plot = Plot(
        tuple(Series(role, position, lines[role], role) for role in shown),
        "position along the row (px)",
        "counts",
        wide=True,
    )
    return Chart(
        "Line profile",
        draw_chart(plot, f"profile{number}"),
        f"Row {row} of the picture (dashed line). Edges should stay where they are and as steep, "
        "and peaks as high as the middle of the noise.",
    )


def evidence_charts(curves: Curves) -> tuple[Chart, ...]:
    """Draw the curves behind the checks, as far as they are there.

    Parameters
    ----------
    curves : mapping
        Of `trust.Quality`.
    """
    makers = (_bias, _variance, _correlation, _spectrum, _rings, _trace, _transfer)
    return tuple(chart for make in makers if (chart := make(curves)) is not None)


def training_charts(history: Mapping[str, Sequence[float]]) -> tuple[Chart, ...]:
    """Draw loss and learning rate over the epochs of a training.

    Parameters
    ----------
    history : mapping of column to sequence of float
    """
    loss = history.get("loss", ())
    if not len(loss):
        return ()
    epochs = history.get("epoch") or [float(n) for n in range(1, len(loss) + 1)]
    losses = [Series("training", epochs, loss, "noisy")]
    validation = history.get("val_loss", ())
    said = f"{len(loss)} epochs."
    known = [value for value in validation if math.isfinite(value)]
    if known:
        losses.append(Series("validation", epochs, validation, "restored"))
        best = epochs[list(validation).index(min(known))]
        said += f" Best validation loss {min(known):.4g} in epoch {best:g}."
    positive = all(value > 0 for value in [*loss, *known] if math.isfinite(value))
    plot = Plot(tuple(losses), "epoch", "loss (normalised)", log_y=positive, whole_x=True)
    charts = [
        Chart(
            "Loss while training",
            draw_chart(plot, "loss"),
            f"{said} Both should fall and level off; a validation loss that rises again means "
            "that the net learned its examples by heart.",
        )
    ]
    rate = history.get("learning_rate", ())
    if any(math.isfinite(value) for value in rate):
        plot = Plot((Series("", epochs, rate, "residual"),), "epoch", "learning rate", whole_x=True)
        charts.append(Chart("Learning rate", draw_chart(plot, "rate"), "How large the steps were."))
    return tuple(charts)


def _bias(curves: Curves) -> Chart | None:
    if not _has(curves, "intensity", "residual_mean"):
        return None
    x, y = curves["intensity"], curves["residual_mean"]
    little = LITTLE * float(np.nanmax(x) - np.nanmin(x))
    plot = Plot(
        (Series("", x, y, "restored", points=len(x) < MANY),),
        "brightness (restored counts)",
        "mean of noisy − restored",
        zero=True,
        least_y=(-little, little),
    )
    return Chart(
        "Are intensities kept?",
        draw_chart(plot, "bias"),
        f"The mean of what was taken away is {_span(y)} counts; at 0 everywhere no brightness is "
        "shifted.",
    )


def _variance(curves: Curves) -> Chart | None:
    if not _has(curves, "intensity", "residual_variance"):
        return None
    x = curves["intensity"]
    series = [Series("taken away", x, curves["residual_variance"], "restored")]
    if _has(curves, "noise_variance"):
        series.append(Series("noise of the file", x, curves["noise_variance"], "noise"))
    plot = Plot(tuple(series), "brightness (restored counts)", "variance (counts²)")
    return Chart(
        "Was all the noise taken away, and no more?",
        draw_chart(plot, "variance"),
        "Both lines should lie on each other. Below the noise: noise is left; above it: some of "
        "the image was taken away too.",
    )


def _correlation(curves: Curves) -> Chart | None:
    if not _has(curves, "acf_lags"):
        return None
    names = {
        "acf_residual_x": ("taken away, X", "restored"),
        "acf_residual_y": ("taken away, Y", "clean"),
        "acf_noise_x": ("noise, X", "noise"),
        "acf_noise_y": ("noise, Y", "noisy"),
    }
    series = _lines(curves, "acf_lags", names)
    if not series:
        return None
    plot = Plot(
        series, "distance (px)", "correlation", zero=True, whole_x=True, least_y=(-0.1, 0.25)
    )
    return Chart(
        "Does what was taken away hang together?",
        draw_chart(plot, "correlation"),
        "Correlation of the residual with itself some pixels away, beside that of the noise. "
        "Independent noise is at 0; more in the residual than in the noise is image.",
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
    plot = Plot(series, "spatial frequency (cycles per px)", "power over that of noise", log_y=True)
    return Chart(
        "Power spectrum",
        draw_chart(plot, "spectrum"),
        "How much there is of coarse (left) and fine (right) structure; noise alone would lie at "
        "1. Restored should follow noisy on the left and fall on the right.",
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
    plot = Plot(series, "spatial frequency (cycles per px)", "correlation", zero=True)
    return Chart(
        "How fine is the detail that is real?",
        draw_chart(plot, "rings"),
        "Fourier ring correlation: how far structure of each fineness agrees with the recording, 1 "
        "is all of it. Restored should follow what is best possible; where noisy is near 0, finer "
        "detail is not backed by the data.",
    )


def _trace(curves: Curves) -> Chart | None:
    if not _has(curves, "trace_noisy", "trace_restored"):
        return None
    frames = curves.get("trace_frame", np.arange(len(curves["trace_noisy"])))
    plot = Plot(
        (
            Series("noisy", frames, curves["trace_noisy"], "noisy"),
            Series("restored", frames, curves["trace_restored"], "restored"),
        ),
        "frame",
        "mean (counts)",
        whole_x=True,
    )
    return Chart(
        "Brightness over time",
        draw_chart(plot, "trace"),
        "Mean of a field in every frame. Both lines should lie on each other: a change that is "
        "damped or late was smoothed away.",
    )


def _transfer(curves: Curves) -> Chart | None:
    if not _has(curves, "gain"):
        return None
    gain = curves["gain"]
    plot = Plot(
        (Series("", np.arange(len(gain)), gain, "restored", points=len(gain) < MANY),),
        "plane looked at",
        "slope, restored on noisy",
        whole_x=True,
        least_y=(0.95, 1.05),
    )
    return Chart(
        "Is every plane scaled alike?",
        draw_chart(plot, "gain"),
        f"{_span(gain)}; 1 means that a count stays a count.",
    )


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
