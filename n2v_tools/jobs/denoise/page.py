"""The page about an output of ``n2v-denoise``, made in the same go.

Tests: ``tests/cli/test_cli_report.py``.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ...errors import N2VToolsError
from ..desk.inputs import one_line
from ..desk.output_names import report_for
from ..desk.progress import Progress
from ..report.request import ReportRequest
from ..report.sources import sources_of
from ..report.write import write_report
from .plan import Job
from .request import DenoiseRequest
from .result import Denoised


def with_report(
    done: Denoised, job: Job, request: DenoiseRequest, models_dir: Path, progress: Progress
) -> Denoised:
    """Write the page about an output that worked beside it; if that fails, the output stays.

    Returns `done` with the page's path, or with what is wrong.
    """
    output = report_for(job.target)
    asked = ReportRequest(
        restored=str(job.target),
        model=request.model,
        # What stands there is about an earlier output of that name.
        overwrite=request.overwrite or request.skip_existing,
        seed=request.seed,
        command=("n2v-report", str(job.target)),
    )
    try:
        sources = sources_of(job.stack, job.target, request.model, models_dir)
        write_report(sources, asked, output, progress)
    except (N2VToolsError, OSError) as error:
        return Denoised(
            job.name,
            error=f"{job.target} was written, but not its report: {one_line(str(output), error)}",
        )
    progress.note(f"report: {output}")
    return dataclasses.replace(done, report=str(output))
