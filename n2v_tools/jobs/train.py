"""Training as a user means it: from the command's words to a finished model folder."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import modelfolder
from ..errors import N2VToolsError, StackError, UsageError
from ..io import open_stacks
from ..methods.table import find_method, preset_settings
from ..prepare.patches import PatchSet, draw_patches
from ..prepare.plan import PatchPlan, count_patches, fit_patch, room_for_patches
from ..prepare.survey import Survey, require_trainable, survey_stack
from ..prepare.symmetry import symmetries
from ..settings import settings_from
from ..stack import Stack
from ..train.samples import MOST_VALIDATION_PATCHES
from .outputs import stem_of
from .progress import Progress
from .provenance import files_of, input_record, repeat_options, versions

if TYPE_CHECKING:
    from ..methods.n2v import N2V
    from ..train.loop import LoopState

PLAN_NAME = "plan.json"
FINISH_S = 2.5  # weights, curve and provenance, after the last validation


@dataclass(frozen=True)
class TrainRequest:
    """What ``n2v-train`` was asked to do; None means not said.

    Parameters
    ----------
    stacks : tuple of str
        Files, folders or globs.
    axes, depth : str or None
        ``--axes`` and ``--depth``.
    method, preset : str
        Names in `methods.table`.
    model : str or None
        Name of the model.
    models_dir : Path
        Where models live.
    patch, patches, validation, epochs, steps, batch
        Options that stand for settings of the method.
    minutes : float or None
        End this long after `started`.
    settings : mapping
        What ``--set`` named.
    nan : 'refuse' or 'fill'
        What to do with pixels that are not finite.
    command : tuple of str
        The words of the command, for the record.
    started : float
        When the command started, on `time.monotonic`.
    """

    stacks: tuple[str, ...]
    models_dir: Path
    axes: str | None = None
    depth: str | None = None
    method: str = "auto"
    preset: str = "default"
    model: str | None = None
    patch: tuple[int, ...] | None = None
    patches: int | None = None
    validation: float | None = None
    epochs: int | None = None
    steps: int | None = None
    batch: int | None = None
    minutes: float | None = None
    resume: bool = False
    overwrite: bool = False
    dry_run: bool = False
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    keep_strips: bool = False
    nan: str = "refuse"
    command: tuple[str, ...] = ()
    started: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class TrainResult:
    """A finished training: where it is, and how it went."""

    model: Path
    best_val_loss: float | None
    steps: int
    seconds: float
    notes: tuple[str, ...] = ()


def train_stacks(request: TrainRequest, say: Progress) -> TrainResult:
    """Train a model as asked and leave it, complete, under its name.

    Raises
    ------
    N2VToolsError
        In one line: bad settings, files that cannot be used, a name that is taken, a
        training that diverged.
    """
    method = method_for(request)
    name = request.model or default_name(request)
    with _claimed(request, name, say) as folder:
        job = open_job(request, method, say)
        for line in describe(job):
            say.note(line)
        patch_set = _draw(job, folder.path, say)
        state = _fit(job, patch_set, folder.path, say)
        notes = _finish(job, patch_set, state, folder.path)
        final = folder.finish()
    for note in notes:
        say.note(note)
    best = state.best_val_loss if math.isfinite(state.best_val_loss) else None
    return TrainResult(final, best, state.step, time.monotonic() - request.started, notes)


def plan_training(request: TrainRequest, say: Progress) -> list[str]:
    """What a training would do and cost, one line each; trains nothing and writes nothing."""
    from .. import keras_backend
    from ..train.trial import measure_step

    job = open_job(request, method_for(request), say)
    settings, n_channels = job.method.settings, job.surveys[0].sizes.get("C", 1)
    precision, reason = _precision(job)
    keras_backend.set_precision(precision)
    shape = (settings.batch, *settings.patch_px, n_channels)
    model = job.method.build(n_channels, seed=request.seed)
    trial = measure_step(model, job.method.loss(), job.method.make_sample, shape)
    plan = _loop_plan(job, request.started)
    patches_bytes = 4 * sum(count_patches(job.surveys, job.plan)) * math.prod(shape[1:])
    if plan.clock:
        length = f"{request.minutes:g} minutes, about {trial.seconds_a_step:.2g} s a step"
    else:
        # Validation after each epoch is a forward pass: a third of a step each.
        held_out = min(MOST_VALIDATION_PATCHES, count_patches(job.surveys, job.plan)[1])
        validation_s = settings.epochs * held_out / settings.batch * trial.seconds_a_step / 3
        seconds = plan.steps * trial.seconds_a_step + validation_s
        length = f"{plan.steps} steps in {settings.epochs} epochs, about {_duration(seconds)}"
    name = request.model or default_name(request)
    return [
        *describe(job),
        f"batches of {settings.batch}; {model.count_params()} weights; {precision}: {reason}",
        f"time: {length}",
        f"memory: about {(trial.peak_bytes + patches_bytes) / 1e9:.1f} GB, of which "
        f"{patches_bytes / 1e9:.2g} GB are patches",
        f"the model would go to {request.models_dir / name}",
    ]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def method_for(request: TrainRequest) -> N2V:
    """Method and settings that a request adds up to; nothing is opened.

    Raises
    ------
    UsageError
        For an unknown method, preset or setting, or one given twice.
    """
    kind = find_method(request.method)
    options = {
        "patch_px": request.patch,
        "n_patches": request.patches,
        "validation": request.validation,
        "epochs": request.epochs,
        "steps_per_epoch": request.steps,
        "batch_size": request.batch,
    }
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name in request.settings:
            raise UsageError(f"--set {name} and the option for it contradict: give one of them.")
    if request.minutes is not None and {"epochs", "max_steps"} & {*given, *request.settings}:
        raise UsageError("--minutes and a number of epochs contradict: give one of them.")
    values = {
        **dataclasses.asdict(kind().settings),
        **preset_settings(request.preset),
        **request.settings,
        **given,
    }
    if len(settings_from(type(kind().settings), values, "--set").patch_px) == 2 and request.depth:
        raise UsageError(
            "--depth is for 3D patches: add --patch with three edges, such as 16,64,64."
        )
    return kind(settings_from(type(kind().settings), values, "--set"))


def default_name(request: TrainRequest) -> str:
    """Name of a model that was not given one: stem of the first stack and the method."""
    first = Path(request.stacks[0].split(":/")[0])
    stem = re.sub(r"[^\w.-]+", "_", stem_of(first)).strip("._") or "model"
    return f"{stem}_{find_method(request.method).name}"


@dataclass(frozen=True)
class Job:
    """A request with its files opened: all that is known before a pixel is learned from."""

    request: TrainRequest
    method: N2V
    axes: str
    stacks: tuple[Stack, ...]
    surveys: tuple[Survey, ...]
    means: tuple[float, ...]
    stds: tuple[float, ...]

    @property
    def plan(self) -> PatchPlan:
        """Which patches to draw."""
        s = self.method.settings
        return PatchPlan(s.patch_px, self.axes, s.n_patches, s.validation, self.request.keep_strips)


def open_job(request: TrainRequest, method: N2V, say: Progress) -> Job:
    """Open and survey every stack, and fit axes and patch to them.

    Raises
    ------
    StackError, AxesError
        Where a stack cannot be learned from.
    """
    opened = _each_once(
        [stack for spec in request.stacks for stack in open_stacks(spec, request.axes)]
    )
    for stack in opened:
        for note in stack.notes:
            say.note(f"{stack.name}: {note}")
    axes = _model_axes(method, opened, request.depth)
    surveys = []
    for stack in opened:
        with say.task(f"{stack.name}: looking at planes") as step:
            surveys.append(survey_stack(stack, keep_strips=request.keep_strips, progress=step))
        require_trainable(surveys[-1], stack.name, nan=request.nan)
    method = _fitted(request, method, axes, opened, surveys, say)
    means, stds = _pooled_intensity(surveys)
    return Job(request, method, axes, tuple(opened), tuple(surveys), means, stds)


def _each_once(stacks: Sequence[Stack]) -> list[Stack]:
    """Stacks without repeats: a file named twice would stand in training and validation."""
    kept: dict[object, Stack] = {}
    for stack in stacks:
        files = tuple(path.resolve() for path in files_of(stack))
        kept.setdefault((files, stack.name.partition(":/")[2]) if files else id(stack), stack)
    return list(kept.values())


def _fitted(
    request: TrainRequest,
    method: N2V,
    axes: str,
    stacks: Sequence[Stack],
    surveys: Sequence[Survey],
    say: Progress,
) -> N2V:
    """The method with a patch that fits the data; a patch that was asked for never shrinks."""
    settings = method.settings
    plan = PatchPlan(settings.patch_px, axes, keep_strips=request.keep_strips)
    rooms = {
        stack.name: room_for_patches(stack, survey, plan)
        for stack, survey in zip(stacks, surveys, strict=True)
    }
    chosen = request.patch is not None or "patch_px" in request.settings
    fit = fit_patch(settings.patch_px, rooms, 2**settings.unet_n_depth, chosen=chosen)
    if fit.note:
        say.note(fit.note)
    return dataclasses.replace(
        method, settings=dataclasses.replace(settings, patch_px=fit.patch_px)
    )


def describe(job: Job) -> list[str]:
    """What was understood, one line a stack, and what will be trained."""
    lines = []
    for stack, survey in zip(job.stacks, job.surveys, strict=True):
        sizes = " x ".join(str(n) for n in stack.sizes.values())
        strips = (
            f"; strips in {survey.n_planes_with_strips} of {survey.n_planes} planes, "
            f"{survey.n_empty_planes} empty planes, both left out"
            if survey.n_planes_with_strips or survey.n_empty_planes
            else ""
        )
        lines.append(f"{stack.name}: {stack.axes} {sizes} {stack.dtype}{strips}")
    s = job.method.settings
    n_train, n_validation = count_patches(job.surveys, job.plan)
    lines.append(
        f"method {job.method.name}, model axes {job.axes}, {n_train} patches of "
        f"{' x '.join(map(str, s.patch_px))} px to train on and {n_validation} to validate; "
        f"mean {', '.join(f'{m:.6g}' for m in job.means)}, "
        f"deviation {', '.join(f'{d:.6g}' for d in job.stds)}"
    )
    return lines


def _model_axes(method: N2V, stacks: Sequence[Stack], depth: str | None) -> str:
    """YX for 2D patches; for 3D ones depth is Z where there is Z, else T, or as asked."""
    if len(method.settings.patch_px) == 2:
        return "YX"
    axis = depth or ("Z" if all("Z" in stack.axes for stack in stacks) else "T")
    for stack in stacks:
        if axis not in stack.axes:
            raise StackError(
                f"{stack.name}: has axes {stack.axes}, but 3D patches need a depth axis, Z or T. "
                "Pass --axes if the file names them wrongly, or --patch 64 for a 2D model."
            )
    return f"{axis}YX"


def _pooled_intensity(surveys: Sequence[Survey]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation per channel over all stacks, weighted by their real pixels."""
    weights = np.array([survey.n_pixels for survey in surveys], float)
    weights /= weights.sum()
    means = np.array([survey.mean for survey in surveys])  # (stacks, C)
    stds = np.array([survey.std for survey in surveys])
    mean = weights @ means
    variance = weights @ (stds**2 + (means - mean) ** 2)
    return tuple(mean.tolist()), tuple(np.sqrt(variance).tolist())


