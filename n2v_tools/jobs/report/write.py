"""Page about one restored file: what was done, is it better, what not to measure on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from ...errors import UsageError
from ...measure.file_scores import score_files
from ...measure.first_pass import Rules
from ...measure.side_by_side import SideBySide
from ...prepare.gaps import find_data, find_lone_pixels
from ...prepare.strips import outside_strips
from ...report.curves import evidence_charts, training_charts
from ...report.render import render_page
from ...report.values import Page
from ...trust import Quality
from ...words import flag, option
from ..desk.outcomes import Outcome, write_text
from ..desk.output_names import report_for, require_absent, require_folder, require_inputs_kept
from ..desk.progress import Progress
from ..evaluate.result import Evaluation
from .answers import findings_of, is_it_better, what_not_to_measure, what_was_done
from .facts import commands_of, fact_tables, scores_table
from .request import ReportRequest
from .sources import Find, Sources, find_sources
from .views import make_views


@dataclass(frozen=True)
class Reported:
    """What was made."""

    restored: str
    noisy: str
    clean: str | None
    output: Path
    n_bytes: int
    quality: dict[str, Any] = field(default_factory=dict)  # as `trust.Quality.to_json`
    evaluation: dict[str, Any] | None = None  # as ``n2v-evaluate --json``
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One line for a person, the path first, then a tab."""
        overall = self.quality["overall"]
        return f"{self.output}\t{overall['title']}: {overall['sentence']}"

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        return {
            "restored": self.restored,
            "noisy": self.noisy,
            "clean": self.clean,
            "output": self.output,
            "bytes": self.n_bytes,
            **self.quality,
            "evaluation": self.evaluation,
            "notes": list(self.notes),
        }


def make_report(
    request: ReportRequest,
    models_dir: Path,
    progress: Progress,
    find: Find = lambda name: name,
) -> Reported:
    """Find what belongs to a restored file, judge it, and write the page.

    A model is looked for by name in `models_dir`; `find` gives a relative name its place.

    Raises
    ------
    N2VToolsError
        If a file cannot be opened, files do not fit each other, the noisy one is not found, or
        the page exists.
    """
    output = choose_output(request)
    require_folder(output.parent)
    if not request.overwrite:
        remedy = f"Pass {flag('overwrite')} to replace it, or another {option('output')}."
        require_absent([output], remedy)
    sources = find_sources(request, models_dir, find)
    require_inputs_kept([output], sources.files)
    if sources.found:
        progress.note(f"noisy file: {sources.noisy.name} ({sources.found})")
    for note in sources.notes:
        progress.warn(note)
    return write_report(sources, request, output, progress)


def choose_output(request: ReportRequest) -> Path:
    """Return the file to write.

    Raises
    ------
    UsageError
        If it is named like anything but a page.
    """
    beside = report_for(Path(request.restored))
    if request.output is None:
        return beside
    if request.output.suffix.lower() in (".html", ".htm") and not request.output.is_dir():
        return request.output
    if request.output.suffix and not request.output.is_dir():
        raise UsageError(
            f"{option('output', request.output)}: name a page ending in .html, or a folder."
        )
    return request.output / beside.name


def write_report(
    sources: Sources, request: ReportRequest, output: Path, progress: Progress
) -> Reported:
    """Judge, draw and write; memory holds a few planes, whatever the length of the stack.

    Of the request, `overwrite`, `affine`, `seed` and `command` count here.

    Raises
    ------
    N2VToolsError
        If a plane cannot be read, or the page not be written.
    """
    for role, stack in sources.stacks.items():
        for warning in stack.warnings if role != "uncertainty" else ():
            progress.warn(f"{stack.name}: {warning}")
    quality = _judge(sources, request, progress)
    evaluation = None if sources.clean is None else _evaluate(sources, request, progress)
    page = _compose(sources, request, quality, evaluation)
    n_bytes = write_text(render_page(page), output, overwrite=request.overwrite)
    return Reported(
        restored=sources.restored.name,
        noisy=sources.noisy.name,
        clean=None if sources.clean is None else sources.clean.name,
        output=output,
        n_bytes=n_bytes,
        quality=quality.to_json(),
        evaluation=None if evaluation is None else evaluation.to_json(),
        notes=sources.notes,
    )


def _compose(
    sources: Sources, request: ReportRequest, quality: Quality, evaluation: Evaluation | None
) -> Page:
    """Put together what stands on the page."""
    scores, scores_notes = (None, ()) if evaluation is None else scores_table(evaluation)
    return Page(
        title=Path(sources.restored.name).name,
        answers=(
            what_was_done(sources),
            is_it_better(quality, evaluation),
            what_not_to_measure(quality, sources.beside),
        ),
        views=make_views(sources, () if evaluation is None else evaluation.scalings),
        findings=findings_of(quality),
        charts=evidence_charts(quality.curves),
        scores=scores,
        scores_notes=tuple(scores_notes),
        facts=fact_tables(sources),
        training=() if sources.trained is None else training_charts(sources.trained.history),
        commands=commands_of(sources, request),
        notes=sources.notes,
        version=__version__,
    )


def _judge(sources: Sources, request: ReportRequest, progress: Progress) -> Quality:
    from ...trust.quality import judge_restored  # late: SciPy takes a while

    with progress.task(f"{sources.restored.name}: checks") as step:
        return judge_restored(sources.noisy, sources.restored, seed=request.seed, step=step)


def _evaluate(sources: Sources, request: ReportRequest, progress: Progress) -> Evaluation:
    """Measure against the truth, as n2v-evaluate does."""
    stacks = {role: s for role, s in sources.stacks.items() if role != "uncertainty"}
    keep_strips = sources.record.part("settings").get("keep_strips") is True
    side = SideBySide(
        stacks,
        None if keep_strips else outside_strips,
        partial(find_data, keep_strips=keep_strips),
        find_lone_pixels,
    )
    rules = Rules(affine=request.affine)
    with progress.task(f"{sources.restored.name}: truth") as step:
        scores = score_files(side, rules, np.random.default_rng(request.seed), step)
    outcome = Outcome({role: stack.name for role, stack in stacks.items()}, scores)
    return Evaluation((outcome,), rules, seed=request.seed, command=request.command)
