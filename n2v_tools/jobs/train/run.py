"""Training: from a request to a finished model folder."""

from __future__ import annotations

import dataclasses
import gc
import math
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import claim, modelfolder
from ...io.publish import WRITING
from ...learn.samples import MOST_VALIDATION_PATCHES, Batches
from ...prepare.patch_plan import count_patches, units_of
from ...prepare.patches import PatchSet, draw_patches
from ...prepare.symmetry import symmetries
from ...restore.planes import Plane, read_depth
from ...words import flag, option, setting
from ..desk.progress import Progress, Step
from .opened import Job, describe, open_job
from .record import (
    KNOTS_NAME,
    PLAN_NAME,
    complete_record,
    repeat_words,
    require_same_plan,
    write_config,
    write_knots,
    write_plan,
    write_provenance,
)
from .request import TrainRequest, model_name

if TYPE_CHECKING:
    from ...learn.callbacks import LoopState, TrainingProgress
    from ...learn.schedule import Clock

FINISH_S = 2.5  # weights, curve and provenance, after the last validation
FEW_STEPS = 100  # with fewer a net has hardly learned anything
WORSE_THAN_THE_MEAN = 1.02  # squared error, normalised; chance of a small validation set
FEW_PATCHES = 64  # that a method is fitted to when nothing is to be learned
PATCHES = "patches"  # folder of patches that are too large for memory


@dataclass(frozen=True)
class TrainResult:
    """A finished training: where it is, how it went, and why n2v alone cannot use it, if so."""

    model: Path
    best_val_loss: float | None
    steps: int
    seconds: float
    needs_n2v_tools: tuple[str, ...] = ()


def train_stacks(request: TrainRequest, say: Progress) -> TrainResult:
    """Train a model as asked and leave it, complete, under its name.

    Raises
    ------
    N2VToolsError
        In one line: bad settings, files that cannot be used, a name that is taken, a
        training that diverged.
    """
    if request.model:  # refused before any work
        claim.require_free(request.models_dir, request.model, request.overwrite, request.resume)
    job = open_job(request, say)
    for line in describe(job):
        say.note(line)
    name = model_name(job.request, job.stacks[0].name, job.name)
    with _claimed(request, name, say) as folder:
        record = complete_record(folder.path) or _train(job, folder.path, say)
        final = folder.finish()
    seconds = time.monotonic() - request.started
    reasons = tuple(record["needs_n2v_tools"])
    return TrainResult(final, record["best_val_loss"], record["steps"], seconds, reasons)


def plan_training(request: TrainRequest, say: Progress) -> list[str]:
    """What a training would do and cost, one line each; trains nothing and writes nothing."""
    from ...learn.devices import spread
    from ...learn.trial import measure_step

    claim.require_writable(request.models_dir)
    job = _fitted_to_a_few(open_job(request, say))
    settings, counts = job.method.settings, _counts(job)
    shape = (settings.batch, *job.sample_shape)
    opened_s = time.monotonic() - request.started
    with spread(settings.batch):
        model = job.build()
        trial = measure_step(model, job.method.loss(), job.method.make_sample, shape)
    if request.minutes:
        length = f"{request.minutes:g} minutes, about {trial.seconds_a_step:.2g} s a step"
    else:
        steps = job.method.settings.steps
        seconds = opened_s + trial.start_s + FINISH_S
        seconds += (steps + _validation_in_steps(job, counts[1])) * trial.seconds_a_step
        length = f"{steps} steps in {settings.epochs} epochs, about {_duration(seconds)}"
    patches_bytes = sum(counts) * math.prod((*job.plan.patch_px, len(job.means)))
    patches_bytes *= 2 if job.plan.as_on_disk else 4
    precision, reason = job.precision
    name = model_name(request, job.stacks[0].name, job.name)
    return [
        *describe(job),
        f"batches of {settings.batch}; {model.count_params()} weights; {precision}: {reason}",
        f"time: {length}",
        f"memory: about {(trial.peak_bytes + patches_bytes) / 1e9:.1f} GB, of which "
        f"{patches_bytes / 1e9:.2g} GB are patches",
        f"the model would go to {request.models_dir / name}",
    ]


def _fitted_to_a_few(job: Job) -> Job:
    """The job with its method fitted to some patches: what a step costs may depend on it."""
    few = dataclasses.replace(job.plan, n_patches=min(FEW_PATCHES, sum(_counts(job))))
    patches = draw_patches(job.stacks, job.surveys, few, np.random.default_rng(job.request.seed))
    method, _ = job.method.fitted(patches.train, job.means, job.stds)
    return dataclasses.replace(job, method=method)


