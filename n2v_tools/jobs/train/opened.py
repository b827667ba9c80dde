"""A training with its files opened and surveyed: all that is known before anything is learned.

Tests: ``tests/jobs/train/test_run.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import keras_backend
from ...contracts import Method
from ...errors import ModelError, StackError, UsageError
from ...io.address import Address
from ...io.listing import list_inputs
from ...learn.samples import sample_shape
from ...methods.table import FALLBACK
from ...modelfolder import Model, find_model, load_net, read_model
from ...nets.unet import NetSettings
from ...prepare.gaps import without_gaps
from ...prepare.patch_plan import PatchPlan, count_patches
from ...prepare.survey import Survey, gaps_text, require_trainable, survey_stack
from ...stack import Stack
from ...words import option
from ..desk.choices import SUFFIX
from ..desk.output_names import Naming
from ..desk.progress import Progress
from .channels import without_idle
from .checks import looking_once, warn_of_noise, with_cuts
from .choice import choose_method, possible_methods
from .decide_mask import with_struct_mask
from .fit import MOVIE, fit_to_data
from .request import TrainRequest


@dataclass(frozen=True)
class Job:
    """A request with its files opened."""

    request: TrainRequest
    name: str  # of the method, as ``--method`` takes it
    method: Method  # its patch fits the data
    axes: str  # of the model: ``YX``, ``ZYX`` or ``TYX``
    plan: PatchPlan  # which patches, or windows of a movie, to draw
    stacks: tuple[Stack, ...]
    surveys: tuple[Survey, ...]  # one per stack
    means: tuple[float, ...]  # counts, one per channel
    stds: tuple[float, ...]  # likewise
    base: Model | None = None  # what training starts from instead of random weights
    mask_record: Mapping[str, Any] | None = None  # what is kept of the choice of a struct mask
    # channels of the files that hold nothing to learn, so that `stacks` lack them; none where a
    # single other one is left, which is then a stack like any other
    left_channels: tuple[int, ...] = ()

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Of one training sample before its pixels are hidden: ([Z,] Y, X, C)."""
        drawn = (*self.plan.patch_px, len(self.means))
        return sample_shape(drawn, self.method)

    @property
    def net(self) -> NetSettings:
        """Shape of the network."""
        return self.base.net if self.base else self.method.net_settings(len(self.means))

    @property
    def precision(self) -> tuple[str, str]:
        """Arithmetic to train in, and why; loads TensorFlow."""
        asked = self.method.settings.precision
        if asked == "auto":
            return keras_backend.fast_precision()
        return asked, "as asked"

    def build(self) -> Any:
        """Make the network, with random weights or those of `base`: a keras.Model."""
        precision, _ = self.precision
        if self.base:
            return load_net(self.base, precision)
        with keras_backend.building_in(precision):
            return self.method.build(len(self.means), seed=self.request.seed)


def open_job(request: TrainRequest, say: Progress) -> Job:
    """Open and survey every stack, and fit axes and patch to them.

    Raises
    ------
    UsageError
        For settings that cannot be, before anything is opened.
    StackError, AxesError
        Where a stack cannot be learned from.
    ModelError
        If the model to start from does not fit.
    """
    possible = possible_methods(request)
    named = _each_once([stack for spec in request.stacks for stack in _open(spec, request.axes)])
    for stack in named:
        for heard in stack.notes:
            say.note(f"{stack.name}: {heard}")
        for heard in stack.warnings:
            say.warn(f"{stack.name}: {heard}")
    opened, left = without_idle(named, say)
    n_channels = opened[0].sizes.get("C", 1)
    left = left if n_channels > 1 else ()
    look = looking_once(say)
    name, method = choose_method(possible, opened, say, look)
    base = _base(method, request)
    axes = _model_axes(method, opened, request.depth)
    shown, surveys = [], []
    for stack in opened:
        with say.task(f"{stack.name}: looking at planes") as step:
            surveys.append(survey_stack(stack, keep_strips=request.keep_strips, progress=step))
        require_trainable(surveys[-1], stack.name, nan=request.nan)
        if surveys[-1].has_gaps:
            say.warn(f"{stack.name}: {gaps_text(surveys[-1])}")
            stack = without_gaps(stack, keep_strips=request.keep_strips)
        if method.movie_axes or axes == MOVIE:
            surveys[-1] = with_cuts(stack, surveys[-1], look, say)
        shown.append(stack)
    opened = tuple(shown)
    block = (base.net if base else method.net_settings(n_channels)).block
    block = method.settings.patch_multiple or block
    plan, fitted, notes = fit_to_data(request, method, block, axes, opened, surveys)
    for note in notes:
        say.note(note)
    warn_of_noise(opened, fitted, axes, request, say)
    fitted, mask_record = with_struct_mask(fitted, opened, request, say)
    fitted, heard_of = fitted.informed(
        opened, axes, seed=request.seed, keep_strips=request.keep_strips
    )
    for note in heard_of:
        say.note(note)
    means, stds = _pooled_intensity(surveys)
    stds = fitted.settings.divisors(stds)
    if base:
        _require_channels(base, len(means), left, opened[0].name)
        means, stds = base.means, base.stds  # what the weights were learned with
    files = opened, tuple(surveys)
    return Job(request, name, fitted, axes, plan, *files, means, stds, base, mask_record, left)


