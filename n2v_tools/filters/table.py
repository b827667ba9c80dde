"""The filters by name, and one of them made for a stack.

Tests: ``tests/filters/test_filter_contract.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..errors import AxesError, SettingsError, UsageError
from ..settings import nearest, settings_from
from ..stack import Stack
from ..words import flag, option, setting
from .base import Filter
from .diffusion import Diffusion
from .gaussian import Gaussian
from .median import Median
from .names import NAMES
from .nlm import NonLocalMeans
from .restorer import Channel, FilterRestorer

FILTERS: dict[str, type[Filter]] = {
    one.name: one for one in (Median, Gaussian, Diffusion, NonLocalMeans)
}


def read_settings(
    name: str, values: Mapping[str, object] | None = None, *, stabilise: bool = False
) -> Filter:
    """Settings of the filter called `name`.

    Parameters
    ----------
    name : str
        One of `names.NAMES`.
    values : mapping of str to value
        Fields to set, text as given to ``--set`` included.
    stabilise : bool
        Whether the noise is to be made equally strong, which alone uses ``gain`` and ``floor``.

    Raises
    ------
    UsageError
        If the name or a setting is unknown, with the nearest known one, or settings contradict
        each other.
    """
    if name not in FILTERS:
        raise UsageError(
            f"{option('method', name)}: there is no such filter.{nearest(name, NAMES)} "
            f"Known: {', '.join(NAMES)}."
        )
    settings = settings_from(FILTERS[name], values or {}, option("set"))
    if settings.auto == "j-invariant" and getattr(settings, settings.main) is not None:
        raise SettingsError(
            f"{setting('auto', 'j-invariant')} chooses {settings.main}, which is given too. "
            "Give one of both."
        )
    if not stabilise and (settings.gain is not None or settings.floor is not None):
        used_by = flag("variance_stabilise")
        raise SettingsError(f"{setting('gain')} and floor are used by {used_by}: add it.")
    if settings.floor is not None and settings.gain is None:
        needed = setting("gain")
        raise SettingsError(f"{setting('floor')} needs {needed} too: counts per photoelectron.")
    return settings


def filter_for(
    stack: Stack, settings: Filter, *, dims: int = 2, stabilise: bool = False, seed: int = 0
) -> FilterRestorer:
    """Make a Restorer of a filter for one stack; no pixel is read.

    Parameters
    ----------
    stack : Stack
        Its channels get parameters of their own.
    settings : Filter
        As `read_settings` returns them.
    dims : {2, 3}
        Filter planes, or volumes along Z where there is Z, else along T.
    stabilise : bool
        Make the noise equally strong before the filter.
    seed : int
        For the choice without truth.

    Raises
    ------
    AxesError
        If there is no third axis.
    SettingsError
        If a setting does not fit the axes or the stack's pixel sizes.
    """
    axes = "YX"
    if dims == 3:
        depth = [axis for axis in "ZT" if axis in stack.axes]
        if not depth:
            raise AxesError(
                f"{stack.name}: axes {stack.axes} have neither Z nor T, which {option('dims', 3)} "
                f"filters along. Pass {option('dims', 2)}, or the right axes with {option('axes')}."
            )
        axes = depth[0] + axes
    filled = settings.for_geometry(relative_spacing(stack, axes))
    n_channels = stack.sizes.get("C", 1)
    return FilterRestorer(axes, (Channel(filled),) * n_channels, stabilise, seed)


def relative_spacing(stack: Stack, axes: str) -> tuple[float, ...]:
    """Distance of neighbours along each of `axes` (``YX``, ``ZYX`` or ``TYX``) over the smallest.

    1 for T and unknown ones.
    """
    known = {a: stack.spacing[a] for a in axes if a in "ZYX" and a in stack.spacing}
    known = {a: h for a, h in known.items() if math.isfinite(h) and h > 0}
    finest = min(known.values(), default=1.0)
    return tuple(known[a] / finest if a in known else 1.0 for a in axes)
