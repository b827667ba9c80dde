"""Arrays that take restored planes in place of a file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ...errors import StackError
from ...io.layout import Layout
from ...words import option
from ..desk.memory import free_memory_bytes

LARGEST_SHARE = 0.8  # of the free memory: the work itself needs some


class ArrayWriter:
    """Takes the planes of one stack, from any thread, as `io.writer.PlaneWriter` does."""

    notes: tuple[str, ...] = ()

    def __init__(self, layout: Layout) -> None:
        self.axes = layout.axes
        # In the order and of the type of the layout.
        self.array = np.zeros([layout.sizes[axis] for axis in self.axes], layout.dtype)

    def write(self, place: Mapping[str, int], plane: np.ndarray) -> None:
        """Put one plane, shape (Y, X), where it belongs."""
        rows_first = self.axes.index("Y") < self.axes.index("X")
        where = tuple(place.get(axis, slice(None)) for axis in self.axes)
        self.array[where] = plane if rows_first else plane.T


class Memory:
    """Makes writers as `io.create_stack` does, but of arrays; keeps the last one."""

    def __init__(self) -> None:
        self.writer: ArrayWriter | None = None

    @contextmanager
    def create(
        self, path: str | Path, layout: Layout, *, overwrite: bool = False
    ) -> Iterator[ArrayWriter]:
        """Make an array for all planes; StackError if it would not fit into the free memory."""
        n_bytes = math.prod(layout.sizes.values()) * layout.dtype.itemsize
        require_memory(n_bytes, str(path))
        self.writer = ArrayWriter(layout)
        yield self.writer


def require_memory(n_bytes: int, where: str) -> None:
    """Raise if so much would not fit into the memory that is free.

    The StackError names what there is and what helps.
    """
    free = free_memory_bytes()
    if free is not None and n_bytes > LARGEST_SHARE * free:
        raise StackError(
            f"{where}: the result takes {n_bytes / 1e9:.2g} GB of memory, of which "
            f"{free / 1e9:.2g} GB are free. Write it to a file with {option('output')}, plane by "
            "plane."
        )
