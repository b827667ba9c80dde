"""Writing of simulated data: noisy and clean side by side, plane by plane."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ... import __version__
from ...io.layout import Layout
from ...io.publish import publishing
from ...io.writer import create_stack
from ...simulate.calcium import Calcium, Movie
from ...simulate.camera import Camera
from ...simulate.detector import Detector
from ...simulate.dome import Dome
from ...simulate.neuron_tables import BYTES_PER_ROW, write_cells, write_neuron_tables
from ...simulate.structured import Recording, Structured
from ...simulate.transients import FRAME_RATE_HZ, Indicator
from ...simulate.voltage import Voltage, VoltageMovie
from ...words import flag, option
from ..desk.output_names import require_absent, require_folder, require_room
from ..desk.progress import Progress
from .request import CalciumRequest, SimulateRequest, StructuredRequest, VoltageRequest

VOLUME_AXES = "TZYX"
MOVIE_AXES = "TYX"
SPACING = {  # micrometres and seconds: those of a light sheet, and of a two-photon microscope
    VOLUME_AXES: {"Z": 1.5, "Y": 0.4, "X": 0.4, "T": 60.0},
    MOVIE_AXES: {"T": 1 / FRAME_RATE_HZ, "Y": 1.0, "X": 1.0},
}
IMAGES = {"noisy": "_noisy.tif", "clean": "_clean.tif"}
TABLES = {"traces": "_traces.csv", "neurons": "_neurons.csv"}
BYTES_PER_PIXEL = {"noisy": 2, "clean": 4}
Request = SimulateRequest | StructuredRequest | CalciumRequest | VoltageRequest
MOVIES = {CalciumRequest: ("traces", "neurons"), VoltageRequest: ("neurons",)}  # and their tables


@dataclass(frozen=True)
class _Simulation:
    """What a generator gives."""

    # place, noisy, clean
    planes: Iterator[tuple[dict[str, int], np.ndarray, np.ndarray]]
    record: Mapping[str, Any]  # what a file says of its making besides shape and seed; JSON values
    # writes the tables of `MOVIES` into files that are given to it
    write_tables: Callable[..., None] | None = None
    frame_s: float | None = None  # seconds from frame to frame, where it is not as in `SPACING`


def simulate_files(request: Request, progress: Progress) -> dict[str, Path]:
    """Write ``NAME_noisy.tif`` (uint16) and ``NAME_clean.tif`` (float32, same counts).

    A calcium movie gets ``NAME_traces.csv`` and ``NAME_neurons.csv`` as well, a voltage movie the
    latter; see `write_neuron_tables`.

    Parameters
    ----------
    request : SimulateRequest, StructuredRequest, CalciumRequest or VoltageRequest
        Decides what is simulated: a dome, cells under noise of a chosen kind, or neurons.

    Returns
    -------
    paths : dict
        ``noisy``, ``clean``, and ``traces`` and ``neurons`` of a movie, as far as it has them.

    Raises
    ------
    SettingsError
        If an option is out of range.
    OutputError
        If a file exists or the disk has too little room.
    """
    paths = _free_paths(request)
    simulation = _simulation(request, paths)
    layouts = [_layout(request, simulation, dtype) for dtype in (np.uint16, np.float32)]
    with ExitStack() as opened:
        noisy, clean = (
            opened.enter_context(create_stack(paths[kind], layout, overwrite=request.overwrite))
            for kind, layout in zip(IMAGES, layouts, strict=True)
        )
        step = opened.enter_context(progress.task(f"{request.name}: simulating"))
        for done, (place, noisy_plane, clean_plane) in enumerate(simulation.planes, start=1):
            noisy.write(place, noisy_plane)
            clean.write(place, clean_plane)
            step(done, math.prod(request.shape[:-2]))
        if simulation.write_tables is not None:
            kinds = MOVIES[type(request)]
            tables = [publishing(paths[kind], overwrite=request.overwrite) for kind in kinds]
            simulation.write_tables(*(opened.enter_context(table) for table in tables))
    return paths


def _free_paths(request: Request) -> dict[str, Path]:
    """Give the outputs their places: nothing is there, and the disk has room for the images."""
    endings = {**IMAGES, **{kind: TABLES[kind] for kind in MOVIES.get(type(request), ())}}
    paths = {kind: request.output / (request.name + ending) for kind, ending in endings.items()}
    require_folder(request.output)
    if not request.overwrite:
        others = f"another {option('name')} or {option('output')}"
        require_absent(paths.values(), f"Pass {flag('overwrite')} to replace, or {others}.")
    require_room(_room_for_images(request, paths))
    return paths


def _room_for_images(request: Request, paths: Mapping[str, Path]) -> list[tuple[Path, int]]:
    return [(paths[k], n * math.prod(request.shape)) for k, n in BYTES_PER_PIXEL.items()]


def _simulation(request: Request, paths: Mapping[str, Path]) -> _Simulation:
    if isinstance(request, CalciumRequest):
        return _calcium(request, paths)
    if isinstance(request, VoltageRequest):
        return _voltage(request)
    if isinstance(request, StructuredRequest):
        return _structured(request)
    planes = Dome(request.shape, request.photons, request.seed).planes()
    return _Simulation(planes, {"simulated": "dome", "photons": request.photons})


def _structured(request: StructuredRequest) -> _Simulation:
    recording = Recording(
        Structured(
            request.shape, request.kind, request.noise_to_signal, request.photons, request.seed
        )
    )
    record = {
        "simulated": "structured",
        "kind": request.kind,
        "noise_to_signal": request.noise_to_signal,
        "photons": recording.photons,
        "gain": recording.gain,
        "offset": recording.offset,
        "noise_deviation": recording.noise_counts,
    }
    return _Simulation(recording.planes(), record)


def _calcium(request: CalciumRequest, paths: Mapping[str, Path]) -> _Simulation:
    movie = Movie(
        Calcium(
            sizes=request.shape,
            photons=request.photons,
            seed=request.seed,
            neurons=request.neurons,
            rate_hz=request.rate,
            indicator=Indicator(request.rise, request.decay, request.amplitude),
            bleaching=request.bleaching,
            drift_px=request.drift,
            detector=Detector(row_noise=request.row_noise, x_correlation=request.x_correlation),
        )
    )
    n_bytes = request.shape[0] * len(movie.somata) * BYTES_PER_ROW
    require_room([*_room_for_images(request, paths), (paths["traces"], n_bytes)])
    planes = (({"T": number}, *frame) for number, frame in enumerate(movie.frames()))
    record = {"simulated": "calcium", **_asked(request), **_counts(Detector().camera)}
    return _Simulation(planes, record, lambda *files: write_neuron_tables(movie, *files))


def _voltage(request: VoltageRequest) -> _Simulation:
    wanted = Voltage(
        sizes=request.shape,
        photons=request.photons,
        seed=request.seed,
        neurons=request.neurons,
        frame_rate_hz=request.frames_per_second,
        rate_hz=request.rate,
        height=request.amplitude,
        waves=request.waves,
        bleaching=request.bleaching,
        motion_px=request.motion,
        blood=request.blood,
    )
    movie = VoltageMovie(wanted)
    planes = (({"T": number}, *frame) for number, frame in enumerate(movie.frames()))
    record = {"simulated": "voltage", **_asked(request), **_counts(wanted.camera)}

    def write_tables(neurons: IO[bytes]) -> None:
        write_cells(neurons, movie.somata, movie.spikes())

    return _Simulation(planes, record, write_tables, 1 / request.frames_per_second)


def _asked(request: CalciumRequest | VoltageRequest) -> dict[str, Any]:
    asked = asdict(request)
    for name in ("output", "name", "overwrite"):
        del asked[name]
    return asked


def _counts(camera: Camera) -> dict[str, float]:
    return {"gain": camera.gain, "offset": camera.offset, "read_noise": camera.read_noise}


def _layout(request: Request, simulation: _Simulation, dtype: type[np.generic]) -> Layout:
    """Give the layout of one file; its description holds all that would make it again."""
    axes = MOVIE_AXES if type(request) in MOVIES else VOLUME_AXES
    spacing = (
        SPACING[axes] if simulation.frame_s is None else {**SPACING[axes], "T": simulation.frame_s}
    )
    common = {"n2v_tools": __version__, "shape": list(request.shape), "seed": request.seed}
    return Layout(
        axes=axes,
        sizes=dict(zip(axes, request.shape, strict=True)),
        dtype=np.dtype(dtype),
        spacing=spacing,
        unit="µm",
        description=json.dumps({**common, **simulation.record}),
    )
