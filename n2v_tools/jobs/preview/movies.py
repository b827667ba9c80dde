"""Movies of a preview: one input and what was restored from it, of equal sizes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from ...io.address import Address
from ...stack import Stack
from ...words import option
from ..desk.output_names import stem_of
from ..desk.progress import Progress
from ..desk.single import open_fitting, open_single
from .request import PreviewRequest

FIRST_LABEL = "noisy"  # where the name of the input adds nothing to those of the others


@dataclass(frozen=True)
class Movies:
    """What is shown side by side."""

    stacks: tuple[Stack, ...]  # the input, then what was restored from it; sizes are equal
    labels: tuple[str, ...]  # name over each
    source: Path  # file, or folder of planes, that gives the preview its name and place
    files: tuple[Path, ...]  # all files that are read

    @property
    def first(self) -> Stack:
        """The input, whose axes decide."""
        return self.stacks[0]


def open_movies(request: PreviewRequest, progress: Progress) -> Movies:
    """Open all files; no pixel is read.

    Raises
    ------
    StackError, AxesError
        If one cannot be opened, is several stacks, or does not fit the input.
    UsageError
        If there are not as many labels as files.
    """
    n_files = 1 + len(request.restored)
    if request.labels and len(request.labels) != n_files:
        raise UsageError(
            f"{option('labels')} names {len(request.labels)} panels, but there are {n_files} "
            "files. Give one name for each, joined by commas."
        )
    first = open_single(request.input, request.axes)
    opened = [first, *(open_fitting(spec, [request.axes], first) for spec in request.restored)]
    stacks = tuple(one.stack for one in opened)
    for stack in stacks:
        for note in stack.notes:
            progress.note(f"{stack.name}: {note}")
        for warning in stack.warnings:
            progress.warn(f"{stack.name}: {warning}")
    return Movies(
        stacks=stacks,
        labels=request.labels or default_labels([Path(one.name) for one in opened]),
        source=first.source,
        files=tuple(file for one in opened for file in one.files),
    )


def default_labels(files: Sequence[Path]) -> tuple[str, ...]:
    """Name files by where their names differ: ``a_noisy``, ``a_denoised`` are noisy and denoised.

    Files are as the user named them; ``file.h5:/path/in/file`` too.
    """
    stems = [_stem(file) for file in files]
    if len(stems) == 1:
        return tuple(stems)
    labels = _what_differs(stems)
    labels = labels if all(labels) else stems
    pairs = zip(labels, files, strict=True)
    labels = [
        n if labels.count(n) == 1 else f"{n} ({file.absolute().parent.name})" for n, file in pairs
    ]
    if len(set(labels)) < len(labels):
        labels = [f"{number} {stem}" for number, stem in enumerate(stems, start=1)]
    return tuple(labels)


def _what_differs(stems: Sequence[str]) -> list[str]:
    """Take off each name what it shares with the first one; may leave nothing."""
    first, *others = stems
    added = [re.fullmatch(re.escape(first) + r"[_\-. ]+(.+)", stem) for stem in others]
    words = [re.split(r"(?<=[_\-. ])", stem) for stem in stems]
    unlike = [own for own, more in zip(words[1:], added, strict=True) if not more]
    if not unlike:
        return [FIRST_LABEL, *(more[1] for more in added if more)]
    n_shared = 0
    for same in zip(words[0], *unlike, strict=False):
        if len({word.rstrip("_-. ") for word in same}) > 1:
            break
        n_shared += 1
    rest = ["".join(own[n_shared:]) for own in words]
    named = [more[1] if more else own for more, own in zip(added, rest[1:], strict=True)]
    return [rest[0] or FIRST_LABEL, *named]


def _stem(file: Path) -> str:
    place = Address.parse(file).place
    is_path = place and not place.isdecimal()
    return place.strip("/").split("/")[-1] if is_path else stem_of(file)
