"""Simulated calcium movies as files: noisy, clean, and what every neuron did."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from ... import __version__
from ...io.layout import Layout
from ...io.publish import publishing
from ...io.writer import create_stack
from ...simulate.calcium import Calcium, Movie
from ...simulate.detector import Detector
from ...simulate.transients import FRAME_RATE_HZ, Indicator
from ..desk.names import require_absent, require_folder, require_room
from ..desk.progress import Progress
from ..desk.requests import CalciumRequest

AXES = "TYX"
SPACING = {"T": 1 / FRAME_RATE_HZ, "Y": 1.0, "X": 1.0}
ENDINGS = {
    "noisy": "_noisy.tif",
    "clean": "_clean.tif",
    "traces": "_traces.csv",
    "neurons": "_neurons.csv",
}
TRACE_COLUMNS = ("frame", "seconds", "neuron", "dff", "fluorescence", "spikes")
NEURON_COLUMNS = ("neuron", "y", "x", "radius", "kind", "light", "spike_seconds")
FRAMES_PER_READ = 64  # of spikes
BYTES_PER_ROW = 60  # of the traces, at most


def simulate_calcium_files(request: CalciumRequest, progress: Progress) -> dict[str, Path]:
    """Write a movie, its truth, and the truth of each neuron.

    ``NAME_noisy.tif`` (uint16), ``NAME_clean.tif`` (float32, same counts);
    ``NAME_traces.csv``: a row for each frame and neuron in focus, with dF/F, mean
    fluorescence of the body in counts above the offset (its own light alone), and
    the number of spikes since the frame before; ``NAME_neurons.csv``: a row for each
    neuron, with centre and radius in pixels, light at rest relative to neuropil,
    and the times of its spikes in seconds since frame 0, joined by spaces.

    Parameters
    ----------
    request : CalciumRequest
    progress : Progress

    Returns
    -------
    paths : dict
        ``noisy``, ``clean``, ``traces``, ``neurons``.

    Raises
    ------
    SettingsError
        If an option is out of range.
    OutputError
        If a file exists or the disk has too little room.
    """
    wanted = _wanted(request)
    paths = {kind: request.output / (request.name + end) for kind, end in ENDINGS.items()}
    _require_free(request, paths)
    movie = Movie(wanted)
    n_bytes = request.shape[0] * len(movie.somata) * BYTES_PER_ROW
    require_room([(paths["traces"], n_bytes + 6 * int(np.prod(request.shape, dtype=np.int64)))])
    noisy_layout, clean_layout = (
        _layout(request, np.dtype(dtype)) for dtype in (np.uint16, np.float32)
    )
    replace = request.overwrite
    with (
        create_stack(paths["noisy"], noisy_layout, overwrite=replace) as noisy,
        create_stack(paths["clean"], clean_layout, overwrite=replace) as clean,
        publishing(paths["traces"], overwrite=replace) as traces,
        publishing(paths["neurons"], overwrite=replace) as neurons,
        progress.task(f"{request.name}: simulating") as step,
    ):
        for number, (noisy_plane, clean_plane) in enumerate(movie.frames()):
            noisy.write({"T": number}, noisy_plane)
            clean.write({"T": number}, clean_plane)
            step(number + 1, request.shape[0])
        spikes = _write_traces(traces, movie)
        _write_neurons(neurons, movie, spikes)
    return paths


def _wanted(request: CalciumRequest) -> Calcium:
    return Calcium(
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


def _require_free(request: CalciumRequest, paths: dict[str, Path]) -> None:
    """Raise unless nothing is in the way and the disk has room for both movies."""
    require_folder(request.output)
    if not request.overwrite:
        remedy = "Pass --overwrite to replace, or another --name or --output."
        require_absent(paths.values(), remedy)
    n_pixels = int(np.prod(request.shape, dtype=np.int64))
    require_room([(paths["noisy"], 2 * n_pixels), (paths["clean"], 4 * n_pixels)])


def _layout(request: CalciumRequest, dtype: np.dtype) -> Layout:
    """Return the layout of one movie; its description holds all that would make it again."""
    asked = asdict(request)
    for name in ("output", "name", "overwrite"):
        del asked[name]
    camera = Detector().camera
    record: dict[str, Any] = {
        "n2v_tools": __version__,
        "simulated": "calcium",
        **asked,
        "gain": camera.gain,
        "offset": camera.offset,
        "read_noise": camera.read_noise,
    }
    return Layout(
        axes=AXES,
        sizes=dict(zip(AXES, request.shape, strict=True)),
        dtype=dtype,
        spacing=SPACING,
        unit="µm",
        description=json.dumps(record),
    )


def _write_traces(file: IO[bytes], movie: Movie) -> list[list[float]]:
    """Write a row for each frame and neuron; return when each neuron spiked."""
    table = _Table(file, TRACE_COLUMNS)
    n_frames, n_neurons = movie.wanted.sizes[0], len(movie.somata)
    all_spikes: list[list[float]] = [[] for _ in range(n_neurons)]
    for first in range(0, n_frames, FRAMES_PER_READ):
        last = min(first + FRAMES_PER_READ, n_frames)
        counts = np.zeros((last - first, n_neurons), int)
        for index, seconds in enumerate(movie.spikes(first, last)):
            all_spikes[index] += seconds.tolist()
            frames = np.ceil(seconds * FRAME_RATE_HZ).astype(int) - first
            np.add.at(counts[:, index], frames.clip(0, last - first - 1), 1)
        for number in range(first, last):
            dff, light = movie.dff(number), movie.fluorescence(number)
            time = f"{number / FRAME_RATE_HZ:.4f}"
            table.write(
                (number, time, index, f"{dff[index]:.5f}", f"{light[index]:.4f}", spikes)
                for index, spikes in enumerate(counts[number - first].tolist())
            )
    table.finish()
    return all_spikes


def _write_neurons(file: IO[bytes], movie: Movie, spikes: list[list[float]]) -> None:
    table = _Table(file, NEURON_COLUMNS)
    table.write(
        (
            index,
            f"{soma.y:.2f}",
            f"{soma.x:.2f}",
            f"{soma.radius:.2f}",
            "ring" if soma.ring else "disc",
            f"{soma.light:.4f}",
            " ".join(f"{second:.4f}" for second in spikes[index]),
        )
        for index, soma in enumerate(movie.somata)
    )
    table.finish()


class _Table:
    """Comma-separated rows into a binary file, without holding them."""

    def __init__(self, file: IO[bytes], columns: tuple[str, ...]) -> None:
        self._text = io.TextIOWrapper(file, encoding="ascii", newline="", write_through=False)
        self._rows = csv.writer(self._text, lineterminator="\n")
        self._rows.writerow(columns)

    def write(self, rows: Any) -> None:
        self._rows.writerows(rows)

    def finish(self) -> None:
        """Hand everything to the file, which stays open: its owner publishes it."""
        self._text.detach()
