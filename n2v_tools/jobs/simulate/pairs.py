"""Simulated data as files: noisy and clean side by side, written plane by plane."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...io.layout import Layout
from ...io.writer import create_stack
from ...simulate.dome import Dome
from ...simulate.structured import Recording, Structured
from ..desk.names import require_absent, require_folder, require_room
from ..desk.progress import Progress
from ..desk.requests import SimulateRequest, StructuredRequest

AXES = "TZYX"
Planes = Iterator[tuple[dict[str, int], np.ndarray, np.ndarray]]
SPACING = {"Z": 1.5, "Y": 0.4, "X": 0.4, "T": 60.0}  # micrometres and seconds: a light sheet's


def simulate_files(request: SimulateRequest, progress: Progress) -> tuple[Path, Path]:
    """Write a dome: ``NAME_noisy.tif`` (uint16) and ``NAME_clean.tif`` (float32, same counts).

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
    dome = Dome(request.shape, request.photons, request.seed)
    record = {"simulated": "dome", "photons": request.photons}
    return _write(request, dome.planes(), record, progress)


def simulate_structured_files(request: StructuredRequest, progress: Progress) -> tuple[Path, Path]:
    """Write cells under noise of a chosen kind; files, results and errors as `simulate_files`.

    Parameters
    ----------
    request : StructuredRequest
    progress : Progress
    """
    wanted = Structured(
        request.shape, request.kind, request.noise_to_signal, request.photons, request.seed
    )
    _free_paths(request)  # refused before the statistics of all planes are computed
    recording = Recording(wanted)
    record = {
        "simulated": "structured",
        "kind": request.kind,
        "noise_to_signal": request.noise_to_signal,
        "photons": recording.photons,
        "gain": recording.gain,
        "offset": recording.offset,
        "noise_deviation": recording.noise_counts,
    }
    return _write(request, recording.planes(), record, progress)


def _write(
    request: SimulateRequest | StructuredRequest,
    planes: Planes,
    record: Mapping[str, Any],
    progress: Progress,
) -> tuple[Path, Path]:
    """Write both files plane by plane."""
    noisy_path, clean_path = _free_paths(request)
    noisy_layout, clean_layout = (
        _layout(request, np.dtype(dtype), record) for dtype in (np.uint16, np.float32)
    )
    n_planes = request.shape[0] * request.shape[1]
    with (
        create_stack(noisy_path, noisy_layout, overwrite=request.overwrite) as noisy,
        create_stack(clean_path, clean_layout, overwrite=request.overwrite) as clean,
        progress.task(f"{request.name}: simulating") as step,
    ):
        for done, (place, noisy_plane, clean_plane) in enumerate(planes, start=1):
            noisy.write(place, noisy_plane)
            clean.write(place, clean_plane)
            step(done, n_planes)
    return noisy_path, clean_path


def _free_paths(request: SimulateRequest | StructuredRequest) -> tuple[Path, Path]:
    """Return where noisy and clean go: nothing is there, and the disk has room."""
    require_folder(request.output)
    noisy_path = request.output / f"{request.name}_noisy.tif"
    clean_path = request.output / f"{request.name}_clean.tif"
    if not request.overwrite:
        remedy = "Pass --overwrite to replace, or another --name or --output."
        require_absent([noisy_path, clean_path], remedy)
    n_pixels = int(np.prod(request.shape, dtype=np.int64))
    require_room([(noisy_path, 2 * n_pixels), (clean_path, 4 * n_pixels)])
    return noisy_path, clean_path


def _layout(
    request: SimulateRequest | StructuredRequest, dtype: np.dtype, record: Mapping[str, Any]
) -> Layout:
    common = {"n2v_tools": __version__, "shape": list(request.shape), "seed": request.seed}
    return Layout(
        axes=AXES,
        sizes=dict(zip(AXES, request.shape, strict=True)),
        dtype=dtype,
        spacing=SPACING,
        unit="µm",
        description=json.dumps({**common, **record}),
    )
