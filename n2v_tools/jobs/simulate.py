"""Simulated data as files: noisy and clean side by side, written plane by plane."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..io import Layout, create_stack
from ..simulate.dome import Dome
from .outputs import require_absent, require_folder, require_room
from .progress import Progress
from .requests import SimulateRequest

AXES = "TZYX"
SPACING = {"Z": 1.5, "Y": 0.4, "X": 0.4, "T": 60.0}  # micrometres and seconds: a light sheet's


def simulate_files(request: SimulateRequest, progress: Progress) -> tuple[Path, Path]:
    """Write ``NAME_noisy.tif`` (uint16) and ``NAME_clean.tif`` (float32, same counts).

    Parameters
    ----------
    request : SimulateRequest
    progress : Progress

    Returns
    -------
    noisy, clean : Path

    Raises
    ------
    SettingsError
        If shape or photons are out of range.
    OutputError
        If a file exists or the disk has too little room.
    """
    require_folder(request.output)
    dome = Dome(request.shape, request.photons, request.seed)
    noisy_path = request.output / f"{request.name}_noisy.tif"
    clean_path = request.output / f"{request.name}_clean.tif"
    if not request.overwrite:
        remedy = "Pass --overwrite to replace, or another --name or --output."
        require_absent([noisy_path, clean_path], remedy)
    sizes = dict(zip(AXES, request.shape, strict=True))
    n_pixels = int(np.prod(request.shape, dtype=np.int64))
    require_room([(noisy_path, 2 * n_pixels), (clean_path, 4 * n_pixels)])
    noisy_layout = _layout(sizes, np.dtype(np.uint16), request)
    clean_layout = _layout(sizes, np.dtype(np.float32), request)
    n_planes = request.shape[0] * request.shape[1]
    with (
        create_stack(noisy_path, noisy_layout, overwrite=request.overwrite) as noisy,
        create_stack(clean_path, clean_layout, overwrite=request.overwrite) as clean,
        progress.task(f"{request.name}: simulating") as step,
    ):
        for done, (place, noisy_plane, clean_plane) in enumerate(dome.planes(), start=1):
            noisy.write(place, noisy_plane)
            clean.write(place, clean_plane)
            step(done, n_planes)
    return noisy_path, clean_path


def _layout(sizes: Mapping[str, int], dtype: np.dtype, request: SimulateRequest) -> Layout:
    record: dict[str, Any] = {
        "n2v_tools": __version__,
        "simulated": "dome",
        "shape": list(request.shape),
        "photons": request.photons,
        "seed": request.seed,
    }
    return Layout(
        axes=AXES,
        sizes=sizes,
        dtype=dtype,
        spacing=SPACING,
        unit="µm",
        description=json.dumps(record),
    )