@contextmanager
def _claimed(request: TrainRequest, name: str, say: Progress) -> Iterator[Any]:
    """The partial folder; removed again if the work ended before there was anything to resume."""
    from ..train.checkpoints import has_state

    folder = modelfolder.claim_folder(
        request.models_dir, name, overwrite=request.overwrite, resume=request.resume
    )
    try:
        yield folder
    except BaseException:
        if has_state(folder.path):
            say.warn(
                f"{folder.path} keeps what was learned so far: the same command with --resume goes "
                "on, with --overwrite it starts anew."
            )
        else:
            shutil.rmtree(folder.path, ignore_errors=True)
        raise
    finally:
        folder.release()


def _draw(job: Job, folder: Path, say: Progress) -> PatchSet:
    with say.task("drawing patches") as step:
        rng = np.random.default_rng(job.request.seed)
        patches = draw_patches(
            job.stacks, job.surveys, job.plan, rng, scratch=folder / "patches", progress=step
        )
    for note in patches.notes:
        say.note(note)
    return patches


def _fit(job: Job, patches: PatchSet, folder: Path, say: Progress) -> LoopState:
    """Build the network and run the loop; TensorFlow loads here."""
    from .. import keras_backend
    from ..train.checkpoints import has_state
    from ..train.loop import TrainingProgress, run_loop
    from ..train.samples import Batches

    plan_text = _plan_text(job)
    resume = job.request.resume and has_state(folder)
    if resume:
        _require_same(plan_text, folder)
    (folder / PLAN_NAME).write_text(plan_text)
    precision, reason = _precision(job)
    say.note(f"computing in {precision}: {reason}")
    keras_backend.set_precision(precision)
    keras_backend.make_repeatable(job.request.seed)
    settings, seed = job.method.settings, job.request.seed
    model = job.method.build(patches.train.shape[-1], seed=seed)
    turns = symmetries(square=settings.patch_px[-1] == settings.patch_px[-2])
    used = turns if settings.augment else turns[:1]
    training = Batches(patches.train, settings.batch, job.means, job.stds, used, seed)
    validation = None
    if len(patches.validation):
        held_out = patches.validation[:MOST_VALIDATION_PATCHES]
        validation = Batches(held_out, settings.batch, job.means, job.stds, turns[:1], seed + 1)
    with say.task("training") as step:

        def report(progress: TrainingProgress) -> None:
            loss, val_loss = progress.loss, progress.val_loss
            state = f"loss {loss:.4f}"
            if math.isfinite(val_loss):
                state += f", validation {val_loss:.4f}"
            step(progress.step, progress.steps, state)

        return run_loop(
            model,
            job.method.loss(),
            job.method.make_sample,
            training,
            validation,
            _loop_plan(job, job.request.started),
            folder,
            resume=resume,
            progress=report,
        )


