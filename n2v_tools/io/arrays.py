"""Lazy arrays: pixels that stay on disk until they are sliced.

Every array here is a row of pages: the leading axes number the pages, the last ones
lie inside a page. A slice reads the pages it touches and nothing else, through plain
reads: memory-mapped pages would count as memory of the process and grow with the file.
"""

from __future__ import annotations

import copy
import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StackError

MOST_RUN_BYTES = 256 * 2**20  # of planes that are interleaved in their file


class PageArray(ABC):
    """Base of the lazy arrays; indices are integers and slices of positive step.

    `dtype` is that of the values on disk, and arrays come back in the machine's byte order; the
    last `n_inner` axes, at least 1, lie inside a page.
    """

    def __init__(self, shape: Sequence[int], dtype: np.dtype, n_inner: int) -> None:
        self.shape = tuple(int(size) for size in shape)
        self.dtype = np.dtype(dtype).newbyteorder("=")
        self._inner = self.shape[len(self.shape) - n_inner :]
        self._outer = self.shape[: len(self.shape) - n_inner]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def n_inner(self) -> int:
        """Number of axes inside a page, the last ones."""
        return len(self._inner)

    def __getitem__(self, key: Any) -> np.ndarray:
        ranges, is_number = to_ranges(key, self.shape)
        outer, inner = ranges[: len(self._outer)], ranges[len(self._outer) :]
        values = np.empty([len(chosen) for chosen in ranges], self.dtype)
        if values.size:
            places = list(np.ndindex(*(len(chosen) for chosen in outer)))
            numbers = [number_of(place, outer, self._outer) for place in places]
            rows = slice(inner[0].start, inner[0].stop)
            cut = tuple(slice(r.start, r.stop, r.step) for r in inner[1:])
            for place, page in zip(places, self._read(numbers, rows), strict=True):
                values[place] = page[(slice(None, None, inner[0].step), *cut)]
        return values[tuple(0 if number else slice(None) for number in is_number)]

    def reshaped(self, shape: Sequence[int]) -> PageArray:
        """Return the same pages numbered by other axes: those of length 1 come and go."""
        n_inner = len(self._inner)
        other = copy.copy(self)
        other.shape = tuple(int(size) for size in shape)
        other._outer = other.shape[: len(other.shape) - n_inner]
        if other.shape[len(other._outer) :] != self._inner or math.prod(other.shape) != math.prod(
            self.shape
        ):
            raise ValueError(f"{self.shape} cannot be seen as {other.shape} page by page")
        return other

    @abstractmethod
    def _read(self, numbers: Sequence[int], rows: slice) -> Iterator[np.ndarray]:
        """Yield `rows` of each page by its number, as (rows, ...), any byte order."""


class ContiguousArray(PageArray):
    """Values that lie in one piece in one file, such as ImageJ stacks and `.npy`.

    The file is opened for each slice: any number of threads may read, and a folder
    of thousands of files holds no file open.
    """

    def __init__(self, path: Path, offset: int, shape: Sequence[int], dtype: np.dtype) -> None:
        super().__init__(shape, dtype, min(2, len(shape)))
        self._path = path
        self._offset = offset
        self._disk_dtype = np.dtype(dtype)
        require_length(path, offset, math.prod(self.shape) * self._disk_dtype.itemsize)

    def _read(self, numbers: Sequence[int], rows: slice) -> Iterator[np.ndarray]:
        page_bytes = math.prod(self._inner) * self._disk_dtype.itemsize
        row_bytes = page_bytes // self._inner[0]
        shape = (rows.stop - rows.start, *self._inner[1:])
        with open(self._path, "rb", buffering=0) as file:
            for number in numbers:
                start = self._offset + number * page_bytes + rows.start * row_bytes
                yield read_values(file, start, shape, self._disk_dtype, self._path)


class TabledArray(PageArray):
    """Pages that a table names, in one file or several; whoever derives from it reads them.

    `table`, int64 of shape (n, 2), holds for each page the number of its file and where it is
    there; `outer` are the sizes of the axes that number the pages. All have one shape and dtype.
    """

    def __init__(
        self,
        files: Sequence[Path],
        table: np.ndarray,
        outer: Sequence[int],
        page_shape: Sequence[int],
        dtype: np.dtype,
    ) -> None:
        super().__init__((*outer, *page_shape), dtype, len(page_shape))
        self.files = tuple(files)
        self._table = table


