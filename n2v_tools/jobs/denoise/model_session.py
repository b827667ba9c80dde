"""Session of a trained model: its engine and weights, loaded when the first file needs them.

Tests: ``tests/cli/test_cli_denoise.py``.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...contracts import RESTORED, Output, Restorer
from ...errors import StackError, UsageError
from ...io.sha256 import sha256_of
from ...methods.table import rows
from ...modelfolder import Model, find_model, read_model, weights_file
from ...prepare.part import idle_channels
from ...restore.brightness import Fitted, are_outside, fit_grey_levels
from ...restore.match import match_axes
from ...restore.training_data import Seen, check_fit, learned_by, look_at
from ...settings import settings_from
from ...stack import Stack
from ...words import flag, option
from ..desk.progress import Progress
from ..desk.provenance import is_among
from .request import DenoiseRequest
from .session import Prepared, Session


@dataclass(frozen=True)
class Modelled(Session):
    """A session with a model."""

    request: DenoiseRequest  # with a `model`
    model: Model
    settings: Any  # those that its method lets ``--set`` change; None without any
    progress: Progress = field(repr=False)

    @classmethod
    def of(cls, request: DenoiseRequest, models_dir: Path, progress: Progress) -> Modelled:
        """Read what the folder of the model says, and whether it has what `request` sets.

        ModelError if there is no such model, or it is damaged; UsageError if it has nothing to set,
        or a setting contradicts an option.
        """
        model = read_model(find_model(str(request.model), models_dir))
        settings = _settings(model, request)
        for warning in model.warnings:
            progress.warn(warning)
        if not model.weights_sha256:
            progress.detail(f"model {model.name}: no hash to check its weights by")
        return cls(request, model, settings, progress)

    @property
    def own_outputs(self) -> tuple[Output, ...]:
        """What its method gives with these settings."""
        return (RESTORED,) if self.settings is None else self.settings.outputs

    def require_fit(self, stack: Stack) -> None:
        """Raise if axes or channels do not fit."""
        match_axes(stack, self.model)

    def prepare(self, stack: Stack) -> Prepared:
        """Return the same Restorer for every stack whose grey levels the model has learned.

        StackError if they cannot be brought to those, unless what comes out is asked for all the
        same.
        """
        fitted, notes, warnings = self._fit(stack)
        model: dict[str, Any] = {
            "name": self.model.name,
            "method": self.model.method,
            "weights_sha256": self._weights_sha256,
        }
        settings: dict[str, Any] = {
            "engine": self.engine,
            "precision": self.precision,
            "tta": self.request.tta,
        }
        if self.settings is not None:
            settings.update(dataclasses.asdict(self.settings))
        if fitted.levels:
            model["grey_levels"] = [dataclasses.asdict(one) for one in fitted.levels]
        warnings += self._left_images(stack)
        notes += [
            f"channel {channel} is left as it is: there was nothing in it when {self.model.name} "
            "was trained"
            for channel in self.model.left_channels
        ]
        return Prepared(fitted.restorer, {"model": model}, settings, notes, warnings)

    def _fit(self, stack: Stack) -> tuple[Fitted, list[str], list[str]]:
        """Fit the Restorer to a stack; what is done to it, and what in it was not learned."""
        keep_strips = self.request.keep_strips
        seen = look_at(stack, keep_strips=keep_strips) if self.model.means else []
        learned = learned_by(self.model, len(seen))
        warnings = check_fit(stack, self.model, seen)
        if warnings or any(are_outside(seen, learned)):
            # What it was trained on is not unlike it, whatever the statistics say.
            if is_among((self.model.provenance or {}).get("inputs"), stack):
                return Fitted(self._restorer, seen), [], []
            fitted = fit_grey_levels(stack, self._restorer, seen, learned, keep_strips=keep_strips)
        else:
            fitted = Fitted(self._restorer, seen)
        if fitted.much_is_lost and not self.request.force:
            raise StackError(
                f"{stack.name}: {self._unlike(seen, learned)}, and in a trial most of the image "
                f"was lost. Train on this data, take a filter ({option('method')}), or pass "
                f"{flag('force')} to see what comes out."
            )
        lost = ["most of the image was lost in a trial"] if fitted.much_is_lost else []
        if not fitted.levels:
            return fitted, [], lost + warnings
        gains = ", ".join(f"{one.gain:.3g}" for one in fitted.levels)
        note = f"{self._unlike(seen, learned)}: the net is shown them times {gains}"
        return fitted, [note], lost + check_fit(stack, self.model, fitted.seen, fitted=True)

    def _unlike(self, seen: Sequence[Seen], learned: Sequence[Seen]) -> str:
        """Say what grey levels there are and what the model learned, of the first such channel."""
        first = are_outside(seen, learned).index(True)
        here, there = seen[first], learned[first]
        known = f" with {there.std:.4g}" if there.std else ""
        return (
            f"its grey levels ({here.mean:.5g} with deviation {here.std:.4g}) are not those that "
            f"the model {self.model.name} learned ({there.mean:.5g}{known})"
        )

    def _left_images(self, stack: Stack) -> list[str]:
        """Warn of images in channels that the model leaves as they are."""
        if not self.model.left_channels:
            return []
        idle = idle_channels(stack)
        return [
            f"channel {channel} holds an image, but the model {self.model.name} leaves it as it "
            "is: train on files in which it holds one"
            for channel in self.model.left_channels
            if channel not in idle
        ]

    @property
    def engine(self) -> str | None:  # type: ignore[override]
        """What runs the net."""
        return self._restorer.engine

    @property
    def precision(self) -> str | None:  # type: ignore[override]
        """Arithmetic of the net."""
        return self._restorer.precision

    @functools.cached_property
    def _weights_sha256(self) -> str:
        return sha256_of(weights_file(self.model))

    @functools.cached_property
    def _restorer(self) -> Restorer:
        """Load an engine and the weights."""
        from ...modelfolder.open import open_restorer
        from ...restore.engine import choose_engine

        model, request = self.model, self.request
        possible = model.net.engines
        if self.settings is not None:
            possible = self.settings.engines or possible
        engine, reason = choose_engine(request.engine, possible)
        restorer = open_restorer(
            model, request.precision, engine, settings=self.settings, seed=request.seed
        )
        chosen = f"{option('engine', restorer.engine)} {option('precision', restorer.precision)}"
        self.progress.note(f"runs with {chosen} (engine: {reason})")
        reach = ", ".join(
            f"{axis} {px}" for axis, px in zip(model.axes, restorer.reach_px, strict=True)
        )
        self.progress.detail(f"model {model.name}: a pixel of the output sees {reach} px far")
        return restorer


def _settings(model: Model, request: DenoiseRequest) -> Any:
    """What ``--set`` changes of how a model's method restores; None where nothing is given.

    UsageError if the method has nothing to set, a setting does not exist, or options contradict.
    """
    row = rows().get(model.method)
    kind = None if row is None else row.load("restoring")
    if not request.settings:
        return None
    if kind is None:
        known = ", ".join(one.name for one in rows().values() if one.restoring)
        raise UsageError(
            f"{option('set')} goes with {option('method')}, or with a model of {known}, but "
            f"{model.name} is a {model.method} model. Leave it out."
        )
    settings = settings_from(kind, request.settings, option("set"))
    given = {**vars(request), **request.settings}
    settings.check(model.name, None if model.section is None else model.section.record, given)
    return settings