def _precision(job: Job) -> tuple[str, str]:
    from .. import keras_backend

    asked = job.method.settings.precision
    return keras_backend.fast_precision() if asked == "auto" else (asked, "as asked")


def _loop_plan(job: Job, started: float) -> Any:
    from ..train.loop import LoopPlan
    from ..train.schedule import Clock

    s, minutes = job.method.settings, job.request.minutes
    clock = Clock(deadline_s=started + 60 * minutes - FINISH_S) if minutes else None
    return LoopPlan(
        epochs=10**6 if clock else s.epochs,
        steps_per_epoch=s.steps_per_epoch,
        max_steps=s.max_steps,
        learning_rate=s.learning_rate,
        schedule=s.schedule,
        plateau_factor=s.plateau_factor,
        plateau_patience=s.plateau_patience,
        knots=s.progress_knots,
        clock=clock,
        tensorboard=s.tensorboard,
    )


def _finish(job: Job, patches: PatchSet, state: LoopState, folder: Path) -> tuple[str, ...]:
    """Configuration, curve and provenance; then nothing that only a resume needs is left."""
    from ..train.checkpoints import remove_state
    from ..train.history import plot_history

    title = f"{folder.name.removesuffix('.partial')}: {job.method.name}, {state.step} steps"
    plot_history(state.rows, folder / "training.png", title)
    precision, _ = _precision(job)
    repeat = repeat_options(job.request, job.method, state, precision)
    reasons = _write_config(job, patches, folder)
    record = {
        **versions(),
        "command": list(job.request.command),
        "seed": job.request.seed,
        "repeat_with": repeat,
        "method": job.method.name,
        "axes": job.axes,
        "settings": dataclasses.asdict(job.method.settings),
        "precision": precision,
        "inputs": [input_record(stack) for stack in job.stacks],
        "patches": {"train": len(patches.train), "validation": len(patches.validation)},
        "steps": state.step,
        "epochs": state.epoch,
        "training_seconds": round(state.seconds, 2),
        "best_val_loss": state.best_val_loss if math.isfinite(state.best_val_loss) else None,
        "needs_n2v_tools": list(reasons),
    }
    modelfolder.write_provenance(folder, record)
    remove_state(folder)
    (folder / PLAN_NAME).unlink(missing_ok=True)
    shutil.rmtree(folder / "patches", ignore_errors=True)
    notes = [f"this model needs n2v_tools: {reason}" for reason in reasons]
    if repeat:
        notes.append(f"the same training again: add {' '.join(repeat)}")
    return tuple(notes)


