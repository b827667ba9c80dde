"""``--set legacy_rescale=true``: a DeepCAD model restores as the original program does."""

from __future__ import annotations

from ...errors import UsageError
from ...methods.deepcad.original import OriginalSettings
from ...modelfolder import Model
from ...settings import settings_from
from ..desk.requests import DenoiseRequest


def original_settings(model: Model, request: DenoiseRequest) -> OriginalSettings | None:
    """What ``--set`` says about a model; None if it restores as all do.

    Raises
    ------
    UsageError
        If the model has nothing to set, a setting does not exist, or options contradict.
    """
    if not request.settings:
        return None
    if model.net.layout != "deepcad":
        raise UsageError(
            f"--set goes with --method, or with a DeepCAD model, but {model.name} is a "
            f"{model.method} model. Leave it out."
        )
    settings = settings_from(OriginalSettings, request.settings, "--set")
    if not settings.legacy_rescale:
        others = set(request.settings) - {"legacy_rescale"}
        if others:
            raise UsageError(
                f"--set {min(others)} is about the original's tiles: add --set legacy_rescale=true."
            )
        return None
    if model.still:
        raise UsageError(
            f"--set legacy_rescale=true: {model.name} takes frames counted from what stands still, "
            "which the original does not. Train with --preset deepcad-rt or --set "
            "subtract_still=false."
        )
    contradicting = {
        "--tta": request.tta,
        "--uncertainty": request.uncertainty,
        "--engine openvino": request.engine == "openvino",
    }
    for option, given in contradicting.items():
        if given:
            raise UsageError(
                f"{option} and --set legacy_rescale=true contradict: give one of them."
            )
    return settings
