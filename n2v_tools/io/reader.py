"""The one way to open an image: by what the file is, not by what it is called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from ..errors import StackError
from ..stack import Stack
from .arrayfile import HDF5_PLACE, open_hdf5, open_npy
from .tiff import open_tiff, read_tiff_description

TIFF_MAGIC = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}
NPY_MAGIC = b"\x93NUM"
HDF5_MAGIC = b"\x89HDF"
VENDOR = {
    ".nd2": "Nikon", ".czi": "Zeiss", ".lif": "Leica", ".oif": "Olympus", ".oib": "Olympus",
    ".oir": "Olympus", ".vsi": "Olympus", ".ims": "Imaris", ".zvi": "Zeiss", ".lof": "Leica",
    ".xlef": "Leica", ".dv": "DeltaVision", ".zarr": "OME-Zarr",
}  # fmt: skip


def open_stack(path: str | Path, axes: str | None = None) -> Stack:
    """Open one image; nothing but its header is read.

    Parameters
    ----------
    path : str or Path
        A TIFF, BigTIFF, ImageJ or OME-TIFF file (any file of a set gives the whole
        set), a ``.npy`` file, or ``file.h5:/path/in/file``.
    axes : str, optional
        One letter of ``TCZYX`` per axis, overriding the file's metadata; needed for
        ``.npy`` and HDF5. S (colour samples) is taken as C.

    Returns
    -------
    stack : Stack
        Its array may be sliced from several threads at once.

    Raises
    ------
    StackError
        If the file is missing, damaged, truncated, incomplete, or of a kind not read.
    AxesError
        If the axes are unknown or do not fit, naming the ``--axes`` to pass.
    """
    name = str(path)
    place = HDF5_PLACE.match(name)
    if place and not Path(name).exists():
        file = Path(place["file"])
        _require_file(file, name)
        return open_hdf5(file, place["dataset"], axes, name)
    file = Path(path)
    _require_file(file, name)
    with _readable(file, name) as handle:
        magic = handle.read(4)
    if magic in TIFF_MAGIC:
        return open_tiff(file, axes, name)
    if magic == NPY_MAGIC:
        return open_npy(file, axes, name)
    if magic == HDF5_MAGIC and file.suffix.lower() not in VENDOR:
        return open_hdf5(file, None, axes, name)
    raise StackError(_unreadable(file, name, magic))


def read_description(path: str | Path) -> str | None:
    """Return the record of its making that a TIFF file carries, or None.

    Parameters
    ----------
    path : str or Path
        In files of this package, the JSON text given to the writer; ImageJ shows it
        under Image > Show Info.
    """
    _require_file(Path(path), str(path))
    return read_tiff_description(Path(path))


def _require_file(file: Path, name: str) -> None:
    if file.is_dir():
        if file.suffix.lower() in VENDOR:
            raise StackError(_unreadable(file, name, b""))
        raise StackError(f"{name}: is a folder. Name a file in it, or pass the folder as input.")
    if file.is_symlink() and not file.exists():
        raise StackError(
            f"{name}: is a link to {os.readlink(file)}, which does not lead to a file. Restore "
            "that file, or remove the link."
        )
    if not file.exists():
        raise StackError(f"{name}: not found. Check the path (seen from {Path.cwd()}).")
    if not file.is_file():
        raise StackError(f"{name}: is not a regular file. Pass a TIFF or .npy file.")
    if file.stat().st_size == 0:
        raise StackError(f"{name}: is empty (0 bytes). Copy it again from its source.")


def _readable(file: Path, name: str) -> IO[bytes]:
    try:
        return open(file, "rb")
    except OSError as error:
        raise StackError(
            f"{name}: cannot be opened ({error.strerror}). Check its rights."
        ) from error


def _unreadable(file: Path, name: str, magic: bytes) -> str:
    maker = VENDOR.get(file.suffix.lower())
    if maker:
        return (
            f"{name}: {maker} files ({file.suffix}) are not read yet. Open it in ImageJ/Fiji "
            "(Bio-Formats) and save it as OME-TIFF."
        )
    return (
        f"{name}: is no TIFF, .npy or HDF5 file (it starts with {magic!r}). Save the image as "
        "TIFF; a text or web page under this name is often a failed download."
    )
