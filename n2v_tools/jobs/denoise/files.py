"""Denoising as a user means it: many files, one model or filter, and where outputs go.

Everything that can be refused is refused before an engine loads: the model, the
names, what exists, the room on disk. After that a file that fails does not stop the
others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ...errors import N2VToolsError
from ...io.convert import decide_dtype
from ...io.writer import create_stack
from ...methods.base import Restorer
from ...methods.deepcad.original import OriginalSettings
from ...modelfolder import Model, find_model, read_model, weights_file
from ...restore.fit import check_fit
from ...restore.run import match_axes
from ...stack import Stack
from ..desk.progress import Progress
from ..desk.provenance import sha256_of
from ..desk.requests import DenoiseRequest
from .one import Create, denoise_one
from .original import original_settings
from .plan import Job, plan_jobs
from .result import Denoised, failed
from .session import Prepared, Session


@dataclass(frozen=True)
class _Session:
    """What all files of one command share, once an engine and the weights are loaded."""

    request: DenoiseRequest
    model: Model
    restorer: Restorer
    precision: str
    weights_sha256: str
    engine: str = "tensorflow"
    original: OriginalSettings | None = None

    def prepare(self, stack: Stack) -> Prepared:
        """Return the same Restorer for every stack."""
        model = {
            "name": self.model.name,
            "method": self.model.method,
            "weights_sha256": self.weights_sha256,
        }
        settings: dict[str, Any] = {
            "engine": self.engine,
            "precision": self.precision,
            "tta": self.request.tta,
        }
        if self.original is not None:
            settings.update(dataclasses.asdict(self.original))
        return Prepared(
            self.restorer,
            {"model": model},
            settings,
            warnings=check_fit(stack, self.model),
            original=self.original,
        )


def denoise_files(
    request: DenoiseRequest, models_dir: Path, progress: Progress
) -> Iterator[Denoised]:
    """Denoise every input of a request, in order; failures are values, not exceptions.

    Parameters
    ----------
    request : DenoiseRequest
    models_dir : Path
        Where a model is looked for by name.
    progress : Progress

    Raises
    ------
    N2VToolsError
        If the whole request cannot be done: no such model, outputs that exist or
        collide, too little room.
    """
    session: Session | None = None
    if request.method is not None:
        from .filtering import Filtering  # late: SciPy takes 0.2 s of the start

        session = filtering = Filtering.of(request)
        plan = plan_jobs(request, filtering.require_fit, progress)
    else:
        model = _find(request, models_dir, progress)
        # A Model has the axes, channels and name that are asked for, before any net is loaded.
        plan = plan_jobs(request, lambda stack: match_axes(stack, cast(Restorer, model)), progress)
    n_files = sum(isinstance(item, Job) and not item.done for item in plan)
    n_begun = 0
    for item in plan:
        if isinstance(item, Denoised):
            yield item
            continue
        if item.done:
            progress.note(f"{item.target} exists already: skipped")
            yield Denoised(
                item.name,
                str(item.target),
                skipped=True,
                note="skipped: the output exists already",
                uncertainty=None if item.uncertainty is None else str(item.uncertainty),
            )
            continue
        if session is None:
            session = _load(model, request, progress)
        n_begun += 1
        label = item.name if n_files == 1 else f"[{n_begun}/{n_files}] {item.name}"
        try:
            done = denoise_one(item, session, label, progress)
        except (N2VToolsError, OSError) as error:
            done = failed(item.name, error)
        if request.report and not done.error:
            from .page import with_report  # late: SciPy takes 0.2 s of the start

            done = with_report(done, item, request, models_dir, progress)
        yield done


def denoise_stack(
    stack: Stack,
    request: DenoiseRequest,
    models_dir: Path,
    progress: Progress,
    create: Create = create_stack,
) -> Denoised:
    """Denoise one open stack into whatever `create` makes; the request's inputs do not count.

    Parameters
    ----------
    stack : Stack
    request : DenoiseRequest
    models_dir : Path
    progress : Progress
    create : callable
        Gives a writer of planes, as `io.create_stack` does.

    Raises
    ------
    N2VToolsError
        If it cannot be done.
    """
    session: Session
    if request.method is not None:
        from .filtering import Filtering  # late: see denoise_files

        session = filtering = Filtering.of(request)
        filtering.require_fit(stack)
    else:
        model = _find(request, models_dir, progress)
        match_axes(stack, cast(Restorer, model))
        session = _load(model, request, progress)
    if request.dtype == "same":
        decide_dtype(stack.dtype, 0, 0, True, "same")
    job = Job(stack.name, stack, Path(stack.name), done=False)
    return denoise_one(job, session, stack.name, progress, create)


def _find(request: DenoiseRequest, models_dir: Path, progress: Progress) -> Model:
    """Read what the folder of the model says, and whether it has what `request` sets."""
    model = read_model(find_model(str(request.model), models_dir))
    original_settings(model, request)
    for warning in model.warnings:
        progress.warn(warning)
    return model


def _load(model: Model, request: DenoiseRequest, progress: Progress) -> _Session:
    """Load an engine and the weights."""
    from ...restore.engine import choose_engine, open_restorer

    original = original_settings(model, request)
    engine, reason = choose_engine(request.engine)
    if original is not None:
        engine, reason = "tensorflow", "the original's tiles are of any size"
    restorer = open_restorer(model, request.precision, engine)
    chosen = f"--engine {restorer.engine} --precision {restorer.precision}"
    progress.note(f"runs with {chosen} (engine: {reason})")
    reach = ", ".join(
        f"{axis} {px}" for axis, px in zip(model.axes, restorer.reach_px, strict=True)
    )
    progress.detail(f"model {model.name}: a pixel of the output sees {reach} px far")
    weights_sha256 = sha256_of(weights_file(model))
    return _Session(
        request, model, restorer, restorer.precision, weights_sha256, restorer.engine, original
    )