def _counts(job: Job) -> tuple[int, int]:
    return count_patches(job.surveys, job.plan)


def _validation_in_steps(job: Job, n_patches: int) -> float:
    """What all validation of a training costs, in steps."""
    from ...learn.loop import FORWARD_SHARE

    settings = job.method.settings
    n_epochs = math.ceil(job.method.settings.steps / settings.steps_per_epoch)
    batches: float = min(MOST_VALIDATION_PATCHES, n_patches) / settings.batch
    return n_epochs * batches * FORWARD_SHARE


def _train(job: Job, folder: Path, say: Progress) -> dict[str, Any]:
    """From an empty or interrupted folder to one that only wants its name; its provenance."""
    import matplotlib.figure  # noqa: F401  a second of import that must not follow the clock

    from ...learn.checkpoints import has_state, remove_state
    from ...learn.history import plot_history

    resume = job.request.resume and has_state(folder)
    if resume:
        require_same_plan(job, folder)
    else:
        write_plan(job, folder)
    patches = _draw(job, folder, say)
    job = _looked_through(job, say)
    method, notes = job.method.fitted(patches.train, job.means, job.stds)
    for note in notes:
        say.note(note)
    job = dataclasses.replace(job, method=method)
    state = _fit(job, patches, folder, resume, say)
    if state.skipped:
        back = f", and {state.restored} times the weights before were taken" * bool(state.restored)
        say.warn(f"{state.skipped} steps were skipped, whose loss was not finite{back}")
    title = f"{folder.name.removesuffix('.partial')}: {job.method.name}, {state.step} steps"
    plot_history(state.rows, folder / "training.png", title, job.method.loss_title)
    write_config(job, folder)
    modelfolder.record_weights(folder)
    record = write_provenance(job, patches, state, folder)
    if record["repeat_with"]:
        final = folder.with_name(folder.name.removesuffix(claim.PARTIAL))
        words = repeat_words(job, state, record["precision"], final / KNOTS_NAME)
        how = f"in place of {option('minutes')}" if job.request.minutes else "add"
        say.note(f"the same training again: {how} {shlex.join(words)}")
    if job.request.minutes:
        write_knots(state, folder)
    if job.request.minutes and state.step < FEW_STEPS:
        say.warn(
            f"only {state.step} steps fitted into {job.request.minutes:g} minutes: the net has "
            f"hardly learned anything. Give it more {option('minutes')}."
        )
    # Frames are their own target: how bright the validation block is decides on their noise.
    told = job.method.settings.loss == "mse" and not job.method.movie_axes
    if told and not job.base and _learned_nothing(job, patches, state):
        say.warn(
            f"the best validation loss is {state.best_val_loss:.2f}, no better than predicting the "
            "mean: the net has learned nothing. Train longer, or with a lower "
            f"{setting('learning_rate')}."
        )
    del patches  # files mapped to memory cannot be deleted on Windows
    gc.collect()
    remove_state(folder)
    (folder / PLAN_NAME).unlink(missing_ok=True)
    shutil.rmtree(folder / PATCHES, ignore_errors=True)
    for leftover in folder.glob(f".*{WRITING}"):
        leftover.unlink()
    return record


def _learned_nothing(job: Job, patches: PatchSet, state: LoopState) -> bool:
    """Whether the mean of the training data would have predicted the validation data as well.

    These may be brighter, and of few photons all the noisier.
    """
    if not WORSE_THAN_THE_MEAN < state.best_val_loss < math.inf:
        return False
    few = patches.validation[:MOST_VALIDATION_PATCHES]
    normalised = (few - np.asarray(job.means)) / np.asarray(job.stds)
    return state.best_val_loss > WORSE_THAN_THE_MEAN * float(np.mean(normalised**2))


def _draw(job: Job, folder: Path, say: Progress) -> PatchSet:
    with say.task("drawing patches") as step:
        rng = np.random.default_rng(job.request.seed)
        patches = draw_patches(
            job.stacks, job.surveys, job.plan, rng, scratch=folder / PATCHES, progress=step
        )
    for note in patches.notes:
        say.note(note)
    return patches


def _looked_through(job: Job, say: Progress) -> Job:
    """The job with a method that has seen whole movies as often as it wants to."""
    for look in range(job.method.looks_through):
        with say.task("looking through movies" + (f" again ({look + 1})" if look else "")) as step:
            method = job.method.looked_through(_movies(job, step))
        job = dataclasses.replace(job, method=method)
    return job