class ScatteredArray(TabledArray):
    """Uncompressed pages, each at a byte of its own, which the table holds.

    StackError if a file is too short.
    """

    def __init__(
        self,
        files: Sequence[Path],
        table: np.ndarray,
        outer: Sequence[int],
        page_shape: Sequence[int],
        dtype: np.dtype,
    ) -> None:
        super().__init__(files, table, outer, page_shape, dtype)
        self._disk_dtype = np.dtype(dtype)
        page_bytes = math.prod(page_shape) * self._disk_dtype.itemsize
        for number, file in enumerate(files):
            require_length(file, int(table[table[:, 0] == number, 1].max()), page_bytes)

    def _read(self, numbers: Sequence[int], rows: slice) -> Iterator[np.ndarray]:
        shape = (rows.stop - rows.start, *self._inner[1:])
        skipped = rows.start * math.prod(self._inner[1:]) * self._disk_dtype.itemsize
        for number in numbers:
            path, start = self.files[self._table[number, 0]], int(self._table[number, 1])
            with open(path, "rb", buffering=0) as file:
                yield read_values(file, start + skipped, shape, self._disk_dtype, path)


class PickedArray(PageArray):
    """Some pages of another array, by their numbers there; `outer` are sizes as before."""

    def __init__(self, array: PageArray, numbers: np.ndarray, outer: Sequence[int]) -> None:
        super().__init__((*outer, *array._inner), array.dtype, len(array._inner))
        self._array = array
        self._numbers = numbers

    def _read(self, numbers: Sequence[int], rows: slice) -> Iterator[np.ndarray]:
        return self._array._read([int(self._numbers[number]) for number in numbers], rows)


class SplitArray(PageArray):
    """Planes of an array whose pages hold several, numbered through: the pages' first axis."""

    def __init__(self, array: PageArray) -> None:
        self._array = array
        self._per_page, *inner = array._inner
        n_pages = math.prod(array._outer)
        super().__init__((n_pages * self._per_page, *inner), array.dtype, len(inner))

    def _read(self, numbers: Sequence[int], rows: slice) -> Iterator[np.ndarray]:
        for number in numbers:
            page, plane = divmod(number, self._per_page)
            (values,) = self._array._read([page], slice(plane, plane + 1))
            yield values[0, rows]


class TurnedOverArray:
    """An array in which zero is white: values come as `top` minus what is stored."""

    def __init__(self, array: Any, top: int) -> None:
        self._array = array
        self._top = array.dtype.type(top)
        self.shape, self.dtype = tuple(array.shape), array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        return np.subtract(self._top, self._array[key])


class JoinedArray(PageArray):
    """One array made of many of equal shape and type, along a new first axis."""

    def __init__(self, parts: Sequence[Any]) -> None:
        first = parts[0]
        super().__init__((len(parts), *first.shape), first.dtype, len(first.shape))
        self._parts = tuple(parts)

    def _read(self, numbers: Sequence[int], rows: slice) -> Iterator[np.ndarray]:
        for number in numbers:
            yield np.asarray(self._parts[number][rows])


class TransposedArray:
    """An array with its axes in reverse order: how Fortran order looks from C."""

    def __init__(self, array: PageArray) -> None:
        self._array = array
        self.shape = array.shape[::-1]
        self.dtype = array.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        ranges, is_number = to_ranges(key, self.shape)
        values = self._array[tuple(slice(r.start, r.stop, r.step) for r in ranges[::-1])].T
        return values[tuple(0 if number else slice(None) for number in is_number)]


