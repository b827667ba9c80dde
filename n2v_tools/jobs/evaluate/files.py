"""How near restored files are to their truth, and by how much nearer than the noisy ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import N2VToolsError, StackError, UsageError
from ...io.publish import require_free_name
from ..desk.inputs import one_line
from ..desk.names import require_inputs_kept
from ..desk.pairs import Find, Trio, pair_by_table, pair_files
from ..desk.progress import Progress
from .planes import lay_side_by_side
from .result import Evaluated, Evaluation
from .scores import score_files
from .survey import Rules
from .table import write_table

FORMATS = (".csv", ".json", ".md")


@dataclass(frozen=True)
class EvaluateRequest:
    """What ``n2v-evaluate`` is asked to do.

    Parameters
    ----------
    restored, clean, noisy : str or None
        Files, folders or globs; None with `pairs`, and `noisy` where it is not wanted.
    pairs : Path or None
        Table of which files belong together.
    suffix : str
        Of restored files, for pairing.
    axes : str or None
        Of all files; None takes each file's own.
    rules : Rules
    keep_strips : bool
        Treat all-zero rows and columns as data.
    output : Path or None
        Table to write, by its ending.
    overwrite : bool
    seed : int
    command : tuple of str
        The command line, for the record.
    """

    restored: str | None = None
    clean: str | None = None
    noisy: str | None = None
    pairs: Path | None = None
    suffix: str = "_denoised"
    axes: str | None = None
    rules: Rules = field(default_factory=Rules)
    keep_strips: bool = False
    output: Path | None = None
    overwrite: bool = False
    seed: int = 0
    command: tuple[str, ...] = ()


def evaluate_files(
    request: EvaluateRequest, progress: Progress, find: Find = lambda name: name
) -> Evaluation:
    """Pair files, measure each pair, and write the table.

    Parameters
    ----------
    request : EvaluateRequest
    progress : Progress
    find : callable
        Gives a name in the table of pairs its place.

    Returns
    -------
    evaluation : Evaluation
        Pairs that failed say why; the others are measured.

    Raises
    ------
    N2VToolsError
        If nothing can be measured, or the table cannot be written.
    """
    if request.output is not None:
        _check_output(request.output, request)
    return evaluate_trios(_pair(request, progress, find), request, progress)


def evaluate_trios(
    trios: Sequence[Trio], request: EvaluateRequest, progress: Progress
) -> Evaluation:
    """Measure files that are paired already: as `evaluate_files`."""
    files = tuple(_evaluate(trio, request, progress) for trio in trios)
    evaluation = Evaluation(files, request.rules, request.seed, request.command, request.output)
    for note in evaluation.notes:
        progress.note(f"Note: {note}.")
    if len(evaluation.failed) == len(files):
        others = f" (and {len(files) - 1} more failed)" if len(files) > 1 else ""
        raise StackError(f"{evaluation.failed[0].error}{others}")
    if request.output is not None:
        write_table(evaluation, request.output, overwrite=request.overwrite)
    return evaluation


def _check_output(output: Path, request: EvaluateRequest) -> None:
    """Raise before any work if the table could not be written."""
    if output.suffix.lower() not in FORMATS:
        raise UsageError(f"--output {output}: name a table ending in {', '.join(FORMATS)}.")
    if request.pairs is not None:
        require_inputs_kept([output], [request.pairs])
    require_free_name(output, overwrite=request.overwrite)


def _pair(request: EvaluateRequest, progress: Progress, find: Find) -> list[Trio]:
    named = {"restored": request.restored, "clean": request.clean, "noisy": request.noisy}
    specs = {role: spec for role, spec in named.items() if spec is not None}
    if request.pairs is not None:
        return pair_by_table(request.pairs, specs, request.axes, find)
    for role in ("restored", "clean"):
        if role not in specs:
            raise UsageError(f"--{role} is missing: name a file or a folder, or --pairs FILE.csv.")
    return pair_files(specs, request.suffix, request.axes, progress.note)


def _evaluate(trio: Trio, request: EvaluateRequest, progress: Progress) -> Evaluated:
    if trio.error:
        return Evaluated(trio.names, error=trio.error)
    name = trio.names["restored"]
    for stack in trio.stacks.values():
        for warning in stack.warnings:
            progress.warn(f"{stack.name}: {warning}")
    try:
        side = lay_side_by_side(
            trio.stacks, keep_strips=request.keep_strips, legacy=request.rules.legacy
        )
        with progress.task(name) as step:
            scores = score_files(side, request.rules, np.random.default_rng(request.seed), step)
    except N2VToolsError as error:
        return Evaluated(trio.names, error=str(error))
    except OSError as error:
        return Evaluated(trio.names, error=one_line(name, error))
    return Evaluated(trio.names, scores)
