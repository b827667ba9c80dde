"""Datasets of HDF5 files: arrays without metadata, each named by a place in its file."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StackError
from ...stack import Stack
from .. import hdf5_door
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

    StackError if the file is damaged, holds no such dataset (naming those it holds), or its values
    lie elsewhere; AxesError if `axes` are missing or do not fit.
    """
    path, place = address.file, address.place
    with _one_line(name), hdf5_door.open_file(path) as file:
        image = _find_image(file, address)
        found = image.dataset
        require_image(found.dtype, found.shape or (), name)
        letters = require_letters(axes, found.shape, name)
        n_chunks, n_bytes = _of_one_plane(found, letters)
        place = found.name
        warnings = _warnings(image, letters, path, n_bytes)
    fits = n_bytes <= MOST_CACHE_BYTES
    with _one_line(name):
        file = hdf5_door.open_file(
            path,
            rdcc_nbytes=max(n_bytes, LEAST_CACHE_BYTES) if fits else LEAST_CACHE_BYTES,
            rdcc_nslots=SLOTS_PER_CHUNK * max(n_chunks, LEAST_SLOTS) + 1,
        )
        dataset = hdf5_door.find_item(file, place)  # which was looked at just now
    array: Any = Hdf5Array(dataset, name)
    if dataset.chunks is None:
        array = in_runs(array, letters, letters)
    return Stack(
        array=array,
        axes=letters,
        name=name,
        metadata={"format": "hdf5", "dataset": place},
        warnings=warnings,
        files=image.files,
    )


def _one_line(name: str) -> AbstractContextManager[None]:
    remedy = "Copy it again from its source."
    return hdf5_door.one_line(StackError, name, "cannot be read as HDF5", remedy)


def _find_image(file: Any, address: Address) -> hdf5_door.Image:
    """Find the dataset that is meant; where there is none, say which there are."""
    if address.place:
        with suppress(hdf5_door.NotThere):
            return hdf5_door.find_image(file, address.place, address.file)
    held = ", ".join(
        str(Address(address.file, one)) for one in hdf5_door.image_names(file, MOST_NAMES)
    )
    what = f"no dataset {address.place}" if address.place else "HDF5 datasets"
    raise StackError(
        f"{address.file}: holds {what}; name one: {held or 'it holds none with two axes or more'}."
    )


def _warnings(image: hdf5_door.Image, letters: str, path: Path, n_bytes: int) -> tuple[str, ...]:
    found = []
    if n_bytes > MOST_CACHE_BYTES:
        found.append(_say_chunks(image.dataset, letters, path, n_bytes))
    if image.unmapped:
        found.append(
            f"{100 * image.unmapped:.2g} % of its pixels come from none of its source files and "
            f"read as {image.dataset.fillvalue}. Check the program that wrote it."
        )
    return tuple(found)


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
    """An HDF5 dataset whose values come in the machine's byte order; `name` is for messages."""

    def __init__(self, dataset: Any, name: str) -> None:
        self._dataset = dataset
        self._name = name
        self.shape: tuple[int, ...] = tuple(dataset.shape)
        self.dtype: np.dtype = dataset.dtype.newbyteorder("=")

    def __getitem__(self, key: Any) -> np.ndarray:
        with _one_line(self._name):
            return np.asarray(self._dataset[key], self.dtype)
