"""Pixel size, Z spacing, frame interval and unit, as TIFF files spell them.

Unknown stays unknown: ImageJ writes an uncalibrated image as resolution 1 without a
unit (or unit "pixel"), and paint programs write the resolution of a screen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

SECONDS = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9, "ps": 1e-12,
    "min": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86400.0,
}  # fmt: skip
COARSEST_MICROSCOPE_UM = 20.0  # coarser than this is the resolution of a screen or a scanner
RESOLUTION_UNIT_UM = {2: 25400.0, 3: 10000.0}  # TIFF 6.0, tag 296: inch, centimetre
NO_UNIT = {"", "pixel", "pixels", "null"}


def imagej_calibration(
    header: Mapping[str, Any], resolution: Mapping[str, float | None], resolution_unit: int
) -> tuple[dict[str, float], str | None]:
    """Read what ImageJ wrote into its description and the resolution tags: spacing and unit.

    `header` has keys and values of the description, `resolution` the pixels per unit along ``X``
    and ``Y``, None where the tag is missing. `resolution_unit`, TIFF tag 296, counts only where the
    description has no unit.

    Notes
    -----
    ``fps`` is the speed of ImageJ's animation, not the frame interval: ImageJ itself
    reports no interval for a file that has only ``fps``.
    """
    unit = readable_unit(header.get("unit"))
    if unit is None and resolution_unit in RESOLUTION_UNIT_UM:
        spacing, unit = resolution_calibration(resolution, resolution_unit)
    else:
        known = {axis: 1 / value for axis, value in resolution.items() if value}
        spacing = {axis: v for axis, v in known.items() if unit is not None or v != 1}
        if str(header.get("unit", "")).strip() in NO_UNIT - {""}:
            spacing = {}
    depth = positive(header.get("spacing"), of_either_sign=True)
    if depth and (spacing or depth != 1) and header.get("zunit") in (None, header.get("unit")):
        spacing["Z"] = depth
    interval = positive(header.get("finterval"))
    seconds = SECONDS.get(str(header.get("tunit", "s")).strip().lower())
    if interval and seconds:
        spacing["T"] = interval * seconds
    return spacing, unit


def resolution_calibration(
    resolution: Mapping[str, float | None], resolution_unit: int
) -> tuple[dict[str, float], str | None]:
    """Read plain TIFF resolution tags, where they can be a microscope's.

    Returns the spacing along Y and X in micrometres, empty where unknown, and their unit.
    """
    micrometres = RESOLUTION_UNIT_UM.get(resolution_unit)
    if micrometres is None:
        return {}, None
    spacing = {axis: micrometres / value for axis, value in resolution.items() if value}
    spacing = {axis: v for axis, v in spacing.items() if v < COARSEST_MICROSCOPE_UM}
    return spacing, "µm" if spacing else None


def readable_unit(text: Any) -> str | None:
    r"""Return a unit in real characters (``\u00B5m`` is µm), or None where there is none."""
    if text is None:
        return None
    unit = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), str(text))
    unit = unit.replace("Âµ", "µ").strip()  # UTF-8 that was read as Latin-1
    return None if unit.lower() in NO_UNIT else unit


def imagej_unit(unit: str) -> str:
    r"""Return a unit in the ASCII that ImageJ's header takes (µm is ``\u00B5m``)."""
    one_line = " ".join(unit.split())
    return "".join(c if c.isascii() else f"\\u{ord(c):04X}" for c in one_line if ord(c) < 0x10000)


def positive(value: Any, of_either_sign: bool = False) -> float | None:
    """Return `value` as a finite number above zero, or None if it is no such number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    number = abs(number) if of_either_sign else number
    return number if math.isfinite(number) and number > 0 else None
