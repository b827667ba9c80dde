"""From what a user names to the inputs there are, without letting one stop the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import N2VToolsError
from ..stack import Stack
from .frames import take_frame

JOINABLE = ("ZYX", "TYX")


@dataclass(frozen=True)
class Input:
    """One stack that a user means.

    Parameters
    ----------
    name : str
        As reported: a path, or ``file.h5:/path/in/file``.
    source : Path
        File, or folder of planes, that gives the output its name and place.
    error : str
        Why it cannot be worked on; empty if nothing is known against it.
    stack : Stack or None
        Opened, if so far nothing is known against it.
    """

    name: str
    source: Path
    error: str = ""
    stack: Stack | None = None


def find_inputs(
    specs: Sequence[str],
    axes: str | None,
    *,
    frame: int | None = None,
    skip: Callable[[Path], bool] = lambda path: False,
) -> Iterator[Input]:
    """Open every stack that `specs` name, in natural order; failures are values here.

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
    Input
        Each file once, however often it is named.
    """
    seen: set[str] = set()
    for spec in specs:
        for one in _of_spec(spec, axes, skip):
            key = os.path.realpath(one.name)
            if key in seen:
                continue
            seen.add(key)
            files = getattr(one.stack.array, "files", ()) if one.stack else ()
            seen.update(os.path.realpath(file) for file in files)
            if one.stack is not None and frame is not None:
                one = attempt(one.name, one.source, _framed(one.stack, frame))
            yield one


def attempt(name: str, source: Path, opening: Callable[[], Stack]) -> Input:
    """Open one stack; what a user can fix becomes the input's error."""
    try:
        return Input(name, source, stack=opening())
    except N2VToolsError as error:
        return Input(name, source, error=_naming(name, str(error)))
    except OSError as error:
        return Input(name, source, error=f"{name}: {error.strerror or error}; check the path.")


def _framed(stack: Stack, frame: int) -> Callable[[], Stack]:
    return lambda: take_frame(stack, frame)


def _of_spec(spec: str, axes: str | None, skip: Callable[[Path], bool]) -> Iterator[Input]:
    from ..io import find_files, open_stack, open_stacks

    folder = Path(spec)
    is_folder = folder.is_dir() and not spec.rstrip("/").lower().endswith(".zarr")
    if is_folder and axes in JOINABLE:
        joined = _try_joining(spec, lambda: open_stacks(spec, axes))
        if joined is not None:
            yield Input(spec, folder, stack=joined)
            return
    try:
        files = find_files(spec)
    except (N2VToolsError, OSError) as error:
        yield attempt(spec, folder, _raising(error))
        return
    for file in files:
        if is_folder and skip(file):
            continue
        path = str(file)
        yield attempt(path, Path(path.split(":/")[0]), _opening(open_stack, path, axes))


def _opening(
    open_stack: Callable[[str, str | None], Stack], path: str, axes: str | None
) -> Callable[[], Stack]:
    return lambda: open_stack(path, axes)


def _try_joining(spec: str, opening: Callable[[], list[Stack]]) -> Stack | None:
    """Return the one stack that a folder of planes is, or None if it is none."""
    try:
        stacks = opening()
    except (N2VToolsError, OSError):  # its files are opened, and judged, one by one then
        return None
    if len(stacks) != 1:
        return None
    files = getattr(stacks[0].array, "files", ())
    return stacks[0] if len(files) > 1 else None


def _raising(error: Exception) -> Callable[[], Stack]:
    def raise_it() -> Stack:
        raise error

    return raise_it


def _naming(name: str, message: str) -> str:
    """Make sure that a message says which input it is about."""
    return message if Path(name).name in message else f"{name}: {message}"
