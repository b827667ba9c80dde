"""Records of a training beside its weights: configuration, provenance, and the plan to resume.

Tests: ``tests/jobs/train/test_run.py``.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import modelfolder
from ...errors import ModelError, UsageError
from ...io.publish import replacing
from ...learn.checkpoints import has_state
from ...legacy import needs_n2v_tools
from ...noise.fingerprint import take_fingerprint
from ...prepare.patches import PatchSet
from ...words import at_the_command_line, flag, option, setting
from ..desk.provenance import input_record, versions
from .opened import Job

if TYPE_CHECKING:
    from ...learn.callbacks import LoopState

PLAN_NAME = "plan.json"
KNOTS_NAME = "progress_knots.json"


def write_config(job: Job, folder: Path) -> None:
    """Write ``config.json``: what n2v reads, and what only we do."""
    s = job.method.settings
    modelfolder.write_config(
        folder,
        job.net,
        axes=job.axes,
        means=job.means,
        stds=job.stds,
        method=job.method.recorded_name,
        training={
            **job.method.n2v_names(),
            "train_epochs": s.epochs,
            "train_steps_per_epoch": s.steps_per_epoch,
            "train_learning_rate": s.learning_rate,
            "train_batch_size": s.batch,
        },
        own={
            "settings": dataclasses.asdict(s),
            **job.method.own_record(),
            "pixel_size": job.stacks[0].pixel_size,
            "intensity": {
                "minimum": min(survey.minimum for survey in job.surveys),
                "maximum": max(survey.maximum for survey in job.surveys),
            },
            "fingerprint": take_fingerprint(
                job.stacks,
                keep_strips=job.request.keep_strips,
                left_channels=job.left_channels,
            ),
            **({"struct_mask": job.mask_record} if job.mask_record else {}),
            **({"left_channels": list(job.left_channels)} if job.left_channels else {}),
        },
    )


def write_provenance(job: Job, patches: PatchSet, state: LoopState, folder: Path) -> dict[str, Any]:
    """Write ``provenance.json`` and return what it holds."""
    precision, _ = job.precision
    record = {
        **versions(),
        "command": list(job.request.command),
        "seed": job.request.seed,
        "repeat_with": repeat_words(job, state, precision),
        "method": job.method.recorded_name,
        "axes": job.axes,
        "settings": dataclasses.asdict(job.method.settings),
        "struct_mask": job.mask_record,
        "precision": precision,
        "inputs": [input_record(stack) for stack in job.stacks],
        "patches": {"train": len(patches.train), "validation": len(patches.validation)},
        "steps": state.step,
        "epochs": state.epoch,
        "training_seconds": round(state.seconds, 2),
        "best_val_loss": state.best_val_loss if math.isfinite(state.best_val_loss) else None,
        "needs_n2v_tools": list(needs_n2v_tools(job.net)),
    }
    for name, content in job.method.files().items():
        (folder / name).write_bytes(content)
    modelfolder.write_provenance(folder, record)
    return record


def complete_record(folder: Path) -> dict[str, Any] | None:
    """Provenance of a training that ended but never got its name; None for any other."""
    if has_state(folder) or not (folder / modelfolder.LAST).exists():
        return None
    return modelfolder.read_provenance(folder)


@at_the_command_line
def repeat_words(
    job: Job, state: LoopState, precision: str, knots: Path | None = None
) -> list[str]:
    """Words that repeat what a clock or a trial decided, in place of ``--minutes``.

    With `knots`, a file that holds them, the long list of what the clock decided is named only.
    """
    said: list[str] = []
    if job.request.minutes is not None:
        said += [option("epochs", max(state.epoch, 1)), setting("max_steps", state.step)]
        value = _knots_text(state) if knots is None else f"@{knots}"
        said.append(setting("progress_knots", value))
    if job.method.settings.precision == "auto":
        said.append(setting("precision", precision))
    return [word for one in said for word in one.split(" ", 1)]


def write_knots(state: LoopState, folder: Path) -> None:
    """Write what a clock decided, for `repeat_words`."""
    (folder / KNOTS_NAME).write_text(_knots_text(state) + "\n")


def _knots_text(state: LoopState) -> str:
    return json.dumps(state.knots, separators=(",", ":"))


def plan_of(job: Job) -> dict[str, Any]:
    """What must be equal for a training to be resumed, JSON values."""
    inputs = [input_record(stack) for stack in job.stacks]
    return {
        **dataclasses.asdict(job.method.settings),
        "method": job.method.name,
        "axes of the model": job.axes,
        "seed": job.request.seed,
        "keep_strips": job.request.keep_strips,
        "nan": job.request.nan,
        "use of --minutes": job.request.minutes is not None,
        "files": [file["file"] for one in inputs for file in one["files"]],
        "axes of the stacks": [one["axes"] for one in inputs],
        "content of the files": [
            *(file["sha256"] for one in inputs for file in one["files"]),
            *(one["pixels_sha256"] for one in inputs if "pixels_sha256" in one),
        ],
    }


def write_plan(job: Job, folder: Path) -> None:
    """Write the plan, whole or not at all."""
    with replacing(folder / PLAN_NAME, place="models") as temporary:
        temporary.write_text(json.dumps(plan_of(job), indent=1))


def require_same_plan(job: Job, folder: Path) -> None:
    """Refuse to go on with another training than the one that was interrupted.

    UsageError naming the first difference, or ModelError if the plan cannot be read.
    """
    try:
        before = modelfolder.read_json(folder / PLAN_NAME)
    except ModelError:
        raise ModelError(
            f"{folder}: the plan of the interrupted training cannot be read. Start anew with "
            f"{flag('overwrite')}."
        ) from None
    now = json.loads(json.dumps(plan_of(job)))
    different = [key for key in now if now[key] != before.get(key)]
    if different:
        key = different[0]
        was = "" if "content" in key else f" (was {before.get(key)}, is {now[key]})"
        raise UsageError(
            f"{flag('resume')}: the {key} changed since the training was interrupted{was}. Repeat "
            f"the first command with {flag('resume')}, or start anew with {flag('overwrite')}."
        )
