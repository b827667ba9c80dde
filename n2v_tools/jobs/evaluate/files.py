"""Evaluation of files against their truth: paired, measured, and written as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import UsageError
from ...measure.file_scores import FileScores, score_files
from ...measure.first_pass import Rules
from ...measure.side_by_side import SideBySide
from ...measure.spikes import SpikeScores, read_cells, score_spikes, traces_of
from ...prepare.gaps import find_data, find_lone_pixels
from ...prepare.strips import outside_strips
from ...words import option
from ..desk.choices import SUFFIX
from ..desk.outcomes import measure_each, require_table
from ..desk.output_names import require_inputs_kept
from ..desk.pairs import Find, Trio, pair_by_table, pair_files
from ..desk.progress import Progress, Step
from .result import Evaluation
from .scoreboard import write_table


@dataclass(frozen=True)
class EvaluateRequest:
    """What ``n2v-evaluate`` is asked to do."""

    # restored, clean, noisy: files, folders or globs; None with `pairs`, and `noisy` where it is
    # not wanted
    restored: str | None = None
    clean: str | None = None
    noisy: str | None = None
    pairs: Path | None = None  # table of which files belong together
    suffix: str = SUFFIX  # of restored files, for pairing
    axes: str | None = None  # of all files; None takes each file's own
    rules: Rules = field(default_factory=Rules)
    # table of cells with places and spike times, for one restored movie
    spikes: Path | None = None
    frames_per_second: float | None = None  # of that movie; None: as its file says
    keep_strips: bool = False  # treat all-zero rows and columns as data
    output: Path | None = None  # table to write, by its ending
    overwrite: bool = False
    seed: int = 0
    command: tuple[str, ...] = ()  # the command line, for the record


def evaluate_files(
    request: EvaluateRequest, progress: Progress, find: Find = lambda name: name
) -> Evaluation:
    """Pair files, measure each pair, and write the table; pairs that failed say why.

    `find` gives a name in the table of pairs its place.

    Raises
    ------
    N2VToolsError
        If nothing can be measured, or the table cannot be written.
    """
    if request.output is not None and request.pairs is not None:
        require_inputs_kept([request.output], [request.pairs])
    require_table(request.output, overwrite=request.overwrite)
    return evaluate_trios(_pair(request, progress, find), request, progress)


def evaluate_trios(
    trios: Sequence[Trio], request: EvaluateRequest, progress: Progress
) -> Evaluation:
    """Measure files that are paired already: as `evaluate_files`."""
    find_real = None if request.keep_strips else outside_strips
    of_noisy = partial(find_data, keep_strips=request.keep_strips)

    def measure(trio: Trio, step: Step) -> FileScores:
        side = SideBySide(trio.stacks, find_real, of_noisy, find_lone_pixels, request.rules.legacy)
        return score_files(side, request.rules, np.random.default_rng(request.seed), step)

    evaluation = Evaluation(
        measure_each(trios, measure, progress),
        request.rules,
        seed=request.seed,
        command=request.command,
        output=request.output,
        spikes={} if request.spikes is None else _spikes(trios, request),
    )
    for note in evaluation.notes:
        progress.note(f"Note: {note}.")
    if request.output is not None:
        write_table(evaluation, request.output, overwrite=request.overwrite)
    return evaluation


def _spikes(trios: Sequence[Trio], request: EvaluateRequest) -> dict[str, SpikeScores]:
    """Measure how well the one restored movie, and the noisy one, show spikes; by role."""
    if len(trios) != 1 or request.spikes is None:
        raise UsageError(
            f"{option('spikes')} is of one movie, but there are {len(trios)} restored files: name "
            "one of them."
        )
    cells = read_cells(request.spikes)
    stacks = trios[0].stacks
    clean = stacks["clean"]
    if {axis for axis, n in clean.sizes.items() if n > 1} != set("TYX"):
        raise UsageError(
            f"{option('spikes')}: {clean.name} has axes {clean.axes}; spikes are those of a movie "
            "TYX."
        )
    frame_s = 1 / request.frames_per_second if request.frames_per_second else clean.spacing.get("T")
    if not frame_s:
        raise UsageError(
            f"{clean.name} does not say how many frames it has a second: pass "
            f"{option('frames_per_second', 500)} if there are so many."
        )
    traces = {
        role: traces_of((plane for _, plane in stack.planes()), cells)
        for role, stack in stacks.items()
    }
    return {
        role: score_spikes(found, traces["clean"], cells, frame_s) for role, found in traces.items()
    }


def _pair(request: EvaluateRequest, progress: Progress, find: Find) -> list[Trio]:
    named = {"restored": request.restored, "clean": request.clean, "noisy": request.noisy}
    specs = {role: spec for role, spec in named.items() if spec is not None}
    if request.pairs is not None:
        return pair_by_table(request.pairs, specs, request.axes, find)
    for role in ("restored", "clean"):
        if role not in specs:
            raise UsageError(
                f"{option(role)} is missing: name a file or a folder, or "
                f"{option('pairs', 'FILE.csv')}."
            )
    return pair_files(specs, request.suffix, request.axes, progress.note)