def _movies(job: Job, step: Step) -> Iterator[Iterator[np.ndarray | None]]:
    """Planes of each movie, filled as they will be when it is restored."""
    for stack, survey in zip(job.stacks, job.surveys, strict=True):
        for place, _ in units_of(stack, survey, job.plan):
            n_frames = stack.sizes["T"]
            channels = [{"C": c} for c in range(stack.sizes["C"])] if "C" in stack.axes else [{}]
            places = [[{**place, "T": t, **one} for one in channels] for t in range(n_frames)]
            planes = read_depth(stack, places, keep_strips=job.request.keep_strips)
            yield _told(planes, n_frames, step)


def _told(planes: Iterator[Plane], n_frames: int, step: Step) -> Iterator[np.ndarray | None]:
    """Values of planes, with progress."""
    for number, plane in enumerate(planes):
        yield plane.values
        step(number + 1, n_frames)


def _fit(job: Job, patches: PatchSet, folder: Path, resume: bool, say: Progress) -> LoopState:
    """Build the network and run the loop; TensorFlow loads here."""
    from ... import keras_backend
    from ...learn.devices import spread
    from ...learn.loop import run_loop

    precision, reason = job.precision
    say.note(f"computing in {precision}: {reason}")
    if precision == "bfloat16" and keras_backend.fast_precision()[0] != precision:
        say.warn(
            "nothing here computes in bfloat16: it is imitated, slowly, and gradients are rounded "
            f"so that the net learns less. Leave {setting('precision', precision)} out."
        )
    keras_backend.make_repeatable(job.request.seed)
    training, validation = _batches(job, patches)
    with spread(training.batch_size) as n_devices, say.task("training") as step:
        if n_devices > 1:
            say.note(
                f"each batch of {training.batch_size} patches is shared by {n_devices} GPUs; a "
                f"larger {option('batch')} fills them better, CUDA_VISIBLE_DEVICES=0 takes the "
                "first only"
            )

        def report(progress: TrainingProgress) -> None:
            words = f"loss {progress.loss:.4f}"
            if math.isfinite(progress.val_loss):
                words += f", validation {progress.val_loss:.4f}"
            step(progress.step, progress.steps, words)

        return run_loop(
            job.build(),
            job.method.loss(),
            job.method.make_sample,
            training,
            validation,
            job.method.settings,
            folder,
            clock=_clock(job),
            resume=resume,
            progress=report,
        )


def _batches(job: Job, patches: PatchSet) -> tuple[Batches, Batches | None]:
    """Training batches, turned at random, and validation batches, as they are."""
    settings, seed = job.method.settings, job.request.seed
    turns = symmetries(settings.mask, square=settings.patch_px[-1] == settings.patch_px[-2])
    used = turns if settings.augment else turns[:1]
    norm = job.means, job.stds
    places = patches.places if job.method.looks_through else (None, None)
    training = Batches(patches.train, settings.batch, *norm, used, seed, job.method, places[0])
    if not len(patches.validation):
        return training, None
    held_out = patches.validation[:MOST_VALIDATION_PATCHES]
    rest = None if places[1] is None else places[1][:MOST_VALIDATION_PATCHES]
    return training, Batches(held_out, settings.batch, *norm, turns[:1], seed + 1, job.method, rest)


def _clock(job: Job) -> Clock | None:
    """The clock that ends a training, if one does."""
    from ...learn.schedule import Clock

    request = job.request
    if not request.minutes:
        return None
    deadline_s = request.started + 60 * request.minutes - FINISH_S
    return Clock(deadline_s, job.method.settings.steps_per_epoch)


@contextmanager
def _claimed(request: TrainRequest, name: str, say: Progress) -> Iterator[claim.PartialFolder]:
    """The partial folder; removed again if the work ended before there was anything to keep."""
    from ...learn.checkpoints import has_state

    folder = claim.claim_folder(request.models_dir, name, request.overwrite, request.resume)
    try:
        yield folder
    except BaseException:
        learned = any(
            (folder.path / file).exists() for file in (modelfolder.BEST, modelfolder.LAST)
        )
        if has_state(folder.path):
            say.warn(
                f"{folder.path} keeps what was learned so far: the same command with "
                f"{flag('resume')} goes on, with {flag('overwrite')} it starts anew."
            )
        elif not learned:
            shutil.rmtree(folder.path, ignore_errors=True)
        raise
    finally:
        folder.release()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
