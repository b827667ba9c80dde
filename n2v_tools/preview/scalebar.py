"""Scale bar of a round length."""

from __future__ import annotations

import math
from dataclasses import dataclass

UNITS = (("mm", 1000.0), ("µm", 1.0), ("nm", 0.001))
MOST_OF_PANEL = 0.4


@dataclass(frozen=True)
class Bar:
    """What is drawn."""

    length_px: int
    label: str  # its length with the unit


def choose_bar(panel_px: int, pixel_um: float | None, most: float = MOST_OF_PANEL) -> Bar | None:
    """Choose 1, 2 or 5 times a power of ten, at most a share of `most` of the panel.

    Widths of panel and pixel are as shown; a pixel's is None if unknown: there is no bar then.
    """
    if pixel_um is None or not 0 < pixel_um < math.inf:
        return None
    room = most * panel_px * pixel_um
    power = 10.0 ** math.floor(math.log10(room))
    length = max(step * power for step in (1, 2, 5) if step * power <= room * (1 + 1e-9))
    # From 1 mm or µm on that unit; what is smaller still is in nm.
    unit, factor = next((u for u in UNITS if length >= u[1] * (1 - 1e-9)), UNITS[-1])
    return Bar(max(1, round(length / pixel_um)), f"{length / factor:g} {unit}")
