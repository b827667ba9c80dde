"""The training of an experiment: begun, resumed, or found to be done."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...claim import PARTIAL
from ...errors import OutputError, StackError
from ...experiment.record import Record
from ...experiment.study import ONE_PASS, Experiment
from ...io.listing import open_stacks
from ...modelfolder import read_model, weights_file
from ...stack import Stack
from ..desk.provenance import sha256_of
from ..train.request import TrainRequest, method_for
from .places import Session

OPTIONS = (
    "method", "preset", "patch", "epochs", "steps", "batch", "patches", "minutes", "validation",
    "struct_mask", "depth", "keep_strips", "nan",
)  # fmt: skip
STEP = "train"
FRAMES_OF_A_SAMPLE = {"n2n": 2, "deepcad": 2}  # input and target; else a patch is both


def training_of(
    experiment: Experiment, session: Session, files: Sequence[str], base: Path | None
) -> dict[str, Any]:
    """All that a training is made from, JSON values.

    Parameters
    ----------
    experiment : Experiment
    session : Session
    files : sequence of str
        Noisy files to train on.
    base : Path or None
        Model folder that training starts from.
    """
    values = {name: getattr(experiment, name) for name in OPTIONS}
    return {
        **values,
        "patch": list(experiment.patch) if experiment.patch else None,
        "settings": _settings(experiment),
        "seed": seed_of(experiment, session),
        "axes": session.study.datasets[experiment.dataset].axes,
        "model": experiment.model,
        "start_from": experiment.start_from,
        "weights it starts from": _weights_sha256(base) if base else None,
        "training files": session.sha256(list(files)),
    }


def train(
    experiment: Experiment,
    session: Session,
    record: Record,
    files: Sequence[str],
    base: Path | None,
    *,
    again: bool,
) -> dict[str, Any]:
    """Train, or go on with what a failed or killed run left; the step is begun in `record`.

    Parameters
    ----------
    experiment, session, files, base
        As for `training_of`.
    record : Record
    again : bool
        Whether the same training was begun by an earlier run.

    Returns
    -------
    result : dict
        Model folder, steps, seconds, loss: JSON values.

    Raises
    ------
    N2VToolsError
        As `train_stacks`; or if a model of that name is none of this experiment's.
    """
    replace = record.steps[STEP]["replace"]
    target = session.places.models / experiment.model
    command = command_of(experiment, session)
    begun = record.steps[STEP]["begun"]
    if target.exists() and not _is_ours(target, command, begun) and not replace:
        raise OutputError(
            f"{target}: a model of this name exists, which this experiment did not train. Give "
            f"{experiment.name} another `model:` name, or pass --overwrite to replace it."
        )
    partial = target.with_name(target.name + PARTIAL)
    if partial.exists() and not again and not replace:
        raise OutputError(
            f"{partial}: was left by a training that is none of this experiment's. Give "
            f"{experiment.name} another `model:` name, or pass --overwrite to replace it."
        )
    if not (target.exists() and _is_ours(target, command, begun)):
        from ..train.run import train_stacks

        resume = again and partial.is_dir()
        if resume:
            session.progress.note(f"{experiment.name}: going on with the interrupted training")
        request = training_request(experiment, session, files, base)
        request = dataclasses.replace(request, command=command, resume=resume, overwrite=replace)
        train_stacks(request, session.progress)
    return _result(target)


def training_request(
    experiment: Experiment, session: Session, files: Sequence[str], base: Path | None
) -> TrainRequest:
    """What ``n2v-train`` would be asked; opens headers where an epoch is one pass.

    Raises
    ------
    UsageError
        For settings that cannot be.
    """
    dataset = session.study.datasets[experiment.dataset]
    settings = _settings(experiment)
    if base:
        settings["start_from"] = str(base)
    one_pass = experiment.steps == ONE_PASS
    request = TrainRequest(
        stacks=tuple(files),
        models_dir=session.places.models,
        axes=dataset.axes,
        depth=experiment.depth,
        method=experiment.method,
        preset=experiment.preset,
        model=experiment.model,
        patch=experiment.patch,
        patches=experiment.patches,
        validation=experiment.validation,
        epochs=experiment.epochs,
        steps=None if one_pass else experiment.steps,  # type: ignore[arg-type]
        batch=experiment.batch,
        struct_mask=experiment.struct_mask,
        minutes=experiment.minutes,
        seed=seed_of(experiment, session),
        settings=settings,
        keep_strips=experiment.keep_strips,
        nan=experiment.nan,
    )
    if not one_pass:
        return request
    method = method_for(request)
    stacks = [stack for file in files for stack in open_stacks(file, dataset.axes)]
    steps = steps_of_one_pass(
        stacks,
        method.settings.patch_px,
        method.settings.batch,
        FRAMES_OF_A_SAMPLE.get(experiment.method, 1),
    )
    return dataclasses.replace(request, steps=steps)


def steps_of_one_pass(
    stacks: Sequence[Stack], patch_px: Sequence[int], batch: int, frames: int = 1
) -> int:
    """Steps in which patches side by side cover all stacks once, channels apart.

    Parameters
    ----------
    stacks : sequence of Stack
    patch_px : sequence of int, length 2 or 3
        The last two along Y and X; a third along Z where there is Z, else T.
    batch : int
        Patches a step.
    frames : int
        Patches that a sample is made of, one after the other in time.
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


def seed_of(experiment: Experiment, session: Session) -> int:
    """The experiment's own seed, else that of the command."""
    return session.seed if experiment.seed is None else experiment.seed


def command_of(experiment: Experiment, session: Session) -> tuple[str, ...]:
    """The command that repeats one experiment: equal for every run of it."""
    return ("n2v-experiment", "run", session.study.file.name, experiment.name)


def _settings(experiment: Experiment) -> dict[str, Any]:
    augment = {} if experiment.augment is None else {"augment": experiment.augment}
    return {**experiment.settings, **augment}


def _weights_sha256(folder: Path) -> str:
    return sha256_of(weights_file(read_model(folder)))


def _is_ours(folder: Path, command: Sequence[str], begun: str) -> bool:
    """Whether a finished model was trained by this experiment since it was begun.

    So it is when the process was killed between the end of the training and its record.
    """
    record = _provenance(folder)
    return record.get("command") == list(command) and str(record.get("date", "")) >= begun


def _provenance(folder: Path) -> Mapping[str, Any]:
    try:
        values = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _result(folder: Path) -> dict[str, Any]:
    record = _provenance(folder)
    if not record:
        raise StackError(f"{folder}: has no provenance.json that can be read. Train it anew.")
    settings = record.get("settings") or {}
    kept = ("steps", "epochs", "training_seconds", "best_val_loss", "precision", "repeat_with")
    return {
        "model": str(folder),
        "weights_sha256": _weights_sha256(folder),
        "patch": settings.get("patch_px"),
        "augment": settings.get("augment"),
        **{name: record.get(name) for name in kept},
    }
