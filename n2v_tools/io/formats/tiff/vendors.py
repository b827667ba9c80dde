"""Tags of microscopes' own programs: pixel size, depth step and frame interval.

Each program records them in its own way, which tifffile decodes. What cannot be read, or makes
no sense, is unknown.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ....stack import MICROMETRES
from .scanimage import order_of_pages, read_header, spacing_of
from .spacing import SECONDS, positive, readable_unit

if TYPE_CHECKING:
    import tifffile

METRE = 1e6  # in micrometres
# NIH Image numbers its units from 5 on: nanometre, micrometre, mm, cm, m, km, inch.
NIH_UNITS_UM = {5: 1e-3, 6: 1.0, 7: 1e3, 8: 1e4, 9: 1e6, 10: 1e9, 11: 25400.0}
OLD_NIH_VERSION = 153  # until which the numbers began at 0
DAY_MS = 24 * 3600 * 1000
UNREADABLE = (
    ArithmeticError, AttributeError, IndexError, KeyError, OSError, TypeError, ValueError,
    struct.error,
)  # fmt: skip

Spacing = Mapping[str, float | None]


def vendor_spacing(tif: tifffile.TiffFile) -> dict[str, float]:
    """Spacing along Z, Y and X in micrometres and along T in seconds; unknown ones are left out."""
    found: dict[str, float] = {}
    for kind, read in READERS.items():
        if getattr(tif, f"is_{kind}"):
            try:
                raw = read(tif)
            except UNREADABLE:
                continue
            checked = {axis: positive(value) for axis, value in raw.items()}
            found = {axis: value for axis, value in checked.items() if value} | found
    return found


def channel_names(tif: tifffile.TiffFile) -> list[str]:
    """Names that Zeiss or Micro-Manager gave to the channels; none if unknown."""
    try:
        if tif.is_lsm:
            return [str(name) for name in (tif.lsm_metadata or {})["ChannelColors"]["ColorNames"]]
        if tif.is_micromanager:
            return [str(name) for name in _summary(tif)["ChNames"]]
    except UNREADABLE:
        pass
    return []


def _metamorph(tif: tifffile.TiffFile) -> Spacing:
    tags = tif.stk_metadata or {}
    unit = _micrometres(tags.get("CalibrationUnits")) or 0
    unit *= bool(tags.get("SpatialCalibration", True))
    times = np.diff(np.asarray(tags.get("TimeCreated", ()), float))
    return {
        "X": unit * tags.get("XCalibration", 0),
        "Y": unit * tags.get("YCalibration", 0),
        "Z": _typical(np.abs(tags.get("ZDistance", ()))),
        "T": _typical(times % DAY_MS) * 1e-3,  # they begin anew at midnight
    }


def _metaseries(tif: tifffile.TiffFile) -> Spacing:
    info = (tif.metaseries_metadata or {})["PlaneInfo"]
    unit = _micrometres(info.get("spatial-calibration-units")) or 0
    unit *= bool(info.get("spatial-calibration-state", True))
    return {axis: unit * info[f"spatial-calibration-{axis.lower()}"] for axis in "XY"}


def _zeiss(tif: tifffile.TiffFile) -> Spacing:
    tags = tif.lsm_metadata or {}
    interval = tags.get("TimeIntervall") or _typical(np.diff(tags.get("TimeStamps", ())))
    return {"T": interval, **{axis: METRE * tags[f"VoxelSize{axis}"] for axis in "XYZ"}}


def _olympus(tif: tifffile.TiffFile) -> Spacing:
    tags = tif.sis_metadata or {}
    times = np.asarray(tags.get("Time", {}).get("TimePos", ()), float)
    return {
        "X": METRE * tags.get("pixelsizex", 0),
        "Y": METRE * tags.get("pixelsizey", 0),
        "Z": _typical(np.abs(np.diff(tags.get("Z", {}).get("ZPos", ())))),
        "T": _typical(np.diff(times)) * 1e-3,
    }


def _fluoview(tif: tifffile.TiffFile) -> Spacing:
    found = {}
    for name, _, _, step, unit in (tif.fluoview_metadata or {})["Dimensions"]:
        axis = name.upper().replace("TIME", "T")
        factor = SECONDS.get(unit.lower()) if axis == "T" else _micrometres(unit)
        if axis in ("T", "Z", "Y", "X") and factor:
            found[axis] = factor * abs(step)
    return found


def _nih_image(tif: tifffile.TiffFile) -> Spacing:
    tags = tif.nih_metadata or {}
    number = tags["UnitsID"] + (5 if tags["Version"] <= OLD_NIH_VERSION else 0)
    unit = NIH_UNITS_UM.get(number, 0)
    pixel = unit / tags["XScale"] if tags["XScale"] else None
    return {
        "X": pixel,
        "Y": pixel and pixel / (tags["PixelAspectRatio"] or 1),
        "Z": unit * tags["SliceSpacing"],
        "T": tags["FrameInterval"],
    }


def _micro_manager(tif: tifffile.TiffFile) -> Spacing:
    summary = _summary(tif)
    return {
        "X": summary.get("PixelSize_um"),
        "Y": summary.get("PixelSize_um"),
        "Z": positive(summary.get("z-step_um"), of_either_sign=True),
        "T": (positive(summary.get("Interval_ms")) or 0) * 1e-3,
    }


def _scanimage(tif: tifffile.TiffFile) -> Spacing:
    page = tif.pages.first
    header = read_header(page.software, page.description)
    return spacing_of(header, order_of_pages(header, len(tif.pages)), page)


def _summary(tif: tifffile.TiffFile) -> dict[str, Any]:
    """Micro-Manager's summary of a recording; its other records are often damaged."""
    import tifffile

    found = tifffile.read_micromanager_metadata(tif.filehandle, {"Summary"})
    summary: dict[str, Any] = found["Summary"]
    return summary


def _micrometres(unit: Any) -> float | None:
    text = readable_unit(unit.decode("latin-1") if isinstance(unit, bytes) else unit) or ""
    return MICROMETRES.get(text) or MICROMETRES.get(text.lower().removesuffix("s"))


def _typical(steps: Sequence[float] | np.ndarray) -> float:
    """Return the median of steps, of which a few may be pauses; 0 if there is none."""
    values = np.asarray(steps, float)
    values = values[np.isfinite(values) & (values > 0)]
    return float(np.median(values)) if values.size else 0.0


READERS: Mapping[str, Callable[[tifffile.TiffFile], Spacing]] = {
    "stk": _metamorph,
    "metaseries": _metaseries,
    "lsm": _zeiss,
    "sis": _olympus,
    "fluoview": _fluoview,
    "nih": _nih_image,
    "micromanager": _micro_manager,
    "scanimage": _scanimage,
}
