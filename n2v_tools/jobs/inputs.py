"""From what a user names to the stacks there are, without letting one stop the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import N2VToolsError
from ..io import HDF5_PLACE, list_inputs
from ..stack import Stack
from .frames import take_frame


@dataclass(frozen=True)
class Opened:
    """One stack that a user means: opened, or why not.

    Parameters
    ----------
    name : str
        As reported: a path, or ``file.h5:/path/in/file``.
    source : Path
        File, or folder of planes, that gives the output its name and place.
    stack : Stack or None
        None if it cannot be opened.
    error : str
        Why it cannot be opened; empty otherwise.
    files : tuple of Path
        All files that the stack reads from.
    """

    name: str
    source: Path
    stack: Stack | None = None
    error: str = ""
    files: tuple[Path, ...] = ()


def open_inputs(
    specs: Sequence[str],
    axes: str | None,
    *,
    frame: int | None = None,
    skip: Callable[[Path], bool] = lambda path: False,
) -> Iterator[Opened]:
    """Open every stack that `specs` name, in natural order; no pixel is read.

    Parameters
    ----------
    specs : sequence of str
        Files, folders, globs.
    axes : str or None
        Axes of every stack; ZYX or TYX joins a folder of planes.
    frame : int or None
        Only this time point.
    skip : callable
        Files of a folder to leave out.

    Yields
    ------
    opened : Opened
        Each stack once, however often it is named.
    """
    seen: set[str] = set()  # names, and the files of a set of several files
    for spec in specs:
        try:
            inputs = list_inputs(spec, axes)
        except (N2VToolsError, OSError) as error:
            yield Opened(spec, Path(spec), error=one_line(spec, error))
            continue
        for each in inputs:
            if Path(spec).is_dir() and not each.joined and skip(each.files[0]):
                continue
            key = os.path.realpath(each.name)
            if key in seen:
                continue
            seen.add(key)
            source = each.files[0].absolute().parent if each.joined else each.files[0]
            opened = _open(each.name, source, each.open, frame)
            if len(opened.files) > 1 and not each.joined:
                seen.update(os.path.realpath(file) for file in opened.files)
            yield opened


def one_line(name: str, error: N2VToolsError | OSError) -> str:
    """Say in one line what is wrong with the input `name`."""
    message = str(error)
    if isinstance(error, OSError):
        message = f"{error.strerror or error}. Check the path and its rights."
    return message if Path(name).name in message else f"{name}: {message}"


def _open(name: str, source: Path, opening: Callable[[], Stack], frame: int | None) -> Opened:
    place = HDF5_PLACE.match(str(source))
    source = Path(place["file"]) if place and not source.exists() else source
    try:
        stack = opening()
        files = tuple(getattr(stack.array, "files", ()))
        shown = stack if frame is None else take_frame(stack, frame)
        return Opened(name, source, shown, files=files)
    except (N2VToolsError, OSError) as error:
        return Opened(name, source, error=one_line(name, error))
