"""Checks before a comparison: one stack, its truth, free names, methods that there are."""

from __future__ import annotations

import time

from ...errors import UsageError
from ...filters.table import FILTERS
from ...methods.table import learning_rows, rows
from ...settings import nearest
from ...words import flag, option
from ..desk.choices import LEAST_MINUTES
from ..desk.output_names import Naming, require_absent, require_folder, require_inputs_kept, stem_of
from ..desk.single import Single
from ..train.request import TrainRequest, method_for
from .request import CompareRequest

FIGURE, CSV, MARKDOWN, MODELS = "comparison.png", "comparison.csv", "comparison.md", "models"


def check_request(request: CompareRequest) -> list[str]:
    """Return the methods that learn; nothing is opened.

    Raises
    ------
    UsageError
        For a method that is unknown, with the nearest known one, or named twice; options
        that contradict each other; too few minutes.
    """
    learnt = [row.name for row in learning_rows()]
    known = [*FILTERS, *learnt]
    asked, listed = option("methods"), ", ".join(known)
    for name in request.methods:
        if name not in known:
            near = nearest(name, known)
            raise UsageError(f"{asked}: {name!r} is not a method.{near} Known: {listed}.")
        if request.methods.count(name) > 1:
            raise UsageError(f"{asked} names {name} twice; name each once.")
    if not request.methods:
        raise UsageError(f"{asked} is empty: name some of {listed}.")
    learning = [name for name in request.methods if name in learnt]
    least = LEAST_MINUTES * len(learning)
    if request.minutes < least:
        raise UsageError(
            f"{option('minutes', f'{request.minutes:g}')} is shared by {len(learning)} methods "
            f"that learn; give {least:g} or more."
        )
    if request.struct_mask is not None and not any(map(_has_mask, learning)):
        masked = " and ".join(filter(_has_mask, learnt))
        raise UsageError(f"{option('struct_mask')} is for {masked}, which {asked} does not name.")
    for name in learning:  # settings that cannot be are refused before the first training
        method_for(train_request(name, "model", request, request.minutes))
    return learning


def require_free(request: CompareRequest, one: Single) -> None:
    """Raise if an output exists or is an input.

    Raises
    ------
    OutputError
        Naming all that exist.
    UsageError
        If an input would be replaced.
    """
    require_folder(request.output)
    stem = stem_of(one.source)
    names = [request.output / name for name in (FIGURE, CSV, MARKDOWN)]
    files = [
        Naming(request.output, f"_{method}", "tiff").output_for(one.source)
        for method in request.methods
    ]
    models = [request.output / MODELS / f"{stem}_{m}" for m in request.methods if m not in FILTERS]
    require_inputs_kept([*names, *files], one.files)
    if not request.overwrite:
        remedy = f"Pass {flag('overwrite')} to replace, or another {option('output')}."
        require_absent([*names, *files, *models], remedy)


def train_request(method: str, name: str, request: CompareRequest, minutes: float) -> TrainRequest:
    """Return what `n2v-train` would be asked to do for one method, its clock running."""
    return TrainRequest(
        stacks=(request.input,),
        models_dir=request.output / MODELS,
        axes=request.axes,
        method=method,
        model=name,
        patch=request.patch,
        struct_mask=request.struct_mask if _has_mask(method) else None,
        minutes=minutes,
        seed=request.seed,
        keep_strips=request.keep_strips,
        nan=request.nan,
        overwrite=request.overwrite,
        command=request.command,
        started=time.monotonic(),
    )


def _has_mask(method: str) -> bool:
    """Whether a method is one that hides more than single pixels."""
    return "struct_mask" in rows()[method].settings
