"""Stacks that a user means by the names given, without letting one stop the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...errors import N2VToolsError, UsageError, system_words
from ...io.address import Address
from ...io.listing import ALL_SCENES, Input, list_inputs, preferred
from ...stack import Stack
from .frames import take_frame


@dataclass(frozen=True)
class Opened:
    """One stack that a user means: opened, or why not."""

    name: str  # as reported: a path, or ``file.h5:/path/in/file``
    # file, folder of planes, or ``file.tif:2``, that gives the output its name and place
    source: Path
    stack: Stack | None = None  # None if it cannot be opened
    error: str = ""  # why it cannot be opened; empty otherwise
    files: tuple[Path, ...] = ()  # all files that the stack reads from
    spec: str = ""  # what the user named: this file, or the folder or glob that it was found by


def open_inputs(
    specs: Sequence[str | Stack],
    axes: str | None,
    *,
    frame: int | None = None,
    scene: str = ALL_SCENES,
    skip: Callable[[Path], bool] = lambda path: False,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[Opened]:
    """Open every stack that `specs` name, in natural order; no pixel is read.

    Parameters
    ----------
    specs : sequence of str or Stack
        Files, folders, globs; a stack that is open already stands for itself.
    axes : str or None
        Axes of every file; ZYX or TYX joins a folder of planes.
    frame : int or None
        Only this time point.
    scene : str
        Of files with several images, the one of this number (from 0) or name, or all of them.
    skip : callable
        Files of a folder or glob to leave out; a file named as such is never left out.
    note : callable
        Told of each name that was left out because it stands for a stack already named.

    Yields
    ------
    opened : Opened
        Each stack once, however often it is named.

    Raises
    ------
    UsageError
        If a spec is empty.
    """
    listed = [
        (spec if isinstance(spec, str) else spec.name, one)
        for spec in specs
        for one in _list(spec, axes, skip, scene)
    ]
    chosen = preferred(one for _, one in listed if isinstance(one, Input))
    of_a_set: set[str] = set()
    for spec, one in listed:
        if isinstance(one, Opened):
            yield one
        elif isinstance(one, Stack):
            yield _open(one.name, Path(one.name), partial(_itself, one), frame)
        elif chosen[one.key] is not one:
            note(_repeated(one, chosen[one.key]))
        elif one.key not in of_a_set:
            source = one.files[0].absolute().parent if one.joined else one.files[0]
            opened = _open(one.name, source, one.open, frame)
            if len(opened.files) > 1 and not one.joined:
                place = Address.parse(one.name).place
                of_a_set.update(Address(file, place).key for file in opened.files)
            yield dataclasses.replace(opened, spec=spec)


def one_line(name: str, error: N2VToolsError | OSError) -> str:
    """Say in one line what is wrong with the input `name`."""
    message = str(error)
    if isinstance(error, OSError):
        message = f"{system_words(error)}. Check the path and its rights."
    return message if Path(name).name in message else f"{name}: {message}"


def _list(
    spec: str | Stack, axes: str | None, skip: Callable[[Path], bool], scene: str
) -> Sequence[Input | Opened | Stack]:
    """List what one spec names, or the reason why that cannot be done."""
    if isinstance(spec, Stack):
        return [spec]
    try:
        return list_inputs(spec, axes, leave_out=skip, scene=scene)
    except UsageError:
        raise
    except (N2VToolsError, OSError) as error:
        return [Opened(spec, Path(spec), error=one_line(spec, error))]


def _repeated(one: Input, kept: Input) -> str:
    if one.name == kept.name:
        return f"{one.name} is named more than once: taken once"
    return f"{one.name} is the same file as {kept.name}: taken once, under the latter name"


def _itself(stack: Stack) -> Stack:
    return stack


def _open(name: str, source: Path, opening: Callable[[], Stack], frame: int | None) -> Opened:
    address = Address.parse(source)
    source = source if address.mark else address.file
    try:
        stack = opening()
        shown = stack if frame is None else take_frame(stack, frame)
        return Opened(name, source, shown, files=stack.files)
    except (N2VToolsError, OSError) as error:
        return Opened(name, source, error=one_line(name, error))