def _write_config(job: Job, patches: PatchSet, folder: Path) -> tuple[str, ...]:
    """config.json; returns the reasons why n2v alone cannot use the model."""
    s = job.method.settings
    net = job.method.net_settings(patches.train.shape[-1])
    modelfolder.write_config(
        folder,
        net,
        axes=job.axes,
        means=job.means,
        stds=job.stds,
        method=job.method.name,
        training={
            "train_loss": s.loss,
            "train_epochs": s.epochs,
            "train_steps_per_epoch": s.steps_per_epoch,
            "train_learning_rate": s.learning_rate,
            "train_batch_size": s.batch,
            "n2v_perc_pix": s.masked_percent,
            "n2v_patch_shape": list(s.patch_px),
            "n2v_manipulator": s.replacement,
            "n2v_neighborhood_radius": math.ceil(s.radius_px),  # n2v takes whole numbers only
        },
        own={
            "settings": dataclasses.asdict(s),
            "pixel_size": job.stacks[0].pixel_size,
            "intensity": {
                "minimum": min(survey.minimum for survey in job.surveys),
                "maximum": max(survey.maximum for survey in job.surveys),
            },
        },
    )
    return modelfolder.needs_n2v_tools(net)


def _plan_text(job: Job) -> str:
    """What must be equal for a training to be resumed, as JSON."""
    request = job.request
    plan = {
        "method": job.method.name,
        "axes": job.axes,
        "settings": dataclasses.asdict(job.method.settings),
        "seed": request.seed,
        "keep_strips": request.keep_strips,
        "by_clock": request.minutes is not None,
        "inputs": [input_record(stack) for stack in job.stacks],
    }
    return json.dumps(plan, indent=1)


def _require_same(plan_text: str, folder: Path) -> None:
    """Refuse to go on with another training than the one that was interrupted."""
    try:
        before = json.loads((folder / PLAN_NAME).read_text())
    except (OSError, ValueError):
        raise N2VToolsError(
            f"{folder}: the plan of the interrupted training cannot be read. Start anew with "
            "--overwrite."
        ) from None
    now = json.loads(plan_text)
    old = {**before.pop("settings", {}), **before}
    new = {**now.pop("settings"), **now}
    different = [key for key in new if new[key] != old.get(key)]
    if different:
        key = different[0]
        raise UsageError(
            f"--resume: {key} was {old.get(key)} when the training was interrupted and is "
            f"{new[key]} now. Repeat the first command with --resume, or start anew with "
            "--overwrite."
        )
