"""What a user names as input: a file, a folder, a glob, and the stacks behind it."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from natsort import natsorted

from ..axes import parse_axes
from ..errors import AxesError, N2VToolsError, StackError
from ..stack import Stack
from .arrayfile import HDF5_PLACE
from .arrays import JoinedArray
from .reader import open_stack

READABLE = (".tif", ".tiff", ".btf", ".tf8", ".npy")
JOINED_AXES = ("ZYX", "TYX")


@dataclass(frozen=True)
class Input:
    """One stack to come: a file, an OME-TIFF set, or planes joined along Z or T.

    Parameters
    ----------
    name : str
        As it stands in messages.
    files : tuple of Path
        The file to open, or the planes to join, in order.
    axes : str or None
        As given by the user.
    joined : bool
        Whether each file is one plane of the stack.
    """

    name: str
    files: tuple[Path, ...]
    axes: str | None = None
    joined: bool = False

    def open(self) -> Stack:
        """Open the stack; nothing but headers is read. Raises as `open_stack`."""
        if self.joined:
            return _join(self)
        return open_stack(self.files[0], self.axes)


def open_stacks(spec: str | Path, axes: str | None = None) -> list[Stack]:
    """Open every stack behind a file, folder or glob.

    Parameters
    ----------
    spec : str or Path
        A folder or glob is many stacks, one per file, in natural order; an OME-TIFF
        set of several files counts once.
    axes : str, optional
        As in `open_stack`. ``ZYX`` or ``TYX`` for a folder or glob of YX files joins
        them into one stack.

    Raises
    ------
    StackError
        If nothing is found, a file cannot be read, or planes to join differ.
    AxesError
        As in `open_stack`.
    """
    return [each.open() for each in list_inputs(spec, axes)]


def list_inputs(spec: str | Path, axes: str | None = None) -> list[Input]:
    """List the stacks behind `spec` without failing on a damaged one.

    A file that cannot be opened is listed as it is; its `Input.open` says what is
    wrong, so that the others of a folder can still be worked on.

    Raises
    ------
    StackError
        If nothing is found.
    """
    files = find_files(spec)
    letters = None if axes is None else parse_axes(axes)
    is_many = not (files == [Path(spec)])
    if is_many and letters in JOINED_AXES and all(_is_plane(file) for file in files):
        return [Input(str(spec), tuple(files), letters, joined=True)]
    inputs: list[Input] = []
    seen: set[Path] = set()
    for file in files:
        if file.resolve() in seen:
            continue
        seen |= _files_of(file, letters) if is_many else set()
        inputs.append(Input(str(file), (file,), letters))
    return inputs


def find_files(spec: str | Path) -> list[Path]:
    """List the readable files behind a file, folder (not its subfolders) or glob.

    Returns
    -------
    files : list of Path
        In natural order (plane_2 before plane_10), without hidden ones. A file named
        as such is returned whatever its extension, `file.h5:/dataset` too.

    Raises
    ------
    StackError
        If nothing is found, naming where was looked and for which extensions.
    """
    text = str(spec)
    path = Path(spec)
    extensions = " ".join(READABLE)
    if path.is_dir() and path.suffix.lower() != ".zarr":
        found = _readable(path.iterdir())
        if not found:
            raise StackError(
                f"{text}: the folder holds no image to read ({extensions}; subfolders are not "
                "searched). Pass a folder with such files, or a file."
            )
        return found
    if path.exists() or HDF5_PLACE.match(text):
        return [path]
    if glob.has_magic(text):
        found = _readable(Path(match) for match in glob.glob(text))
        if not found:
            raise StackError(
                f"{text}: no file matches ({extensions}, seen from {Path.cwd()}). Check the "
                "pattern, and quote it."
            )
        return found
    raise StackError(f"{text}: not found. Check the path (seen from {Path.cwd()}).")


def _readable(paths: object) -> list[Path]:
    kept = [
        path
        for path in paths  # type: ignore[attr-defined]
        if path.suffix.lower() in READABLE and not path.name.startswith(".") and path.is_file()
    ]
    return natsorted(kept, key=str)


def _is_plane(file: Path) -> bool:
    """Tell whether a file holds one YX plane; a damaged one is opened later and says so."""
    try:
        open_stack(file, "YX")
    except AxesError:
        return False
    except StackError:
        return True
    return True


def _files_of(file: Path, axes: str | None) -> set[Path]:
    """All files that opening `file` reads: more than one for an OME-TIFF set."""
    try:
        stack = open_stack(file, axes)
    except N2VToolsError:
        return {file.resolve()}
    return {Path(each).resolve() for each in getattr(stack.array, "files", (file,))}


def _join(planes: Input) -> Stack:
    stacks = [open_stack(file, "YX") for file in planes.files]
    first = stacks[0]
    for stack in stacks:
        if (stack.array.shape, stack.dtype) != (first.array.shape, first.dtype):
            raise StackError(
                f"{stack.name}: is {_kind(stack)}, but {first.name} is {_kind(first)}: planes of "
                f"one stack must be equal (--axes {planes.axes} joins the files of a folder). Move "
                "it elsewhere, or leave out --axes."
            )
    arrays: Sequence[object] = [stack.array for stack in stacks]
    letter = (planes.axes or "Z")[0]
    return Stack(
        array=JoinedArray(arrays),
        axes=f"{letter}YX",
        spacing=first.spacing,
        unit=first.unit,
        name=planes.name,
        metadata=first.metadata,
        notes=(f"{len(stacks)} planes of one file each, joined along {letter}",),
    )


def _kind(stack: Stack) -> str:
    return f"{stack.dtype} of {' x '.join(map(str, stack.array.shape))}"
