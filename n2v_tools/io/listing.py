"""Listing of the stacks behind a user's input: a file, a folder or a glob."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..axes import parse_asked_axes
from ..errors import AxesError, N2VToolsError, SeveralImagesError, StackError, UsageError
from ..stack import Stack
from ..words import option
from .address import Address
from .arrays import JoinedArray
from .reader import open_stack
from .table import LISTED, format_of_ending

JOINED_AXES = ("ZYX", "TYX")
ALL_SCENES = "all"


@dataclass(frozen=True)
class Input:
    """One stack to come: a file, an OME-TIFF set, or planes joined along Z or T."""

    name: str  # as it stands in messages
    files: tuple[Path, ...]  # the file to open, or the planes to join, in order
    axes: str | None = None  # as given by the user
    joined: bool = False  # each file is one plane of the stack
    # what listing found out, so that no header is read twice: the stack, or what is wrong with it
    found: Stack | N2VToolsError | OSError | None = field(default=None, compare=False, repr=False)

    def open(self) -> Stack:
        """Open the stack; nothing but headers is read. Raises as `open_stack`."""
        if isinstance(self.found, Stack):
            return self.found
        if self.found is not None:
            raise self.found
        if self.joined:
            return _join(self)
        return open_stack(self.files[0], self.axes)

    @property
    def key(self) -> str:
        """Equal for two names of one thing: links, ``./a.tif``, ``b.h5:x`` and ``b.h5:/x``."""
        return Address.parse(self.name).key


def open_stacks(spec: str | Path, axes: str | None = None) -> list[Stack]:
    """Open every stack behind a file, folder or glob.

    A folder or glob is many stacks, one per file, in natural order; an OME-TIFF set of several
    files counts once. `axes` are as in `open_stack`; ``ZYX`` or ``TYX`` for a folder or glob of YX
    files joins them into one stack. StackError if nothing is found, a file cannot be read, or
    planes to join differ; AxesError as in `open_stack`.
    """
    return [each.open() for each in preferred(list_inputs(spec, axes)).values()]


def list_inputs(
    spec: str | Path,
    axes: str | None = None,
    leave_out: Callable[[Path], bool] = lambda file: False,
    scene: str = ALL_SCENES,
) -> list[Input]:
    """List the stacks behind `spec` without failing on a damaged one.

    A file that cannot be opened is listed as it is; its `Input.open` says what is
    wrong, so that the others of a folder can still be worked on.

    Parameters
    ----------
    spec : str or Path
        As in `open_stacks`.
    axes : str, optional
        As in `open_stacks`.
    leave_out : callable
        Says which files of a folder or glob do not count, before planes are joined; a file
        named as such always counts.
    scene : str
        Of files with several images, the one of this number (from 0) or name, or all of them.

    Returns
    -------
    inputs : list of Input
        Empty if all were left out. A file and a link to it are two inputs of one `key`.

    Raises
    ------
    StackError
        If nothing is found.
    """
    files = find_files(spec)
    letters = None if axes is None else str(parse_asked_axes(axes))
    if files == [Path(spec)]:
        return _inputs_of(files[0], letters, scene)
    files = [file for file in files if not leave_out(file)]
    if files and letters in JOINED_AXES and all(_is_plane(file) for file in files):
        return [Input(str(spec), tuple(files), letters, joined=True)]
    inputs: list[Input] = []
    of_a_set: set[str] = set()
    for file in files:
        if os.path.realpath(file) in of_a_set:
            continue
        found = _inputs_of(file, letters, scene)
        behind = {os.path.realpath(each) for one in found for each in _files_of(one)}
        of_a_set |= behind if len(behind) > 1 else set()
        inputs += found
    return inputs


def preferred(inputs: Iterable[Input]) -> dict[str, Input]:
    """Choose one input for each `Input.key`: the first, but a file rather than a link to it."""
    chosen: dict[str, Input] = {}
    for each in inputs:
        known = chosen.get(each.key)
        if known is None or (_is_link(known) and not _is_link(each)):
            chosen[each.key] = each
    return chosen


def _is_link(one: Input) -> bool:
    return os.path.islink(Address.parse(one.name).file)


def find_files(spec: str | Path) -> list[Path]:
    """List the readable files behind a file, folder (not its subfolders) or glob.

    Returns
    -------
    files : list of Path
        In natural order (plane_2 before plane_10), without hidden ones; links that lead
        nowhere are among them, so that opening them says so. A file named as such is
        returned whatever its extension, `file.h5:/dataset` too.

    Raises
    ------
    UsageError
        If `spec` is empty, as a variable that is not set.
    StackError
        If nothing is found, naming where was looked and for which extensions.
    """
    text = str(spec)
    if not text:
        raise UsageError("an empty text names no input. Name a file, a folder or a glob.")
    path = Path(spec)
    extensions = " ".join(LISTED)
    named = format_of_ending(path.name)
    if path.is_dir() and not (named is not None and named.folder):
        found = _readable(path.iterdir())
        if not found:
            raise StackError(
                f"{text}: the folder holds no image to read ({extensions}; subfolders are not "
                "searched). Pass a folder with such files, or a file."
            )
        return found
    if os.path.lexists(path) or (named is not None and named.places) or Address.parse(text).place:
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


def _readable(paths: Iterable[Path]) -> list[Path]:
    kept = [
        path
        for path in paths
        if path.suffix.lower() in LISTED
        and not path.name.startswith(".")
        and (path.is_file() or (path.is_symlink() and not path.exists()))
    ]
    if len(kept) < 2:
        return kept
    from natsort import natsorted  # slow to import, and a single file needs no order

    return natsorted(kept, key=str)


def _is_plane(file: Path) -> bool:
    """Tell whether a file holds one YX plane; a damaged one is opened later and says so."""
    try:
        open_stack(file, "YX", exactly=True)
    except (AxesError, SeveralImagesError):
        return False
    except StackError:
        return True
    return True


def _inputs_of(file: Path, axes: str | None, scene: str) -> list[Input]:
    """Open what a file holds: one stack, or several images of which `scene` chooses."""
    try:
        stack = open_stack(file, axes)
    except SeveralImagesError as error:
        numbers = [n for n, name in enumerate(error.names) if scene in (ALL_SCENES, str(n), name)]
        if numbers:
            return [_image_of(file, number, axes) for number in numbers]
        known = ", ".join(name or str(n) for n, name in enumerate(error.names))
        return [_refused(file, axes, f"{option('scene', scene)}: {file} has {known}. Name one.")]
    except (N2VToolsError, OSError) as error:
        return [Input(str(file), (file,), axes, found=error)]
    if scene not in (ALL_SCENES, Address.parse(file).place or "0"):
        return [_refused(file, axes, f"{option('scene', scene)}: {file} holds one image.")]
    return [Input(str(file), (file,), axes, found=stack)]


def _image_of(file: Path, number: int, axes: str | None) -> Input:
    address = Path(str(Address(file, str(number))))
    found: Stack | N2VToolsError | OSError
    try:
        found = open_stack(address, axes)
    except (N2VToolsError, OSError) as error:
        found = error
    return Input(str(address), (address,), axes, found=found)


def _refused(file: Path, axes: str | None, why: str) -> Input:
    return Input(str(file), (file,), axes, found=StackError(why))


def _files_of(one: Input) -> tuple[Path, ...]:
    """All files that an input reads: more than one for an OME-TIFF set."""
    return one.found.files if isinstance(one.found, Stack) else one.files


def _join(planes: Input) -> Stack:
    stacks = [open_stack(file, "YX", exactly=True) for file in planes.files]
    first = stacks[0]
    for stack in stacks:
        if (stack.array.shape, stack.dtype) != (first.array.shape, first.dtype):
            raise StackError(
                f"{stack.name}: is {_kind(stack)}, but {first.name} is {_kind(first)}: planes of "
                f"one stack must be equal ({option('axes', planes.axes)} joins the files of a "
                f"folder). Move it elsewhere, or leave out {option('axes')}."
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
        warnings=first.warnings,
        files=tuple(file for stack in stacks for file in stack.files),
    )


def _kind(stack: Stack) -> str:
    return f"{stack.dtype} of {' x '.join(map(str, stack.array.shape))}"
