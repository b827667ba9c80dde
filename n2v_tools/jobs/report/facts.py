"""Facts of a report: tables of how a file was made, and the commands that make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...io.sha256 import sha256_of
from ...report.plain import count_text, value_text
from ...report.values import Command, Table
from ...stack import Stack
from ..evaluate.result import Evaluation
from ..evaluate.scoreboard import as_rows, legend
from .answers import filter_settings, model_name
from .record import Trained
from .request import ReportRequest
from .sources import Sources

MOST_FILES = 12
SETTINGS = {
    "patch_px": "patch, px",
    "masked_percent": "hidden, % of pixels",
    "replacement": "hidden pixels replaced by",
    "batch_size": "patches in a batch",
    "learning_rate": "first learning rate",
    "loss": "loss",
    "unet_n_depth": "depth of the U-Net",
    "unet_n_first": "filters at the first level",
}
LENGTH = {"epochs": "epochs", "steps": "steps", "best_val_loss": "best validation loss"}
SWITCHES = {
    "engine": "computed by",
    "precision": "arithmetic",
    "tta": "averaged over flips and turns",
    "keep_strips": "zeros treated as data",
    "nan": "pixels that are not numbers",
    "hot": "pixels far off the data",
    "seed": "seed",
}

Rows = Iterator[tuple[str, str]]


def fact_tables(sources: Sources) -> tuple[Table, ...]:
    """Tables of the files, of the denoising, and of the model."""
    tables = [
        _table("The files", _file_rows(sources)),
        _table("The denoising", _denoising_rows(sources)),
    ]
    if sources.trained is not None:
        tables.append(_table("The model", _model_rows(sources.trained)))
    return tuple(table for table in tables if table.rows)


def scores_table(evaluation: Evaluation) -> tuple[Table, tuple[str, ...]]:
    """The measures against the truth, and how to read them."""
    head, *rows = as_rows(evaluation)
    table = Table("Measures against the clean file", tuple(head), tuple(map(tuple, rows)))
    notes = [*legend(evaluation), *(f"Note: {note}." for note in evaluation.notes)]
    if evaluation.rules.affine:
        notes.append("Pictures and profiles show the clean file scaled back by that fit.")
    return table, tuple(notes)


def commands_of(sources: Sources, request: ReportRequest) -> tuple[Command, ...]:
    """The commands of the training, the denoising and this report, as they were given."""
    made = []
    if sources.trained is not None:
        provenance = sources.trained.provenance
        words = provenance.command
        repeat = provenance.values.get("repeat_with")
        if words:
            note = ""
            if isinstance(repeat, list) and repeat:
                options = shlex.join(map(str, repeat))
                note = f"With these options it repeats what a clock or a trial decided: {options}"
            made.append(Command("Train the model", shlex.join(words), note))
    if sources.record.command:
        made.append(
            Command(
                "Denoise the file",
                shlex.join(sources.record.command),
                "As it was given; relative names are seen from the folder where it ran.",
            )
        )
    if request.command:
        made.append(Command("Make this page", shlex.join(request.command)))
    return tuple(made)


def _table(caption: str, rows: Rows) -> Table:
    return Table(caption, (), tuple(rows))


def _file_rows(sources: Sources) -> Rows:
    for role, stack in sources.stacks.items():
        found = f" ({sources.found})" if role == "noisy" and sources.found else ""
        yield role, _describe(stack) + found
        for file in stack.files[:1]:
            yield f"{role}, SHA-256", sha256_of(file)
    size = sources.restored.pixel_size
    if size is not None:
        unit = size["unit"] or ""
        known = [f"{axis} {size[axis]:.4g}" for axis in "ZYX" if size[axis] is not None]
        yield "pixel size", f"{', '.join(known)} {unit}".strip()
    interval = sources.restored.spacing.get("T")
    if interval is not None:
        yield "time between frames", f"{interval:.4g} s"


def _describe(stack: Stack) -> str:
    sizes = " × ".join(map(str, stack.array.shape))
    files = stack.files
    n_bytes = sum(file.stat().st_size for file in files)
    size = f", {n_bytes / 1e6:.3g} MB" if n_bytes else ""
    many = f" in {len(files)} files" if len(files) > 1 else ""
    return f"{Path(stack.name).name}: {stack.axes} of {sizes}, {stack.dtype.name}{size}{many}"


def _denoising_rows(sources: Sources) -> Rows:
    record = sources.record
    model = model_name(record, sources.trained)
    if model is not None:
        yield "model", model
        yield from _texts(
            record.part("model"), {"method": "method", "weights_sha256": "weights, SHA-256"}
        )
    filtered = record.part("filter")
    yield from _texts(filtered, {"method": "filter", "axes": "axes filtered"})
    parameters = filtered.get("parameters")
    for number, one in enumerate(parameters if isinstance(parameters, list) else []):
        yield f"settings of channel {number}", filter_settings(one)
    yield from _texts(record.part("settings"), SWITCHES)
    if record.frame is not None:
        yield "time point", str(record.frame)
    yield from _texts(record.values, {"n2v_tools": "n2v_tools"})


def _model_rows(trained: Trained) -> Rows:
    model, provenance = trained.model, trained.provenance
    yield "name", model.name
    yield "method", model.method
    yield "axes it takes", f"{model.axes}, {count_text(model.n_channels, 'channel')}"
    yield from _texts(provenance.values, {"date": "trained"})
    yield from _learned_rows(provenance.values.get("inputs"))
    patches = provenance.part("patches")
    if patches:
        yield "patches", ", ".join(f"{name} {count}" for name, count in patches.items())
    yield from _texts(provenance.values, LENGTH)
    seconds = provenance.values.get("training_seconds")
    if isinstance(seconds, (int, float)):
        yield "time", f"{seconds / 60:.1f} min"
    yield from _texts(provenance.part("settings"), SETTINGS)
    yield "weights, SHA-256", trained.weights_sha256
    yield from _texts(provenance.values, {"n2v_tools": "n2v_tools", "python": "Python"})
    packages = provenance.part("packages")
    if packages:
        yield "libraries", ", ".join(f"{name} {version}" for name, version in packages.items())


def _learned_rows(inputs: Any) -> Rows:
    if not isinstance(inputs, list):
        return
    for one in inputs[:MOST_FILES]:
        if isinstance(one, Mapping):
            shape = one.get("shape")
            sizes = " × ".join(map(str, shape)) if isinstance(shape, list) else "?"
            name = Path(str(one.get("name", "?"))).name
            yield "learned from", f"{name}: {one.get('axes', '?')} of {sizes}"
    if len(inputs) > MOST_FILES:
        yield "learned from", f"and {len(inputs) - MOST_FILES} more files"


def _texts(values: Mapping[str, Any], names: Mapping[str, str]) -> Rows:
    """Values that are there, under the names a reader understands."""
    for key, name in names.items():
        value = values.get(key)
        if value is None or isinstance(value, Mapping):
            continue
        if isinstance(value, bool):
            value = "yes" if value else "no"
        yield name, value_text(value, digits=6)
