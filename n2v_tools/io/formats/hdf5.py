"""Datasets of HDF5 files: arrays without metadata, each named by a place in its file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StackError
from ...stack import Stack
from ..address import Address
from ..arrays import in_runs
from .unlabelled import require_image, require_letters

LEAST_CACHE_BYTES = 64 * 2**20  # windows that lie beside each other share chunks
MOST_CACHE_BYTES = 512 * 2**20  # for the chunks of one plane: 64 planes of 2048 x 2048 uint16
LEAST_SLOTS = 100
SLOTS_PER_CHUNK = 100  # HDF5's advice, so that no two chunks fall on one
MOST_NAMES = 5


def open_hdf5(address: Address, axes: str | None, name: str) -> Stack:
    """Open a dataset of an HDF5 file, written ``file.h5:/path/in/file``.

    StackError if the file is damaged, or holds no such dataset (naming those it holds); AxesError
    if `axes` are missing or do not fit.
    """
    import h5py

    path, place = address.file, address.place
    file = _open_file(path, name)
    found = file.get(place) if place else None
    if not isinstance(found, h5py.Dataset):
        held = ", ".join(str(Address(path, one)) for one in _dataset_names(file))
        file.close()
        raise StackError(
            f"{path}: holds {'no dataset ' + place if place else 'HDF5 datasets'}; name one: "
            f"{held or 'it holds none with two axes or more'}."
        )
    require_image(found.dtype, found.shape or (), name)
    letters = require_letters(axes, found.shape, name)
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
    import h5py

    names: list[str] = []

    def visit(name: str, item: Any) -> bool | None:
        if isinstance(item, h5py.Dataset) and len(item.shape or ()) >= 2:
            names.append(f"/{name}")
        return True if len(names) >= MOST_NAMES else None

    file.visititems(visit)
    return names
