"""Sources of a report: its files, opened and fitting each other, no pixel read yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...contracts import FURTHER, UNCERTAINTY, Output
from ...errors import N2VToolsError, StackError
from ...io.address import Address
from ...stack import Stack
from ...words import option
from ..desk.output_names import beside, stem_of
from ..desk.single import Single, open_fitting, open_single, require_restored
from .record import Record, Trained, find_trained, read_record
from .request import ReportRequest

FROM_RECORD = "found by the name that the restored file carries"
Find = Callable[[str], str]


@dataclass(frozen=True)
class Sources:
    """All that a report is made from."""

    # restored, noisy: of equal sizes; axes of length 1 may be missing in one
    restored: Stack
    noisy: Stack
    clean: Stack | None = None
    uncertainty: Stack | None = None
    # what else lies beside the restored file that is for the eye only, with its name
    beside: tuple[tuple[Output, str], ...] = ()
    record: Record = field(default_factory=Record)  # what the restored file says about its making
    trained: Trained | None = None  # None for a filter, and where the model's folder is not at hand
    files: tuple[Path, ...] = ()  # all files that are read
    found: str = ""  # how the noisy file was found; empty if it was named
    notes: tuple[str, ...] = ()  # what a reader should beware of

    @property
    def stacks(self) -> dict[str, Stack]:
        """What there is, by role."""
        roles = {
            "restored": self.restored,
            "noisy": self.noisy,
            "clean": self.clean,
            "uncertainty": self.uncertainty,
        }
        return {role: stack for role, stack in roles.items() if stack is not None}


def find_sources(
    request: ReportRequest, models_dir: Path, find: Find = lambda name: name
) -> Sources:
    """Open what is named, and find by the record what is not.

    `find` gives a relative name its place.

    Raises
    ------
    N2VToolsError
        If a file cannot be opened, does not fit the restored one, or the noisy one is not found.
    """
    restored = open_single(request.restored, request.axes)
    record = read_record(restored.source)
    require_restored(restored.source, record.values)
    noisy, found = _find_noisy(request, restored, record, find)
    opened = [restored, noisy]
    if request.clean is not None:
        opened.append(open_fitting(request.clean, [request.axes], restored))
    _require_different(opened)
    trained = find_trained(request.model, record, models_dir)
    return Sources(
        restored=restored.stack,
        noisy=noisy.stack,
        clean=None if request.clean is None else opened[-1].stack,
        uncertainty=find_uncertainty(restored),
        beside=find_beside(restored.source, record),
        record=record,
        trained=trained,
        files=tuple(file for one in opened for file in one.files),
        found=found,
        notes=_model_notes(request, record, trained),
    )


def sources_of(noisy: Stack, restored: Path, model: str | None, models_dir: Path) -> Sources:
    """Open what ``n2v-denoise`` has just made of a stack.

    `model` is a name or folder, as given; None for a filter.
    """
    opened = open_single(str(restored), None)
    record = read_record(restored)
    trained = None if model is None else find_trained(model, record, models_dir)
    return Sources(
        restored=opened.stack,
        noisy=noisy,
        uncertainty=find_uncertainty(opened),
        beside=find_beside(restored, record),
        record=record,
        trained=trained,
        files=(restored,),
        notes=trained.notes if trained is not None else (),
    )


def find_uncertainty(restored: Single) -> Stack | None:
    """Open the uncertainty beside a restored file; None if there is none that fits."""
    path = beside(restored.source, UNCERTAINTY.suffix)
    if not path.is_file():
        return None
    try:
        return open_fitting(str(path), [], restored).stack
    except N2VToolsError:  # of another run: the page does without
        return None


def find_beside(restored: Path, record: Record) -> tuple[tuple[Output, str], ...]:
    """Outputs of the same input that lie beside a restored file and must not be measured on."""
    name = record.text("input")
    if name is None:
        return ()
    ending = restored.name[len(stem_of(restored)) :]
    paths = (
        (output, restored.with_name(f"{stem_of(Path(Path(name).name))}{output.suffix}{ending}"))
        for output in FURTHER
        if output.alone and output.not_to_measure
    )
    return tuple((output, path.name) for output, path in paths if path.is_file())


def _find_noisy(
    request: ReportRequest, restored: Single, record: Record, find: Find
) -> tuple[Single, str]:
    recorded = record.text("input_axes")
    with_time = f"T{recorded}" if recorded and "T" not in recorded else None
    letters = (request.axes, recorded, with_time)
    if request.noisy is not None:
        return open_fitting(request.noisy, letters, restored, record.frame), ""
    name = record.text("input")
    if name is None:
        raise StackError(
            f"{restored.name}: does not say what it was restored from (it was not written by "
            f"n2v-denoise, or was saved anew). Name the noisy file with {option('noisy')}."
        )
    looked = []
    for path in _candidates(name, restored.source, record, find):
        looked.append(str(path.parent))
        if not Address.parse(path).file.is_file() or _same(path, restored.source):
            continue
        try:
            return open_fitting(str(path), letters, restored, record.frame), FROM_RECORD
        except N2VToolsError:
            continue
    raise StackError(
        f"{restored.name}: was restored from {name!r}, but no such file that fits it is in "
        f"{', '.join(dict.fromkeys(looked))}. Name it with {option('noisy')}."
    )


def _candidates(name: str, source: Path, record: Record, find: Find) -> Iterator[Path]:
    """Yield where the input may be: beside the output, then where the command looked for it."""
    name = Path(name).name
    yield source.parent / name
    for word in record.command[1:]:
        path = Path(find(word))
        if path.name == name:
            yield path
        elif not word.startswith("-") and path.is_dir():
            yield path / name
    yield Path(find(name))
    yield source.absolute().parent.parent / name


def _require_different(opened: Sequence[Single]) -> None:
    for number, one in enumerate(opened):
        for other in opened[number + 1 :]:
            if _same(one.source, other.source) and one.name == other.name:
                raise StackError(
                    f"{one.name}: is named twice. The restored, the noisy and the clean file are "
                    "different files."
                )


def _model_notes(
    request: ReportRequest, record: Record, trained: Trained | None
) -> tuple[str, ...]:
    name = record.text("model", "name")
    if trained is None:
        if name is None:
            return ()
        return (
            f"The folder of the model {name!r} with the weights that were used is not at hand, so "
            f"this page does not describe its training. Name it with {option('model')}.",
        )
    if trained.is_the_one is False:
        return (
            f"The weights in {request.model} are not those that restored this file: the "
            "training described here is that of another model.",
        )
    return trained.notes


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
