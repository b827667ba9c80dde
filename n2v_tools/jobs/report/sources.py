"""Sources of a report: its files, opened and fitting each other, no pixel read yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import AxesError, N2VToolsError, StackError
from ...measure.side_by_side import are_equal_in_size, describe_misfit
from ...stack import Stack
from ...words import option
from ..desk.frames import take_frame
from ..desk.inputs import Opened, open_inputs
from ..desk.names import uncertainty_for
from .record import Record, Trained, find_trained, read_record
from .request import ReportRequest

FROM_RECORD = "found by the name that the restored file carries"
Find = Callable[[str], str]


@dataclass(frozen=True)
class Sources:
    """All that a report is made from.

    Parameters
    ----------
    restored, noisy : Stack
        Of equal sizes; axes of length 1 may be missing in one.
    clean, uncertainty : Stack or None
    record : Record
        What the restored file says about its making.
    trained : Trained or None
        None for a filter, and where the model's folder is not at hand.
    files : tuple of Path
        All files that are read.
    found : str
        How the noisy file was found; empty if it was named.
    notes : tuple of str
        What a reader should beware of.
    """

    restored: Stack
    noisy: Stack
    clean: Stack | None = None
    uncertainty: Stack | None = None
    record: Record = field(default_factory=Record)
    trained: Trained | None = None
    files: tuple[Path, ...] = ()
    found: str = ""
    notes: tuple[str, ...] = ()

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

    Parameters
    ----------
    request : ReportRequest
    models_dir : Path
    find : callable
        Gives a relative name its place.

    Raises
    ------
    N2VToolsError
        If a file cannot be opened, does not fit the restored one, or the noisy one is not found.
    """
    restored = _open(request.restored, request.axes)
    first = _stack(restored)
    record = read_record(restored.source)
    noisy, found = _find_noisy(request, restored, record, find)
    clean = None if request.clean is None else _open_fitting(request.clean, first, request.axes)
    opened = [one for one in (restored, noisy, clean) if one is not None]
    _require_different(opened)
    trained = find_trained(request.model, record, models_dir)
    return Sources(
        restored=first,
        noisy=_stack(noisy),
        clean=None if clean is None else _stack(clean),
        uncertainty=find_uncertainty(restored.source, first),
        record=record,
        trained=trained,
        files=tuple(file for one in opened for file in (one.source, *one.files)),
        found=found,
        notes=_model_notes(request, record, trained),
    )


def sources_of(noisy: Stack, restored: Path, model: str | None, models_dir: Path) -> Sources:
    """Open what ``n2v-denoise`` has just made of a stack.

    Parameters
    ----------
    noisy : Stack
    restored : Path
    model : str or None
        Name or folder, as given; None for a filter.
    models_dir : Path
    """
    opened = _open(str(restored), None)
    record = read_record(restored)
    trained = None if model is None else find_trained(model, record, models_dir)
    return Sources(
        restored=_stack(opened),
        noisy=noisy,
        uncertainty=find_uncertainty(restored, _stack(opened)),
        record=record,
        trained=trained,
        files=(restored,),
        notes=trained.notes if trained is not None else (),
    )


def find_uncertainty(source: Path, restored: Stack) -> Stack | None:
    """Open the uncertainty beside a restored file; None if there is none that fits."""
    path = uncertainty_for(source)
    if not path.is_file():
        return None
    try:
        return _stack(_open_fitting(str(path), restored, None))
    except N2VToolsError:  # of another run: the page does without
        return None


def _find_noisy(
    request: ReportRequest, restored: Opened, record: Record, find: Find
) -> tuple[Opened, str]:
    first = _stack(restored)
    if request.noisy is not None:
        return _open_fitting(request.noisy, first, request.axes, record), ""
    name = record.text("input")
    if name is None:
        raise StackError(
            f"{restored.name}: does not say what it was restored from (it was not written by "
            f"n2v-denoise, or was saved anew). Name the noisy file with {option('noisy')}."
        )
    looked = []
    for path in _candidates(name, restored.source, record, find):
        looked.append(str(path.parent))
        if not path.is_file() or _same(path, restored.source):
            continue
        try:
            noisy = _open_fitting(str(path), first, request.axes, record)
        except N2VToolsError:
            continue
        return noisy, FROM_RECORD
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


def _open_fitting(
    spec: str, restored: Stack, axes: str | None, record: Record | None = None
) -> Opened:
    """Open with the file's own axes, then as asked, then as recorded: the first that fit."""
    record = record or Record()
    recorded = record.text("input_axes")
    with_time = f"T{recorded}" if recorded and "T" not in recorded else None
    problem: N2VToolsError | None = None
    for letters in dict.fromkeys((None, axes, recorded, with_time)):
        if letters is None and problem is not None:
            continue
        try:
            one = _open(spec, letters, record.frame)
        except N2VToolsError as error:
            problem = problem or error
            continue
        if are_equal_in_size(_stack(one), restored):
            return one
        misfit = describe_misfit(_stack(one), "given", restored, "restored")
        problem = problem or AxesError(
            f"{misfit} Name the files that belong together; if only letters differ, pass "
            f"{option('axes')}."
        )
    assert problem is not None  # noqa: S101  nothing was returned
    raise problem


def _open(spec: str, axes: str | None, frame: int | None = None) -> Opened:
    found = list(open_inputs([spec], axes))
    if len(found) != 1:
        raise StackError(f"{spec}: is {len(found)} stacks; a report is about one. Name one file.")
    one = found[0]
    if one.stack is None:
        raise StackError(one.error)
    if frame is None or "T" not in one.stack.axes:
        return one
    return Opened(one.name, one.source, take_frame(one.stack, frame), files=one.files)


def _stack(one: Opened) -> Stack:
    assert one.stack is not None  # noqa: S101  `_open` refuses such inputs
    return one.stack


def _require_different(opened: Sequence[Opened]) -> None:
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
            f"nothing is said about its training. Name it with {option('model')}.",
        )
    if trained.is_the_one is False:
        return (
            f"The weights in {request.model} are not those that restored this file: what is said "
            "about the training is about another model.",
        )
    return trained.notes


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
