"""Run of a comparison: train what must be trained, restore, measure, draw.

Every method goes through the same jobs as a user's commands. One that fails is a row
with its reason; the others go on.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import modelfolder
from ...errors import N2VToolsError, StackError
from ...filters.table import FILTERS
from ...io.publish import publishing
from ...io.reader import open_stack
from ...noise.correlation import Correlation, measure_correlation
from ...noise.mask import MaskChoice, choose_mask
from ...noise.sample import read_sample
from ...preview.comparison import Figured, Shown, draw_comparison
from ...report.plain import value_text
from ...stack import Stack
from ..denoise.files import denoise_files
from ..denoise.request import DenoiseRequest
from ..desk.outcomes import write_text
from ..desk.output_names import stem_of
from ..desk.progress import Progress
from ..desk.single import open_single
from ..train.run import train_stacks
from .plan import (
    CSV,
    FIGURE,
    MARKDOWN,
    MODELS,
    check_request,
    require_free,
    train_request,
)
from .request import CompareRequest
from .scoreboard import NOISY, Compared, as_csv, as_markdown, as_text
from .scores import Scores, Yardsticks, measure_with

STILL_INDEPENDENT = 0.1  # correlation of the noise of successive frames


@dataclass(frozen=True)
class Comparison:
    """What was made and measured."""

    input: str
    figure: Path | None  # None if every method failed
    csv: Path
    markdown: Path
    # the noisy stack, yardsticks if there is truth, and every method as asked
    rows: tuple[Compared, ...]
    notes: tuple[str, ...]  # how to read the table
    noise: Mapping[str, Any]  # what was found of the noise, as JSON values

    @property
    def failed(self) -> tuple[Compared, ...]:
        """Methods that failed."""
        return tuple(row for row in self.rows if row.error)

    @property
    def text(self) -> list[str]:
        """The table and the notes, line by line."""
        return [*as_text(self.rows), *self.notes]

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        return {
            "input": self.input,
            "figure": self.figure,
            "csv": self.csv,
            "markdown": self.markdown,
            "noise": self.noise,
            "notes": self.notes,
            "methods": [row.to_json() for row in self.rows],
        }


@dataclass(frozen=True)
class _Session:
    """What all methods of one comparison share."""

    request: CompareRequest
    yardsticks: Yardsticks
    correlation: Correlation
    minutes_each: float
    progress: Progress

    @property
    def stack(self) -> Stack:
        return self.yardsticks.noisy

    @property
    def dims(self) -> int:
        return len(self.request.patch or (0, 0))

    @property
    def next_frame(self) -> bool:
        """Whether the next frame is a fair judge: its noise is its own, and no method saw it."""
        along_t = self.correlation.along.get("T", ())
        saw_it = self.dims == 3 and "Z" not in self.stack.axes
        return not saw_it and bool(along_t) and abs(along_t[0]) < STILL_INDEPENDENT


def compare_methods(request: CompareRequest, progress: Progress) -> Comparison:
    """Compare methods as asked; everything goes into one folder.

    Raises
    ------
    UsageError
        For methods or options that cannot be, before any work.
    N2VToolsError
        If the stack or the truth cannot be used, or an output exists.
    """
    learning = check_request(request)
    one = open_single(request.input, request.axes, note=progress.note)
    clean = None if request.clean is None else open_single(request.clean, request.axes).stack
    require_free(request, one)
    yardsticks = measure_with(one.stack, clean, request.keep_strips)
    yardsticks.shown_plane()  # refuses a stack without any real pixel
    correlation, choice = _measure_noise(one.stack, request, progress)
    each = request.minutes / max(1, len(learning))
    session = _Session(request, yardsticks, correlation, each, progress)
    rows = [Compared(NOISY, scores=yardsticks.score(None)), *_best_filters(session)]
    rows += [_compare(method, stem_of(one.source), session) for method in request.methods]
    figure = _draw(rows, one.name, session)
    notes = _notes(session, choice)
    csv, markdown = request.output / CSV, request.output / MARKDOWN
    title = f"{Path(one.name).name}: methods side by side"
    document = as_markdown(rows, title, notes, shlex.join(request.command))
    for path, text in ((csv, as_csv(rows)), (markdown, document)):
        write_text(text, path, overwrite=request.overwrite)
    noise = _noise_record(correlation, choice)
    return Comparison(one.name, figure, csv, markdown, tuple(rows), tuple(notes), noise)


def _measure_noise(
    stack: Stack, request: CompareRequest, progress: Progress
) -> tuple[Correlation, MaskChoice]:
    progress.note(f"{stack.name}: measuring the noise")
    sample = read_sample(stack, request.seed, keep_strips=request.keep_strips)
    correlation = measure_correlation(sample)
    return correlation, choose_mask(correlation)


def _best_filters(session: _Session) -> list[Compared]:
    if session.yardsticks.clean is None:
        return []
    session.progress.note("trying simple filters of all sizes against the truth")
    return [
        Compared(
            f"best {one.name}", f"{one.size}, chosen with the truth", scores=Scores(psnr=one.psnr)
        )
        for one in session.yardsticks.best_filters()
    ]


def _compare(method: str, stem: str, session: _Session) -> Compared:
    """Train if need be, restore and measure; a failure is a row with its reason."""
    try:
        if method in FILTERS:
            by = {"model": None, "method": method, "dims": session.dims}
            return _restored(Compared(method), by, session)
        trained = _trained(Compared(method), f"{stem}_{method}", session)
        return _restored(trained, {"model": str(trained.model)}, session)
    except (N2VToolsError, OSError, MemoryError) as error:
        session.progress.note(f"{method} failed; going on with the others")
        return Compared(method, error=" ".join(str(error).split()) or "memory ran out")


def _trained(row: Compared, name: str, session: _Session) -> Compared:
    """Train for this method's share of the minutes."""
    session.progress.note(f"{row.method}: training for {session.minutes_each:.3g} minutes")
    wanted = train_request(row.method, name, session.request, session.minutes_each)
    result = train_stacks(wanted, session.progress)
    record = modelfolder.read_provenance(result.model) or {}
    mask = record.get("struct_mask")
    how = f"{result.steps} steps" + (f", mask {mask['mask']}" if mask else "")
    return replace(row, how=how, model=result.model, train_seconds=result.seconds)


