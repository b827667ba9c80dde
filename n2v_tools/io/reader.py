"""The one way to open an image: by what the file is, not by what it is called."""

from __future__ import annotations

import os
from pathlib import Path

from ..axes import parse_asked_axes
from ..errors import StackError, system_words
from ..stack import Stack
from .address import Address
from .formats.tiff.opener import read_tiff_description
from .reshaped import open_with_axes
from .table import HEAD_BYTES, READ, Format, format_of_ending, recognise


def open_stack(path: str | Path, axes: str | None = None, *, exactly: bool = False) -> Stack:
    """Open one image; nothing but its header is read.

    Parameters
    ----------
    path : str or Path
        A TIFF, BigTIFF, ImageJ or OME-TIFF file (any file of a set gives the whole
        set), ``file.tif:2`` for one of several images in it, a ``.npy`` file, or
        ``file.h5:/path/in/file``, whatever the ending.
    axes : str, optional
        One letter of ``TCZYX`` per axis, overriding the file's metadata; needed for
        ``.npy`` and HDF5. S (colour samples) is taken as C. A number is the length of an axis
        that is to be split from the one before it, as in ``TC2YX``; axes of length 1 may be left
        out.
    exactly : bool
        The file must have these axes as they are.

    Returns
    -------
    stack : Stack
        Its array may be sliced from several threads at once.

    Raises
    ------
    StackError
        If the file is missing, damaged, truncated, incomplete, or of a kind not read.
    SeveralImagesError
        If it holds several images and none was chosen.
    AxesError
        If the axes are unknown or do not fit, naming the ``--axes`` to pass.
    """
    name, address = str(path), Address.parse(path)
    file = address.file
    _require_file(file, name)
    row, head = _recognise(file, name)
    if row is None or not row.reader:
        raise StackError(_unreadable(file, name, row, head))
    if address.place and not (row.places or row.scenes):
        raise StackError(f"{name}: is a {row.title} file, which holds one image. Name {file}.")

    def opening(letters: str | None) -> Stack:
        stack: Stack = row.load("reader")(address, letters, name)
        return stack

    if axes is None or exactly:
        return opening(axes)
    return open_with_axes(opening, parse_asked_axes(axes))


def read_description(path: str | Path) -> str | None:
    """Return the record of its making that a TIFF file carries, or None.

    In files of this package it is the JSON text given to the writer; ImageJ shows it under
    Image > Show Info.
    """
    _require_file(Path(path), str(path))
    return read_tiff_description(Path(path))


def _require_file(file: Path, name: str) -> None:
    if file.is_dir():
        row = format_of_ending(file.name)
        if row is not None and not row.reader:
            raise StackError(_unreadable(file, name, row))
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


def _recognise(file: Path, name: str) -> tuple[Format | None, bytes]:
    """Row of a file, None if no format fits, and its first bytes."""
    try:
        with open(file, "rb") as handle:

            def head(start: int) -> bytes:
                handle.seek(start)
                return handle.read(HEAD_BYTES)

            return recognise(file.name, head), head(0)
    except OSError as error:
        raise StackError(
            f"{name}: cannot be opened ({system_words(error)}). Check its rights."
        ) from error


def _unreadable(file: Path, name: str, row: Format | None, head: bytes = b"") -> str:
    if row is not None:
        return (
            f"{name}: {row.title} files ({file.suffix}) are not read yet. Open it in ImageJ/Fiji "
            "(Bio-Formats) and save it as OME-TIFF."
        )
    return (
        f"{name}: is no {', '.join(READ[:-1])} or {READ[-1]} file (it starts with {head!r}). Save "
        "the image as TIFF; a text or web page under this name is often a failed download."
    )
