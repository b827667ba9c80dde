"""Arrays without metadata: NumPy's .npy and datasets in HDF5 files; both need --axes."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from ..axes import parse_axes, require_axes
from ..errors import AxesError, StackError
from ..stack import Stack
from .arrays import ContiguousArray, TransposedArray, in_runs

HDF5_PLACE = re.compile(r"^(?P<file>.*\.(?:h5|hdf5|hdf|he5))(?::(?P<dataset>/?.+))?$", re.I)
LEAST_CACHE_BYTES = 64 * 2**20  # windows that lie beside each other share chunks
MOST_CACHE_BYTES = 512 * 2**20  # for the chunks of one plane: 64 planes of 2048 x 2048 uint16
LEAST_SLOTS = 100
SLOTS_PER_CHUNK = 100  # HDF5's advice, so that no two chunks fall on one
MOST_NAMES = 5


def open_npy(path: Path, axes: str | None, name: str) -> Stack:
    """Open a `.npy` file; only its header is read, and nothing is ever unpickled.

    Raises
    ------
    StackError
        If the file is damaged, truncated, or holds Python objects.
    AxesError
        If `axes` are missing or do not fit.
    """
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            else:
                shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
            offset = file.tell()
    except (ValueError, SyntaxError, EOFError) as error:
        raise StackError(
            f"{name}: cannot be read as .npy ({error}). Save it anew with numpy.save."
        ) from error
    _require_image(dtype, shape, name)
    letters = _require_letters(axes, shape, name)
    if fortran and len(shape) > 1:
        array: Any = TransposedArray(ContiguousArray(path, offset, shape[::-1], dtype))
    else:
        array = ContiguousArray(path, offset, shape, dtype)
    array = in_runs(array, letters, letters[::-1] if fortran else letters)
    return Stack(array, letters, name=name, metadata={"format": "npy"}, files=(path,))


def open_hdf5(path: Path, dataset: str | None, axes: str | None, name: str) -> Stack:
    """Open a dataset of an HDF5 file, written ``file.h5:/path/in/file``.

    Raises
    ------
    StackError
        If the file is damaged, or holds no such dataset (naming those it holds).
    AxesError
        If `axes` are missing or do not fit.
    """
    import h5py

    file = _open_file(path, name)
    found = file.get(dataset) if dataset else None
    if not isinstance(found, h5py.Dataset):
        held = _dataset_names(file)
        file.close()
        raise StackError(
            f"{path}: holds {'no dataset ' + dataset if dataset else 'HDF5 datasets'}; name one: "
            f"{', '.join(f'{path}:{n}' for n in held) or 'it holds none with two axes or more'}."
        )
    _require_image(found.dtype, found.shape or (), name)
    letters = _require_letters(axes, found.shape, name)
    n_chunks, n_bytes = _of_one_plane(found, letters)
    place = found.name
    file.close()
    fits = n_bytes <= MOST_CACHE_BYTES
    file = _open_file(
        path,
        name,
        rdcc_nbytes=max(n_bytes, LEAST_CACHE_BYTES) if fits else LEAST_CACHE_BYTES,
        rdcc_nslots=SLOTS_PER_CHUNK * max(n_chunks, LEAST_SLOTS) + 1,
    )
    array: Any = Hdf5Array(file[place])
    if file[place].chunks is None:
        array = in_runs(array, letters, letters)
    return Stack(
        array=array,
        axes=letters,
        name=name,
        metadata={"format": "hdf5", "dataset": place},
        warnings=() if fits else (_say_chunks(file[place], letters, path, n_bytes),),
        files=(path,),
    )


def _open_file(path: Path, name: str, **cache: int) -> Any:
    import h5py

    try:
        return h5py.File(path, "r", **cache)
    except OSError as error:
        raise StackError(
            f"{name}: cannot be read as HDF5 ({error}). Copy it again from its source."
        ) from error


def _of_one_plane(dataset: Any, axes: str) -> tuple[int, int]:
    """Chunks that lie in a YX plane and others besides, and the bytes they unpack to.

    Reading plane by plane, each must be kept until the last of its planes is read; with less
    room every plane unpacks all of them anew. Zero where no chunk spans planes.
    """
    chunks = dataset.chunks
    if chunks is None or all(n == 1 for n, a in zip(chunks, axes, strict=True) if a not in "YX"):
        return 0, 0
    sizes = zip(dataset.shape, chunks, axes, strict=True)
    n_chunks = math.prod(-(-size // edge) for size, edge, axis in sizes if axis in "YX")
    return n_chunks, n_chunks * math.prod(chunks) * dataset.dtype.itemsize


def _say_chunks(dataset: Any, axes: str, path: Path, n_bytes: int) -> str:
    edges = "x".join(map(str, dataset.chunks))
    sizes = zip(axes, dataset.shape, strict=True)
    planes = "x".join(str(size if axis in "YX" else 1) for axis, size in sizes)
    target = path.with_name(f"{path.stem}_planes{path.suffix}").name
    return (
        f"is stored in chunks of {edges.replace('x', ' x ')}, so that every plane unpacks "
        f"{n_bytes / 1e9:.2g} GB and reading takes long. Store it anew: h5repack -l "
        f"{dataset.name}:CHUNK={planes} {path.name} {target}"
    )


class Hdf5Array:
    """An HDF5 dataset whose values come in the machine's byte order."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.shape: tuple[int, ...] = tuple(dataset.shape)
        self.dtype: np.dtype = dataset.dtype.newbyteorder("=")

    def __getitem__(self, key: Any) -> np.ndarray:
        return np.asarray(self._dataset[key], self.dtype)


def _dataset_names(file: Any) -> list[str]:
    names: list[str] = []

    def visit(name: str, item: Any) -> bool | None:
        if len(getattr(item, "shape", ())) >= 2:
            names.append(f"/{name}")
        return True if len(names) >= MOST_NAMES else None

    file.visititems(visit)
    return names


def _require_letters(axes: str | None, shape: tuple[int, ...], name: str) -> str:
    if axes is None:
        example = {2: "YX", 3: "TYX", 4: "TZYX"}.get(len(shape), "TCZYX")
        sizes = " x ".join(map(str, shape))
        raise AxesError(
            f"{name}: holds {sizes} values and says nothing about its axes. Pass --axes, such as "
            f"--axes {example}."
        )
    letters = parse_axes(axes)
    require_axes(letters, shape, where=name)
    return letters


def _require_image(dtype: np.dtype, shape: tuple[int, ...], name: str) -> None:
    if np.dtype(dtype).kind not in "uif":
        kind = "text or Python objects" if np.dtype(dtype).kind in "OSUV" else str(dtype)
        raise StackError(
            f"{name}: holds {kind}, not grey values. Save an array of real numbers instead."
        )
    if len(shape) < 2:
        what = f"a row of {shape[0]} numbers" if shape else "a single number"
        raise StackError(f"{name}: holds {what}, which is no image. Name an array of Y and X.")
