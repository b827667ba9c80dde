"""The table of methods: one row each, and the names that are still to come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from ..settings import nearest
from .base import Method
from .deepcad import method as deepcad
from .n2n import method as n2n
from .n2v import method as n2v
from .video import method as video

METHODS: dict[str, Callable[..., Method]] = {
    "n2v": n2v.N2V,
    "n2v2": n2v.N2V2,
    "video": video.Video,
    "n2n": n2n.N2N,
    "deepcad": deepcad.DeepCAD,
}
PRESETS: dict[str, dict[str, dict[str, Any]]] = {  # of each method, by its name above
    "n2v": n2v.PRESETS,
    "n2v2": n2v.PRESETS,
    "video": video.PRESETS,
    "n2n": n2n.PRESETS,
    "deepcad": deepcad.PRESETS,
}
WITH_SETTINGS: dict[str, dict[str, object]] = {"structn2v": {"struct_mask": "auto"}}  # of n2v
LATER = ("cellmincer", "hdn", "deconoising")
PRESETS_LATER: tuple[str, ...] = ()


def find_method(name: str) -> Any:
    """Class of the method called `name`; ``auto`` stands for Noise2Void here.

    Raises
    ------
    UsageError
        If the name is unknown, with the nearest known one, or not built yet.
    """
    if name == "auto" or name in WITH_SETTINGS:
        return n2v.N2V
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


def preset_names() -> tuple[str, ...]:
    """Every name that ``--preset`` takes, whichever method it belongs to."""
    return tuple(dict.fromkeys(name for presets in PRESETS.values() for name in presets))


def preset_settings(name: str, method: str | None = None) -> dict[str, Any]:
    """Settings that the preset called `name` changes.

    Parameters
    ----------
    name : str
        As ``--preset`` takes it.
    method : str or None
        Whose preset it is, as ``--method`` takes it; None: of the first method that has one of
        this name, to learn whether there is any.

    Raises
    ------
    UsageError
        If the name is unknown, not built yet, or not one of this method.
    """
    known = preset_names() if method is None else tuple(PRESETS[find_method(method).name])
    owners = [owner for owner, presets in PRESETS.items() if name in presets]
    if name in known:
        return PRESETS[owners[0] if method is None else find_method(method).name][name]
    if owners:
        raise UsageError(
            f"--preset {name} is one of --method {' and '.join(owners)}; --method {method} has "
            f"{', '.join(known)}."
        )
    if name in PRESETS_LATER:
        raise UsageError(f"--preset {name} is not available yet. Known: {', '.join(known)}.")
    raise UsageError(
        f"--preset {name}: no such preset.{nearest(name, known)} Known: {', '.join(known)}."
    )
