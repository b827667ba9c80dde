"""The table of methods: one row each, and the names that are still to come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from ..settings import nearest
from .base import Method
from .n2v import N2V, N2V2, PRESETS

METHODS: dict[str, Callable[..., Method]] = {"n2v": N2V, "n2v2": N2V2}
WITH_SETTINGS: dict[str, dict[str, object]] = {"structn2v": {"struct_mask": "auto"}}  # of n2v
LATER = ("video", "n2n", "deepcad", "cellmincer", "hdn", "deconoising")
PRESETS_LATER = ("deepcad-rt",)


def find_method(name: str) -> Any:
    """Class of the method called `name`; ``auto`` is Noise2Void until movies have their own.

    Raises
    ------
    UsageError
        If the name is unknown, with the nearest known one, or not built yet.
    """
    if name == "auto" or name in WITH_SETTINGS:
        return N2V
    if name in LATER:
        raise UsageError(
            f"--method {name} is not available yet. Known: {', '.join(method_names())}."
        )
    if name not in METHODS:
        raise UsageError(
            f"--method {name}: no such method.{nearest(name, method_names())} "
            f"Known: {', '.join(method_names())}."
        )
    return METHODS[name]


def method_names() -> tuple[str, ...]:
    """Every name that ``--method`` takes."""
    return ("auto", *METHODS, *WITH_SETTINGS)


def method_settings(name: str) -> dict[str, object]:
    """Settings that the method called `name` changes of the class it shares with another."""
    return WITH_SETTINGS.get(name, {})


def preset_settings(name: str) -> dict[str, object]:
    """Settings that the preset called `name` changes.

    Raises
    ------
    UsageError
        If the name is unknown or not built yet.
    """
    if name in PRESETS_LATER:
        raise UsageError(f"--preset {name} is not available yet. Known: {', '.join(PRESETS)}.")
    if name not in PRESETS:
        raise UsageError(
            f"--preset {name}: no such preset.{nearest(name, PRESETS)} Known: {', '.join(PRESETS)}."
        )
    return PRESETS[name]
