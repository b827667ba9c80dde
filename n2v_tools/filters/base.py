"""The contract of a filter: settings that know how to filter.

A filter is a frozen dataclass. What is None in it is estimated from a sample of the image
(`pieces`), or chosen without truth (`invariance`); with everything filled in it filters one
channel of a plane or a volume. Grey levels are counts throughout.

Tests: ``tests/filters/test_filter_contract.py``.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from ..errors import SettingsError
from ..words import setting
from .pieces import Sample

S = TypeVar("S", bound="Filter")

PLANE, DEPTH = slice(-2, None), slice(0, -2)  # of the axes
COMMON = ("auto", "gain", "floor")  # settings that are not the filter's own


@dataclass(frozen=True)
class Filter(ABC):
    """Settings of a filter and what they do.

    Parameters
    ----------
    auto : {"estimate", "j-invariant"}
        How the main parameter is found where it is not given: estimated from the noise, or the
        one with the smallest error on hidden pixels.
    gain, floor : float or None
        Noise for ``--variance-stabilise``, as in `noise.level.Noise`: counts, counts squared. None:
        measured.
    """

    auto: Literal["estimate", "j-invariant"] = "estimate"
    gain: float | None = None
    floor: float | None = None

    name: ClassVar[str]
    main: ClassVar[str]  # the parameter that j-invariance chooses
    by_noise: ClassVar[str]  # the parameter that is estimated from the noise
    bytes_per_px: ClassVar[int]  # of working memory, for one channel

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            require_number(field.name, getattr(self, field.name))
        if self.gain is not None:
            require_number("gain", self.gain, above=0)

    def for_geometry(self: S, spacing: tuple[float, ...]) -> S:
        """Return the filter for fields of ``len(spacing)`` axes, or refuse what does not fit.

        A main parameter that has values for some axes gets one for each. `spacing` is the distance
        between pixels along each axis, over the smallest of them.

        Raises
        ------
        SettingsError
            If a setting has another number of axes, or cannot be used with this spacing.
        """
        value = getattr(self, self.main)
        if not isinstance(value, tuple):
            return self
        filled: dict[str, Any] = {self.main: per_axis(self.main, value, len(spacing))}
        return dataclasses.replace(self, **filled)

    @abstractmethod
    def estimated(self: S, sample: Sample) -> S:
        """Return the filter with what is None estimated from `sample`."""

    @abstractmethod
    def candidates(self: S, sample: Sample) -> tuple[S, ...]:
        """Filled-in filters that differ in the main parameter, the gentlest first."""

    def along(self: S, axes: slice) -> tuple[S, ...]:
        """Filled-in filters that differ from this one, filled in too, along some axes alone.

        `axes` are the plane or the depth of a volume. Empty where one value is for all axes.
        """
        return ()

    @abstractmethod
    def reach_px(self, n_axes: int) -> tuple[int, ...]:
        """How far a pixel can influence the output; everything must be filled in."""

    @abstractmethod
    def apply(self, field: np.ndarray) -> np.ndarray:
        """Filter one channel of finite float32 counts ([Z,] Y, X), which stay as they are."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The filter's own settings, for the record."""
        own = (f.name for f in dataclasses.fields(self) if f.name not in COMMON)
        return {name: getattr(self, name) for name in own if getattr(self, name) is not None}

    @property
    def options(self) -> str:
        """What repeats it with ``n2v-denoise``: its settings that are not the defaults."""
        default = {f.name: f.default for f in dataclasses.fields(self)}
        changed = {key: v for key, v in self.parameters.items() if v != default[key]}
        if set(changed.get("spacing", ())) == {1.0}:
            del changed["spacing"]
        return " ".join(setting(key, _text(value)) for key, value in changed.items())


def require_number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    least: float | None = None,
    most: float | None = None,
    unit: str = "",
) -> None:
    """Raise SettingsError unless `value` is finite and within the bounds.

    It is a number or a tuple of them; anything else passes. `name` is the setting and `unit` that
    of `most`, for the message.
    """
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, bool) or not isinstance(one, (int, float)):
            continue
        if not math.isfinite(one):
            raise SettingsError(f"{setting(name, one)}: it must be a finite number.")
        if above is not None and one <= above:
            raise SettingsError(f"{setting(name, f'{one:g}')}: it must be more than {above:g}.")
        if least is not None and one < least:
            raise SettingsError(f"{setting(name, f'{one:g}')}: it must be {least:g} or more.")
        if most is not None and one > most:
            bound = f"{most:g} {unit}".rstrip()
            raise SettingsError(f"{setting(name, f'{one:g}')}: at most {bound} are possible.")


def per_axis(name: str, values: Sequence[Any], n_axes: int) -> tuple[Any, ...]:
    """One value for each axis: one for all, or as many as there are axes.

    Raises
    ------
    SettingsError
        If there are other numbers of values.
    """
    if len(values) == 1:
        return tuple(values) * n_axes
    if len(values) != n_axes:
        axes = "Y,X" if n_axes == 2 else "depth,Y,X"
        raise SettingsError(
            f"{setting(name, _text(tuple(values)))}: there are {len(values)} values for "
            f"{n_axes} axes. Give one for all, or {n_axes}: {axes}."
        )
    return tuple(values)


def with_axes(values: tuple[Any, ...], axes: slice, value: Any) -> tuple[Any, ...]:
    """The same values with another one for some axes."""
    changed = list(values)
    changed[axes] = [value] * len(changed[axes])
    return tuple(changed)


def _text(value: Any) -> str:
    """As ``--set`` reads it."""
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
