"""The section of a model folder that DecoNoising reads: the blur that its net's answer needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...contracts import Section
from ...errors import SettingsError
from ...nets.unet import NetSettings
from .psf import Psf, read_psf

MOST_PASSES = 16


@dataclass(frozen=True)
class Kept:
    """What is kept beside the weights."""

    psfs: tuple[Psf, ...]  # of each channel
    out_scale: float  # by which the net's normalised answer is multiplied
    backgrounds: tuple[float, ...]  # counts, of each channel
    sharpen: int = 0  # passes that sharpen the net's answer before the blur
    margin: bool = False  # it did not learn what borders look like: fields are reflected

    def record(self) -> dict[str, Any]:
        """JSON values for the model folder."""
        return {
            "psf": [psf.record() for psf in self.psfs],
            "out_scale": self.out_scale,
            "sharpen": self.sharpen,
            "margin": self.margin,
            "background": list(self.backgrounds),
        }


def read_section(own: Mapping[str, Any], net: NetSettings, folder: Path) -> Section:
    """Read what `Kept.record` wrote, which may come from anybody.

    SettingsError if it is anything else.
    """
    listed = own.get("psf")
    if not isinstance(listed, list) or len(listed) != net.n_channels:
        raise SettingsError(f"psf must be a list of one for each of {net.n_channels} channel(s).")
    scale = _number(own.get("out_scale"), "out_scale")
    if not 0.01 <= scale <= 1000:
        raise SettingsError(f"out_scale is {scale:g}; it must be 0.01 to 1000.")
    levels = own.get("background")
    if not isinstance(levels, list) or len(levels) != net.n_channels:
        raise SettingsError("background must be a list of one number for each channel.")
    backgrounds = tuple(_number(level, "background") for level in levels)
    psfs = tuple(read_psf(one, net.n_dim) for one in listed)
    passes = own.get("sharpen", 0)
    if isinstance(passes, bool) or not isinstance(passes, int) or not 0 <= passes <= MOST_PASSES:
        raise SettingsError(f"sharpen is {passes!r:.40}; it must be 0 to {MOST_PASSES}.")
    margin = own.get("margin", False)
    if not isinstance(margin, bool):
        raise SettingsError(f"margin is {margin!r:.40}; it must be true or false.")
    return Section(net, record=Kept(psfs, scale, backgrounds, passes, margin))


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SettingsError(f"{name} is {value!r:.40}; it must be a number.")
    return float(value)
