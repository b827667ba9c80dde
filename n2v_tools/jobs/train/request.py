"""Request of ``n2v-train``, and the method that it adds up to before any file is opened.

Tests: ``tests/jobs/train/test_run.py``.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...claim import LONGEST_NAME_BYTES
from ...contracts import Method
from ...errors import UsageError
from ...io.address import Address
from ...methods.table import find_row, preset_settings
from ...settings import settings_from
from ...stack import Stack
from ...words import option, setting
from ..desk.output_names import stem_of

OPTIONS = {  # field of a request, that stands for a setting of the method: its name
    "patch": "patch_px",
    "patches": "n_patches",
    "validation": "validation",
    "epochs": "epochs",
    "steps": "steps_per_epoch",
    "batch": "batch_size",
    "struct_mask": "struct_mask",
}


@dataclass(frozen=True)
class TrainRequest:
    """What ``n2v-train`` was asked to do; None means not said."""

    stacks: tuple[str | Stack, ...]  # files, folders or globs, or stacks that are open already
    models_dir: Path  # where models live
    axes: str | None = None
    depth: str | None = None
    method: str = "auto"  # names in `methods.table`
    preset: str = "default"  # likewise
    model: str | None = None  # name of the model
    # from here to `struct_mask`: options that stand for settings of the method
    patch: tuple[int, ...] | None = None
    patches: int | None = None
    validation: float | None = None
    epochs: int | None = None
    steps: int | None = None
    batch: int | None = None
    struct_mask: str | None = None
    minutes: float | None = None  # end this long after `started`
    resume: bool = False
    overwrite: bool = False
    dry_run: bool = False
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)  # what ``--set`` named
    keep_strips: bool = False
    nan: str = "refuse"  # refuse or fill; what to do with pixels that are not finite
    command: tuple[str, ...] = ()  # the words of the command, for the record
    # when the command started, on `time.monotonic`
    started: float = field(default_factory=time.monotonic)

    @property
    def patch_chosen(self) -> bool:
        """Whether the patch was asked for, so that it must not be made smaller."""
        return self.patch is not None or "patch_px" in self.settings


def method_for(request: TrainRequest) -> Method:
    """Method and settings that a request adds up to; nothing is opened.

    UsageError for an unknown method, preset or setting, one given twice, or an option that means
    nothing to the method.
    """
    row = find_row(request.method)
    kind = row.load("method")
    defaults = kind().settings
    given = _given(request, kind.name, defaults)
    if request.minutes is not None and {"epochs", "max_steps"} & {*given, *request.settings}:
        raise UsageError(
            f"{option('minutes')} and a number of epochs contradict: give one of them."
        )
    values = {
        **dataclasses.asdict(defaults),
        **row.settings,
        **preset_settings(request.preset, request.method),
        **request.settings,
        **given,
    }
    method = kind(settings_from(type(defaults), values, option("set")))
    hides_nothing = method.settings.struct_mask != "auto" and method.settings.mask is None
    if row.settings and hides_nothing:
        raise UsageError(
            f"{option('method', request.method)} and "
            f"{option('struct_mask', method.settings.struct_mask)}, which hides nothing, "
            "contradict: leave one of them out."
        )
    if method.movie_axes and request.depth:
        raise UsageError(
            f"{option('depth')} means nothing to {option('method', kind.name)}: leave it out."
        )
    if len(method.settings.patch_px) == 2 and request.depth:
        raise UsageError(
            f"{option('depth')} is for 3D patches: add {option('patch')} with three edges "
            "(16,64,64)."
        )
    method.net_settings(n_channels=1)  # refuses a net that cannot be built
    return method


def _given(request: TrainRequest, method: str, defaults: Any) -> dict[str, Any]:
    """Settings that options were given for."""
    known = {one.name for one in dataclasses.fields(defaults)}
    given = {}
    for key, name in OPTIONS.items():
        value = getattr(request, key)
        if value is None:
            continue
        if name not in known:
            raise UsageError(
                f"{option(key)} means nothing to {option('method', method)}: leave it out."
            )
        if name in request.settings:
            raise UsageError(f"{setting(name)} and {option(key)} contradict: give one of them.")
        given[name] = value
    return given


def model_name(request: TrainRequest, first_stack: str, method: str) -> str:
    """Name asked for, else the stem of the first stack and the method's name."""
    if request.model:
        return request.model
    file = Address.parse(first_stack).file
    stem = re.sub(r"[^\w.-]+", "_", stem_of(file)).encode()[: LONGEST_NAME_BYTES - len(method) - 1]
    return f"{stem.decode(errors='ignore').strip('._') or 'model'}_{method}"
