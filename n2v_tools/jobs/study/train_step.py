"""The training of an experiment: begun, resumed, or found to be done."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...claim import PARTIAL
from ...errors import ModelError, OutputError, StackError
from ...experiment.study import ONE_PASS
from ...io.listing import open_stacks
from ...io.sha256 import sha256_of
from ...methods.table import find_row
from ...modelfolder import read_model, read_provenance, weights_file
from ...stack import Stack
from ...words import flag
from ..train.request import TrainRequest, method_for
from .session import Work

STEP = "train"
KEPT = ("steps", "epochs", "training_seconds", "best_val_loss", "precision", "repeat_with")


def training_of(
    work: Work, files: Sequence[str], base: Path | None, noise_pair: tuple[str, str] | None = None
) -> dict[str, Any]:
    """Gather all that a training is made from, JSON values.

    `files` are noisy files to train on; `base` is a model folder that training starts from, and
    `noise_pair` a noisy file and a restored one that show what the noise is.
    """
    return {
        **options_of(work),
        "settings": work.experiment.all_settings,
        "axes": work.dataset.axes,
        "model": work.experiment.model,
        "start_from": work.experiment.start_from,
        "weights it starts from": _weights_sha256(base) if base else None,
        "training files": work.session.hashes.of_inputs(files),
        **({"noise files": work.session.hashes.of_inputs(noise_pair)} if noise_pair else {}),
    }


def options_of(work: Work) -> dict[str, Any]:
    """Gather the options of a training as its record has them, JSON values."""
    patch = work.experiment.patch
    return {
        **work.experiment.training,
        "patch": None if patch is None else list(patch),
        "seed": work.seed,
    }


def train(
    work: Work,
    files: Sequence[str],
    base: Path | None,
    noise_pair: tuple[str, str] | None = None,
    *,
    again: bool,
) -> dict[str, Any]:
    """Train, or go on with what a failed or killed run left; the step is begun in the record.

    Takes what `training_of` takes; `again` says whether the same training was begun by an earlier
    run. Gives model folder, steps, seconds, loss: JSON values.

    Raises
    ------
    N2VToolsError
        As `train_stacks`; or if a model of that name does not belong to this experiment.
    """
    replace = work.record.steps[STEP]["replace"]
    target = work.session.models / work.experiment.model
    partial = target.with_name(target.name + PARTIAL)
    is_ours = _is_ours(work, target)
    for there, own, fault in (
        (target, is_ours, "a model of this name exists, which this experiment did not train"),
        (partial, again, "was left by a training that does not belong to this experiment"),
    ):
        if there.exists() and not own and not replace:
            raise OutputError(
                f"{there}: {fault}. Give {work.experiment.name} another `model:` name, or pass "
                f"{flag('overwrite')} to replace it."
            )
    if not is_ours:
        from ..train.run import train_stacks

        resume = again and partial.is_dir()
        if resume:
            work.session.progress.note(
                f"{work.experiment.name}: going on with the interrupted training"
            )
        request = _request(work, files, base, noise_pair)
        request = dataclasses.replace(request, resume=resume, overwrite=replace)
        train_stacks(request, work.session.progress)
    return _result(target)


def _request(
    work: Work, files: Sequence[str], base: Path | None, noise_pair: tuple[str, str] | None
) -> TrainRequest:
    """Make the request to ``n2v-train``; opens headers where an epoch is one pass."""
    settings = work.experiment.all_settings
    if base:
        settings["start_from"] = str(base)
    if noise_pair:
        settings["noise_from"] = "=".join(noise_pair)
    options = work.experiment.training
    one_pass = options["steps"] == ONE_PASS
    request = TrainRequest(
        stacks=tuple(files),
        models_dir=work.session.models,
        axes=work.dataset.axes,
        model=work.experiment.model,
        seed=work.seed,
        settings=settings,
        command=work.command,
        **{**options, "steps": None if one_pass else options["steps"]},
    )
    if not one_pass:
        return request
    learning = method_for(request).settings
    stacks = [stack for file in files for stack in open_stacks(file, work.dataset.axes)]
    frames = find_row(work.experiment.method).frames_per_sample
    steps = steps_of_one_pass(stacks, learning.patch_px, learning.batch, frames)
    return dataclasses.replace(request, steps=steps)


def steps_of_one_pass(
    stacks: Sequence[Stack], patch_px: Sequence[int], batch: int, frames: int = 1
) -> int:
    """Steps in which patches side by side cover all stacks once, channels apart.

    The last two of `patch_px` lie along Y and X; a third along Z where there is Z, else T. A step
    takes `batch` samples, each of `frames` patches, one after the other in time.
    """
    total = 0
    for stack in stacks:
        sizes = {**stack.sizes}
        sizes.pop("C", None)
        depth = "Z" if "Z" in sizes else "T"
        axes = [depth, "Y", "X"][-len(patch_px) :]
        fit = dict(zip(axes, patch_px, strict=True))
        total += math.prod(max(1, size // fit.get(axis, 1)) for axis, size in sizes.items())
    return max(1, math.ceil(total / (batch * frames)))


def _provenance(folder: Path) -> dict[str, Any]:
    """What a folder says of its training; empty where it cannot be read."""
    try:
        return read_provenance(folder) or {}
    except ModelError:
        return {}


def _weights_sha256(folder: Path) -> str:
    return sha256_of(weights_file(read_model(folder)))


def _is_ours(work: Work, folder: Path) -> bool:
    """Whether a finished model was trained by this experiment since its training was begun.

    So it is when the process was killed between the end of the training and its record.
    """
    record = _provenance(folder)
    begun = work.record.steps[STEP]["begun"]
    return record.get("command") == list(work.command) and str(record.get("date", "")) >= begun


def _result(folder: Path) -> dict[str, Any]:
    record = _provenance(folder)
    if not record:
        raise StackError(f"{folder}: has no provenance.json that can be read. Train it anew.")
    settings = record.get("settings") or {}
    return {
        "model": str(folder),
        "weights_sha256": _weights_sha256(folder),
        "patch": settings.get("patch_px"),
        "augment": settings.get("augment"),
        **{name: record.get(name) for name in KEPT},
    }
