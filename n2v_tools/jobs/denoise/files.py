"""Denoising of many files with one model or filter.

Everything that can be refused is refused before an engine loads: the model, the
names, what exists, the room on disk. After that a file that fails does not stop the
others.

Tests: ``tests/cli/test_cli_denoise.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...errors import N2VToolsError, UsageError
from ...io.convert import decide_dtype
from ...io.writer import create_stack
from ...stack import Stack
from ...words import option
from ..desk.output_names import report_for
from ..desk.progress import Progress
from .one import Create, denoise_one
from .plan import Job, plan_jobs
from .request import DenoiseRequest
from .result import Denoised, failed
from .session import Session


def denoise_files(
    request: DenoiseRequest, models_dir: Path, progress: Progress
) -> Iterator[Denoised]:
    """Denoise every input of a request, in order; failures are values, not exceptions.

    A model is looked for by name in `models_dir`.

    Raises
    ------
    N2VToolsError
        If the whole request cannot be done: no such model, outputs that exist or
        collide, too little room.
    """
    session = _session(request, models_dir, progress)
    plan = plan_jobs(request, session, progress)
    n_files = sum(isinstance(item, Job) and not item.done for item in plan)
    n_begun = 0
    for item in plan:
        if isinstance(item, Denoised):
            yield item
            continue
        if item.done:
            done = _left_as_it_is(item, progress)
        else:
            n_begun += 1
            label = item.name if n_files == 1 else f"[{n_begun}/{n_files}] {item.name}"
            try:
                done = denoise_one(item, session, label, progress)
            except (N2VToolsError, OSError) as error:
                done = failed(item.name, error)
        if request.report and not done.error and not (item.done and _has_report(item)):
            from .page import with_report  # late: SciPy takes 0.2 s of the start

            done = with_report(done, item, request, models_dir, progress)
        yield done


def _left_as_it_is(job: Job, progress: Progress) -> Denoised:
    progress.note(f"{job.target} exists already: skipped")
    return Denoised(
        job.name,
        str(job.target),
        skipped=True,
        note="skipped: the output exists already",
        others={output.name: str(path) for output, path in job.others.items()},
    )


def _has_report(job: Job) -> bool:
    """Whether its page exists too: a run may have been killed between the image and its page."""
    return os.path.lexists(report_for(job.target))


def denoise_stack(
    stack: Stack,
    request: DenoiseRequest,
    models_dir: Path,
    progress: Progress,
    create: Create = create_stack,
) -> Denoised:
    """Denoise one open stack into whatever `create` makes; the request's inputs do not count.

    `create` gives a writer of planes, as `io.create_stack` does. N2VToolsError if it cannot be
    done.
    """
    session = _session(request, models_dir, progress)
    session.require_fit(stack)
    if session.outputs[1:]:
        raise UsageError(
            f"the {session.outputs[1].name} image is a file of its own: say where with "
            f"{option('output')}."
        )
    if request.dtype == "same":
        decide_dtype(stack.dtype, 0, 0, True, "same")
    job = Job(stack.name, stack, Path(stack.name))
    return denoise_one(job, session, stack.name, progress, create)


def _session(request: DenoiseRequest, models_dir: Path, progress: Progress) -> Session:
    if request.method is None:
        from .model_session import Modelled

        return Modelled.of(request, models_dir, progress)
    from .filter_session import Filtering  # late: SciPy takes 0.2 s of the start

    return Filtering.of(request)
