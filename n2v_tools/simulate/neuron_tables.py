"""Tables of what every neuron of a simulated movie did: two CSV files, written row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import IO, Any

import numpy as np

from .calcium import Movie
from .neurons import Soma
from .transients import FRAME_RATE_HZ

TRACE_COLUMNS = ("frame", "seconds", "neuron", "dff", "fluorescence", "spikes")
NEURON_COLUMNS = ("neuron", "y", "x", "radius", "kind", "light", "spike_seconds")
FRAMES_PER_READ = 64  # of spikes
BYTES_PER_ROW = 60  # of the traces, at most


def write_neuron_tables(movie: Movie, traces: IO[bytes], neurons: IO[bytes]) -> None:
    """Write the truth of each neuron.

    Parameters
    ----------
    movie : Movie
    traces : binary file
        Gets a row for each frame and neuron in focus, with dF/F, mean fluorescence of the
        body in counts above the offset (its own light alone), and the number of spikes since
        the frame before.
    neurons : binary file
        Gets a row for each neuron, with centre and radius in pixels, light at rest relative to
        neuropil, and the times of its spikes in seconds since frame 0, joined by spaces.
    """
    spikes: list[list[float]] = [[] for _ in movie.somata]
    _write(traces, TRACE_COLUMNS, _trace_rows(movie, spikes))
    write_cells(neurons, movie.somata, spikes)


def write_cells(file: IO[bytes], somata: Sequence[Soma], spikes: Sequence[Iterable[float]]) -> None:
    """Write a row for each cell: its place, and when it spiked, in seconds since frame 0."""
    rows = (
        (
            index,
            f"{soma.y:.2f}",
            f"{soma.x:.2f}",
            f"{soma.radius:.2f}",
            "ring" if soma.ring else "disc",
            f"{soma.light:.4f}",
            " ".join(f"{second:.4f}" for second in spikes[index]),
        )
        for index, soma in enumerate(somata)
    )
    _write(file, NEURON_COLUMNS, rows)


def _trace_rows(movie: Movie, all_spikes: list[list[float]]) -> Iterable[tuple[Any, ...]]:
    """Give the rows of the traces; `all_spikes` is filled on the way."""
    n_frames, n_neurons = movie.wanted.sizes[0], len(movie.somata)
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
            for index, spikes in enumerate(counts[number - first].tolist()):
                yield number, time, index, f"{dff[index]:.5f}", f"{light[index]:.4f}", spikes


def _write(file: IO[bytes], columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write comma-separated rows as they come; the file stays open for its owner."""
    text = io.TextIOWrapper(file, encoding="ascii", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    text.detach()