class RunsArray:
    """An array whose planes are interleaved in the file: runs of them are read at once.

    Where time is the axis that varies fastest, a frame is strewn over the whole file, and reading
    frame by frame would read the file once for each. One run along `axis` is kept, each index of
    which stands for `plane_bytes`; any number of threads may read.
    """

    def __init__(self, array: Any, axis: int, plane_bytes: int) -> None:
        self.shape, self.dtype = tuple(array.shape), array.dtype
        self._array = array
        self._axis = axis
        self._length = max(1, MOST_RUN_BYTES // max(1, plane_bytes))
        self._lock = threading.Lock()
        self._kept: tuple[Any, np.ndarray] | None = None

    def __getitem__(self, key: Any) -> np.ndarray:
        ranges, is_number = to_ranges(key, self.shape)
        chosen = ranges[self._axis]
        number = chosen.start // self._length
        first = number * self._length
        keys = [slice(r.start, r.stop, r.step) for r in ranges]
        if len(chosen) and chosen[-1] < first + self._length:
            size = self.shape[self._axis]
            keys[self._axis] = slice(first, min(size, first + self._length), 1)
            inside = [slice(None)] * len(keys)
            inside[self._axis] = slice(chosen.start - first, chosen[-1] + 1 - first, chosen.step)
            values = self._run(tuple(keys))[tuple(inside)].copy()
        else:
            values = np.asarray(self._array[tuple(keys)])
        return values[tuple(0 if number else slice(None) for number in is_number)]

    def _run(self, keys: tuple[slice, ...]) -> np.ndarray:
        with self._lock:
            if self._kept is None or self._kept[0] != keys:
                self._kept = None  # two runs at once would take twice the memory
                self._kept = keys, np.asarray(self._array[keys])
            return self._kept[1]


def in_runs(array: Any, axes: str, stored: str) -> Any:
    """Return an array, read in runs of planes where these are interleaved in the file.

    `stored` are its `axes` from the one that varies slowest in the file to the fastest.
    """
    first = min(stored.index("Y"), stored.index("X"))
    inner = [
        axis for axis in stored[first:] if axis not in "YX" and array.shape[axes.index(axis)] > 1
    ]
    if not inner:
        return array
    plane = array.shape[axes.index("Y")] * array.shape[axes.index("X")]
    return RunsArray(array, axes.index(inner[-1]), plane * array.dtype.itemsize)


def number_of(place: Sequence[int], chosen: Sequence[range], sizes: Sequence[int]) -> int:
    """Number of a page in its row, where axes of `sizes` number the pages, the last one fastest.

    `place` counts, along each axis, from the start of the range that is `chosen`.
    """
    number = 0
    for size, along, index in zip(sizes, chosen, place, strict=True):
        number = number * size + along[index]
    return number


def to_ranges(key: Any, shape: Sequence[int]) -> tuple[list[range], list[bool]]:
    """Spell an index as one range per axis, and which of them drop their axis.

    IndexError if an index is outside, too many are given, or one is neither integer nor slice of
    positive step.
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(k is Ellipsis for k in keys):
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(shape) - len(keys) + 1)
    if len(keys) > len(shape):
        raise IndexError(f"{len(keys)} indices for {len(shape)} axes")
    keys += [slice(None)] * (len(shape) - len(keys))
    ranges, is_number = [], []
    for k, size in zip(keys, shape, strict=True):
        if isinstance(k, slice):
            chosen = range(*k.indices(size))
            if chosen.step < 1:
                raise IndexError("slices must have a positive step")
            stop = max(chosen.stop, chosen.start)
            ranges.append(range(chosen.start, stop, chosen.step))
        elif isinstance(k, (int, np.integer)) and -size <= k < size:
            ranges.append(range(int(k) % size, int(k) % size + 1))
        else:
            raise IndexError(f"index {k!r} does not fit an axis of {size}")
        is_number.append(not isinstance(k, slice))
    return ranges, is_number


def read_values(
    file: Any, start: int, shape: Sequence[int], dtype: np.dtype, path: Path
) -> np.ndarray:
    """Read values from byte `start` of an unbuffered file; StackError if it ends before."""
    values = np.empty(shape, dtype)
    view = values.reshape(-1).view(np.uint8).data
    file.seek(start)
    done = 0
    while done < len(view):
        n_read = file.readinto(view[done:])
        if not n_read:
            raise StackError(
                f"{path}: the file ends at byte {start + done}, where {len(view) - done} more "
                "bytes of pixels should stand: it is truncated. Copy it again from its source."
            )
        done += n_read
    return values


def require_length(path: Path, offset: int, n_bytes: int) -> None:
    """Raise StackError unless the file is long enough for `n_bytes` from `offset` on."""
    length = path.stat().st_size
    if length < offset + n_bytes:
        raise StackError(
            f"{path}: its header promises {n_bytes} bytes of pixels from byte {offset} on, but the "
            f"file has only {length} bytes: it is truncated or its header is wrong. Copy it again "
            "from its source."
        )
