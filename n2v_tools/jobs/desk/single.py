"""Single stacks: the one that a job is about, and others that must fit it; no pixel is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...contracts import FURTHER
from ...errors import AxesError, N2VToolsError, StackError
from ...measure.side_by_side import are_equal_in_size, describe_misfit
from ...stack import Stack
from ...words import option
from .frames import take_frame
from .inputs import open_inputs


@dataclass(frozen=True)
class Single:
    """One stack that is open."""

    name: str  # as in `inputs.Opened`
    source: Path  # likewise
    stack: Stack
    files: tuple[Path, ...]  # all files that are read, `source` first


def open_single(
    spec: str, axes: str | None, *, note: Callable[[str], None] = lambda text: None
) -> Single:
    """Open the one stack that `spec` means: a file, or a folder or glob of planes joined by `axes`.

    `note` is told what it is told in `open_inputs`. StackError if the stack cannot be opened, or is
    several stacks.
    """
    found = list(open_inputs([spec], axes, note=note))
    if len(found) != 1:
        raise StackError(
            f"{spec}: is {len(found)} stacks, but one is wanted. Name one, such as "
            f"{found[0].name}, or join planes with {option('axes', 'ZYX')} or TYX."
        )
    one = found[0]
    if one.stack is None:
        raise StackError(one.error)
    return Single(one.name, one.source, one.stack, (one.source, *one.files))


def open_fitting(
    spec: str, axes: Iterable[str | None], like: Single, frame: int | None = None
) -> Single:
    """Open a stack of the sizes of another one.

    The letters of `axes` are tried, one after the other, after the file's own; then with the
    lengths that `like` has, for a file in which several axes are one. With a `frame`, only this
    time point is taken, if there is a T.

    Raises
    ------
    StackError, AxesError
        If it cannot be opened, is several stacks, or does not fit.
    """
    problem: N2VToolsError | None = None
    named = [letters for letters in axes if letters]
    with_lengths = [_with_lengths(letters, like.stack) for letters in named]
    for letters in dict.fromkeys((None, *named, *with_lengths)):
        try:
            one = open_single(spec, letters)
        except N2VToolsError as error:
            problem = problem or error
            continue
        stack = one.stack
        if frame is not None and "T" in stack.axes:
            stack = take_frame(stack, frame)
        if are_equal_in_size(stack, like.stack):
            return Single(one.name, one.source, stack, one.files)
        if not isinstance(problem, AxesError):
            problem = AxesError(
                f"{describe_misfit(stack, 'given', like.stack, 'first')} Files side by side must "
                "have the same axes and sizes. Name those that belong together; if only letters "
                f"differ, pass {option('axes')}."
            )
    assert problem is not None  # noqa: S101  nothing was returned
    raise problem


def _with_lengths(letters: str, like: Stack) -> str:
    """The letters, each followed by the length that a stack has there."""
    known = {axis: size for axis, size in like.sizes.items() if axis not in "YX"}
    return "".join(f"{letter}{known.get(letter, '')}" for letter in letters if letter.isalpha())


def require_restored(path: Path, record: Mapping[str, Any]) -> None:
    """Raise StackError if a file says of itself that it is another output than the restored image.

    An uncertainty, or an image before the blur, is judged by other rules than these. `record` is
    what `read_own_record` finds in it.
    """
    for output in FURTHER:
        if output.name in record:
            raise StackError(
                f"{path}: is the {output.name} image of a run, not the restored one "
                f"({output.values}), so it is not judged as one. Name the restored file."
            )
