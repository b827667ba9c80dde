"""Noise model that a training kept in its model folder: its figures, and a picture of it.

Tests: ``tests/cli/test_cli_inspect_kept_noise.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...contracts import KeptNoise
from ...errors import UsageError
from ...io.publish import publishing, require_free_name
from ...methods.table import rows
from ...modelfolder import Model, find_model, read_model
from ...words import option
from .files import Inspected

SHARES = (0.1, 0.5, 0.9)  # of the range of signals, at which it is told
WIDE = 4.0  # deviations that are drawn on either side
DPI = 120


@dataclass(frozen=True)
class NoiseRequest:
    """Which model's noise is to be looked at."""

    model: str  # name or folder
    models_dir: Path
    plot: Path | None = None  # where the figure goes
    overwrite: bool = False  # whether a figure of that name may be replaced


def inspect_noise_model(request: NoiseRequest) -> Inspected:
    """Say what a model takes for noise, and draw it if a figure is asked for.

    Raises
    ------
    UsageError
        If models of its method keep no noise model.
    ModelError
        If there is no such model, or its noise model is missing or damaged.
    """
    if request.plot is not None:
        require_free_name(request.plot, overwrite=request.overwrite)
    model = read_model(find_model(request.model, request.models_dir), need_weights=False)
    noise = _read(model)
    values = _values(model, noise)
    if request.plot is not None:
        _draw(model.name, noise, request)
    values["plot"] = None if request.plot is None else str(request.plot)
    return Inspected(request.model, values, _text(model.name, values))


def _read(model: Model) -> KeptNoise:
    row = rows().get(model.method)
    read = None if row is None else row.load("noise_model")
    if read is None:
        known = ", ".join(one.name for one in rows().values() if one.noise_model)
        raise UsageError(
            f"{option('noise_model', model.name)}: is a {model.method} model, which keeps no noise "
            f"model; those of {known} do."
        )
    noise: KeptNoise = read(model.folder)
    return noise


def _values(model: Model, noise: KeptNoise) -> dict[str, Any]:
    signals = noise.low + (noise.high - noise.low) * np.array(SHARES)
    mean, variance = noise.moments(signals)
    kept = model.own.get("noise_model")
    checks = kept.get("checks") if isinstance(kept, Mapping) else None
    return {
        "kind": noise.kind,
        "units": "counts",
        "signals": [noise.low, noise.high],
        "at": [
            {"signal": float(s), "mean": float(m), "deviation": math.sqrt(max(float(v), 0.0))}
            for s, m, v in zip(signals, mean, variance, strict=True)
        ],
        "checks": dict(checks) if isinstance(checks, Mapping) else None,
    }


def _text(name: str, values: Mapping[str, Any]) -> str:
    low, high = values["signals"]
    lines = [
        f"{name}: noise model {values['kind']}, for signals of {low:.5g} to {high:.5g} counts",
        *(
            f"  signal {one['signal']:.5g}: mean {one['mean']:.5g}, deviation "
            f"{one['deviation']:.4g} counts"
            for one in values["at"]
        ),
    ]
    checks = values["checks"]
    if checks is not None:
        told = ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in checks.items())
        lines.append(f"  on its calibration: {told}")
    if values["plot"]:
        lines.append(f"  figure: {values['plot']}")
    return "\n".join(lines)


def _draw(name: str, noise: KeptNoise, request: NoiseRequest) -> None:
    """Deviation over the signal, and the density of noisy pixels for three signals."""
    from matplotlib.figure import Figure  # takes a second: not before a picture is wanted

    figure = Figure(figsize=(10.0, 4.2), layout="constrained")
    strength, shape = figure.subplots(1, 2)
    figure.suptitle(f"{name}: noise model {noise.kind}", fontsize=12)
    signals = np.linspace(noise.low, noise.high, 200)
    strength.plot(signals, np.sqrt(np.maximum(noise.moments(signals)[1], 0)))
    strength.set(xlabel="signal (counts)", ylabel="deviation of the noise (counts)")
    strength.set_ylim(bottom=0)
    for share in SHARES:
        signal = noise.low + share * (noise.high - noise.low)
        _, variance = noise.moments(np.array([signal]))
        reach = WIDE * math.sqrt(max(float(variance[0]), 1e-12))
        x = np.linspace(signal - reach, signal + reach, 400)
        density = np.exp(noise.log_density(x, np.full_like(x, signal)))
        shape.plot(x - signal, density, label=f"signal {signal:.4g}")
    shape.set(xlabel="noisy pixel less signal (counts)", ylabel="density (per count)")
    shape.legend()
    assert request.plot is not None  # noqa: S101  asked for by the caller
    with publishing(request.plot, overwrite=request.overwrite) as file:
        figure.savefig(file, dpi=DPI, format="png")