def describe(job: Job) -> list[str]:
    """What was understood, one line a stack, and what will be trained."""
    lines = []
    for stack, survey in zip(job.stacks, job.surveys, strict=True):
        sizes = " x ".join(str(n) for n in stack.sizes.values())
        strips = (
            f"; strips in {survey.n_planes_with_strips} of {survey.n_planes} planes, "
            f"{survey.n_empty_planes} empty planes, both left out"
            if survey.n_planes_with_strips or survey.n_empty_planes
            else "; no strips"
        )
        lines.append(f"{stack.name}: {stack.axes} {sizes} {stack.dtype}{strips}")
    n_train, n_validation = count_patches(job.surveys, job.plan)
    drawn = "windows" if job.method.movie_axes else "patches"
    start = f", starting from {job.base.name}" if job.base else ""
    lines.append(
        f"method {_method_text(job)}, model axes {job.axes}{start}, {n_train} {drawn} of "
        f"{' x '.join(map(str, job.plan.patch_px))} px to train on and {n_validation} "
        f"to validate; mean {', '.join(f'{m:.6g}' for m in job.means)}, "
        f"deviation {', '.join(f'{d:.6g}' for d in job.stds)}"
    )
    return lines


def _method_text(job: Job) -> str:
    mask = job.method.settings.struct_mask
    return job.method.name if mask == "none" else f"{job.method.name} with struct mask {mask}"


def _base(method: Method, request: TrainRequest) -> Model | None:
    """The model named by the setting `start_from`, checked as far as the settings tell."""
    name = method.settings.start_from
    if name is None:
        return None
    model = read_model(find_model(name, request.models_dir))
    if not model.can_be_trained_on:
        raise ModelError(
            f"{model.folder}: is a {model.method} model, which no training here can start from. "
            "Name a model of the N2V family in start_from."
        )
    n_dim = len(method.settings.patch_px)
    if model.net.n_dim != n_dim:
        patch = 64 if model.net.n_dim == 2 else (16, 64, 64)
        raise UsageError(
            f"start_from: {model.name} is a {model.net.n_dim}D model, but the patch has {n_dim} "
            f"edges. Pass {option('patch', patch)}."
        )
    block = model.net.block
    wrong = [edge for edge in method.settings.patch_px if edge % block]
    if wrong:
        raise UsageError(
            f"start_from: {model.name} needs patch edges that are multiples of {block}, not "
            f"{wrong[0]}. Pass another {option('patch')}."
        )
    return model


def _require_channels(base: Model, n_learned: int, left: tuple[int, ...], where: str) -> None:
    n_channels = n_learned + len(left)
    if base.n_channels != n_channels:
        raise StackError(
            f"{where}: has {n_channels} channel(s), but {base.name}, which training starts from, "
            f"has {base.n_channels}. Use stacks of {base.n_channels} channel(s)."
        )
    if base.left_channels != left:
        raise StackError(
            f"{where}: has other channels without an image than {base.name}, which training starts "
            f"from, leaves as they are ({base.left_channels or 'none'}). Train without start_from."
        )


def _open(spec: str | Stack, axes: str | None) -> list[Stack]:
    """Stacks behind `spec`; of a folder or glob those that are no outputs of ours."""
    if isinstance(spec, Stack):
        return [spec]
    naming = Naming(None, SUFFIX, "tiff")
    inputs = list_inputs(spec, axes, leave_out=naming.carries_suffix)
    if not inputs:
        raise StackError(
            f"{spec}: holds nothing but files whose names end in {SUFFIX}, which "
            "are denoised already. Name a file to train on it all the same."
        )
    return [one.open() for one in inputs]


def _each_once(stacks: Sequence[Stack]) -> list[Stack]:
    """Stacks without repeats: a file named twice would stand in training and validation."""
    kept: dict[object, Stack] = {}
    for stack in stacks:
        files = tuple(path.resolve() for path in stack.files)
        dataset = stack.metadata.get("dataset") or Address.parse(stack.name).place
        kept.setdefault((files, dataset) if files else id(stack), stack)
    return list(kept.values())


def _model_axes(method: Method, stacks: Sequence[Stack], depth: str | None) -> str:
    """YX for 2D patches; for 3D ones depth is Z where there is Z, else T, or as asked."""
    if method.movie_axes:
        for stack in stacks:
            if "T" not in stack.axes:
                raise StackError(
                    f"{stack.name}: has axes {stack.axes}, but {option('method', method.name)} "
                    f"learns from movies, with axis T. Pass {_as_time(stack.axes)}, or "
                    f"{option('method', FALLBACK)}."
                )
        return method.movie_axes
    if len(method.settings.patch_px) == 2:
        return "YX"
    axis = depth or ("Z" if all("Z" in stack.axes for stack in stacks) else "T")
    for stack in stacks:
        if axis not in stack.axes:
            raise StackError(
                f"{stack.name}: has axes {stack.axes}, but 3D patches need a depth axis, "
                f"{depth or 'Z or T'}. Pass {option('axes')} if the file names them wrongly, or "
                f"{option('patch', 64)} for a 2D model."
            )
    return f"{axis}YX"


def _as_time(axes: str) -> str:
    """What to pass where a file calls its frames Z."""
    if "Z" in axes:
        return f"{option('axes', axes.replace('Z', 'T'))} if its Z is time"
    return f"{option('axes')} if the file names them wrongly"


def _pooled_intensity(surveys: Sequence[Survey]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel over all stacks, weighted by its real pixels."""
    weights = np.array([survey.n_pixels_per_channel for survey in surveys], float)  # (stacks, C)
    weights /= weights.sum(axis=0)
    means = np.array([survey.mean for survey in surveys])
    stds = np.array([survey.std for survey in surveys])
    mean = (weights * means).sum(axis=0)
    variance = (weights * (stds**2 + (means - mean) ** 2)).sum(axis=0)
    return tuple(mean.tolist()), tuple(np.sqrt(variance).tolist())
