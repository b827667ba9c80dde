"""Planes of a TIFF file, written in any order with memory for one plane.

The file is laid out at its full size first, so that a plane's place is known before
its neighbours are: threads and tiles may finish when they like.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from ...publish import disk_errors, publishing
from .headers import RANGE_FIELD, Plan, write_header

SAMPLES = 2**20  # pixels of the whole stack that decide on its display range
SHOWN_PERCENTILES = (0.2, 99.8)


class TiffPlaneWriter:
    """Takes the planes of one stack, as `io.writer.PlaneWriter` does; made by `write_planes`."""

    def __init__(self, path: Path, file: IO[bytes], plan: Plan, offset: int) -> None:
        self.path = path
        self.axes = plan.axes
        self.format = plan.format  # ``imagej`` or ``ome-tiff``: what the file is in fact
        self.notes = plan.notes
        self._file = file
        self._plan = plan
        self._offset = offset
        self._written = np.zeros(plan.n_planes, bool)
        self._samples: list[np.ndarray] = []
        wanted = max(SAMPLES // plan.n_planes, 64)
        self._stride = max(1, math.isqrt(math.prod(plan.shape[-2:]) // wanted))
        self._lock = threading.Lock()

    def write(self, place: Mapping[str, int], plane: np.ndarray) -> None:
        """Write one plane, from any thread: see `io.writer.PlaneWriter`."""
        number = self._number(place)
        shape, dtype = self._plan.shape[-2:], self._plan.layout.dtype
        if plane.shape != shape or plane.dtype != dtype:
            raise ValueError(f"a plane must be {dtype} of {shape}, not {plane.dtype}{plane.shape}")
        data = np.ascontiguousarray(plane).reshape(-1).view(np.uint8).data
        with disk_errors(self.path):
            _write_at(self._file, data, self._offset + number * self._plan.plane_bytes, self._lock)
        sample = plane[:: self._stride, :: self._stride].ravel()
        with self._lock:
            self._written[number] = True
            self._samples.append(sample[np.isfinite(sample) & (sample != 0)])

    def finish(self) -> None:
        """Record the range of values for display.

        ValueError if planes are missing: such a file must not look complete.
        """
        n_missing = int(np.count_nonzero(~self._written))
        if n_missing:
            raise ValueError(f"{self.path}: {n_missing} of {len(self._written)} planes are missing")
        if self.format == "imagej":
            with disk_errors(self.path):
                self._write_range()

    def _number(self, place: Mapping[str, int]) -> int:
        outer = self.axes[:-2]
        if not set(place) <= set(outer):
            raise ValueError(f"place {dict(place)} does not fit axes {self.axes}")
        number = 0
        for axis, size in zip(outer, self._plan.shape, strict=False):
            index = place[axis] if size > 1 else place.get(axis, 0)
            if not 0 <= index < size:
                raise ValueError(f"place {dict(place)} lies outside {self._plan.layout.sizes}")
            number = number * size + index
        return number

    def _write_range(self) -> None:
        """Set ImageJ's contrast; it would else take it from the first plane alone.

        By percentiles of what is not zero, so that neither strips nor a hot pixel darken
        the view.
        """
        values = np.concatenate(self._samples)
        low, high = np.percentile(values, SHOWN_PERCENTILES) if values.size else (0.0, 1.0)
        if not low < high:
            low, high = (0.0, high) if high > 0 else (low, low + 1)
        self._file.seek(0)
        header = self._file.read(self._offset)
        for key, value in (("min", low), ("max", high)):
            at = header.find(f"\n{key}={RANGE_FIELD}".encode())
            if at >= 0:
                text = f"{value:<{len(RANGE_FIELD)}.17g}"[: len(RANGE_FIELD)].encode()
                _write_at(self._file, memoryview(text), at + len(key) + 2, self._lock)


@contextmanager
def write_planes(target: Path, plan: Plan, *, overwrite: bool) -> Iterator[TiffPlaneWriter]:
    """Publish a TIFF file under `target` once all of its planes are written."""
    with publishing(target, overwrite=overwrite) as file:
        with disk_errors(target):
            offset = write_header(file, plan)
        writer = TiffPlaneWriter(target, file, plan, offset)
        yield writer
        writer.finish()


def _write_at(file: IO[bytes], data: memoryview, offset: int, lock: threading.Lock) -> None:
    while len(data):
        if hasattr(os, "pwrite"):
            n_written = os.pwrite(file.fileno(), data, offset)
        else:  # Windows
            with lock:
                file.seek(offset)
                n_written = file.write(data)
        data, offset = data[n_written:], offset + n_written