def _restored(row: Compared, by: Mapping[str, Any], session: _Session) -> Compared:
    """Restore with a filter or a model, and measure."""
    request = session.request
    wanted = DenoiseRequest(
        inputs=(request.input,),
        axes=request.axes,
        output=request.output,
        suffix=f"_{row.method}",
        dtype=request.dtype,
        keep_strips=request.keep_strips,
        nan=request.nan,
        seed=request.seed,
        overwrite=request.overwrite,
        command=request.command,
        **by,
    )
    (done,) = denoise_files(wanted, request.output / MODELS, session.progress)
    if done.output is None:
        raise StackError(done.error)
    session.progress.note(f"{row.method}: measuring")
    output = Path(done.output)
    scores = session.yardsticks.score(open_stack(output), next_frame=session.next_frame)
    how = row.how if row.model else _parameters(row.method, done.parameters)
    row = replace(row, how=how, parameters=done.parameters, scores=scores)
    return replace(row, output=output, seconds=done.seconds)


def _parameters(method: str, of_channels: Sequence[Mapping[str, Any]] | None) -> str:
    """What the filter found, channel by channel."""
    key = FILTERS[method].main
    each = [f"{key} {value_text(one[key], times=' x ')}" for one in of_channels or () if key in one]
    return "; ".join(dict.fromkeys(each))


def _draw(rows: list[Compared], name: str, session: _Session) -> Path | None:
    """Draw what worked; the figure, or None if nothing did."""
    if not any(row.output for row in rows):
        return None
    request, clean = session.request, session.yardsticks.clean
    place, noisy, valid = session.yardsticks.shown_plane()
    shown = Figured(
        noisy=noisy,
        valid=valid,
        methods=tuple(shown for row in rows for shown in _shown(row, place)),
        clean=None if clean is None else clean.plane(place),
        noise=session.correlation.along,
        noisy_psnr=rows[0].scores.psnr,
        title=_title(name, place),
    )
    figure = request.output / FIGURE
    with publishing(figure, overwrite=request.overwrite) as file:
        draw_comparison(shown, file)
    return figure


def _shown(row: Compared, place: Mapping[str, int]) -> list[Shown]:
    """What the figure takes of a row: nothing if there is no file."""
    if row.output is None or row.scores.residual is None:
        return []
    plane = open_stack(row.output).plane(place)
    return [Shown(row.method, plane, row.scores.residual.along, row.scores.psnr)]


def _title(name: str, place: Mapping[str, int]) -> str:
    where = ", ".join(f"{axis} {number}" for axis, number in place.items())
    return f"{Path(name).name}{': ' if where else ''}{where}"


def _notes(session: _Session, choice: MaskChoice) -> list[str]:
    """What to compare the residuals with, in sentences."""
    along = session.correlation.along
    notes = [f"The noise: {choice.reason}; mask {choice.name}, confidence {choice.confidence}."]
    if along:
        lags = ", ".join(f"{axis} {values[0]:.2f}" for axis, values in along.items() if values)
        notes.append(f"Its correlation from pixel to pixel: {lags}.")
    if session.next_frame:
        notes.append(
            "Next frame: distance of a restored frame to the next noisy one; the smaller the "
            "better, however much of it is noise."
        )
    return notes


def _noise_record(correlation: Correlation, choice: MaskChoice) -> dict[str, Any]:
    return {
        "correlation": {axis: list(values) for axis, values in correlation.along.items()},
        "source": correlation.source,
        "struct_mask": choice.name,
        "confidence": choice.confidence,
        "reason": choice.reason,
        "warnings": list(choice.warnings),
    }
