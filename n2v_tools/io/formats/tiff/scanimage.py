"""Headers of ScanImage: the order of its pages, and what was recorded of their spacing.

The header tells what was planned, not what a file holds: a recording may be stopped, or split
over several files. Only channels and depths are taken from it, and pages are counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .spacing import positive
from .translate import ANY

LONGEST_TEXT = 2**20  # characters of a header that are looked at
_LINE = re.compile(
    r"^(?:scanimage\.)?(SI\d?\.[\w.]+|state\.[\w.]+)[ \t]*=[ \t]*(.+?)[ \t]*;?$", re.M
)

# Keys of versions 2016 and later, of 4 and 5, and of 3.
CHANNEL_LISTS = ("SI.hChannels.channelSave", "SI4.channelsSave", "SI5.channelsSave")
CHANNEL_COUNTS = ("state.acq.numberOfChannelsSave",)
FRAMES = (
    "SI.hStackManager.framesPerSlice", "SI4.acqNumFrames", "SI5.acqNumFrames",
    "state.acq.numberOfFrames",
)  # fmt: skip
AVERAGED = ("SI.hScan2D.logAverageFactor", "SI4.acqNumAveragedFrames", "SI5.acqNumAveragedFrames")
DEPTHS = (
    "SI.hStackManager.actualNumSlices", "SI.hStackManager.numSlices", "SI4.stackNumSlices",
    "SI5.stackNumSlices", "state.acq.numberOfZSlices",
)  # fmt: skip
WITH_RETURN = ("SI.hStackManager.numFramesPerVolumeWithFlyback",)
STEPS_UM = (
    "SI.hStackManager.actualStackZStepSize", "SI.hStackManager.stackZStepSize",
    "SI4.stackZStepSize", "SI5.stackZStepSize", "state.acq.zStepSize",
)  # fmt: skip
FRAME_PERIODS_S = ("SI.hRoiManager.scanFramePeriod", "SI4.scanFramePeriod", "SI5.scanFramePeriod")
VOLUME_RATES_HZ = ("SI.hRoiManager.scanVolumeRate",)
FIELD_UM = "SI.hRoiManager.imagingFovUm"  # corners of the field: x y; x y; ..


@dataclass(frozen=True)
class Order:
    """How pages follow each other, slowest axis first."""

    axes: str  # of T, Z and C; I where the pages do not fill what was planned
    sizes: tuple[int, ...]
    # as in `translate.Found`
    others: tuple[tuple[str, tuple[int, ...]], ...] = ()
    notes: tuple[str, ...] = ()
    why: str = ""


def read_header(*texts: str) -> dict[str, str]:
    """Take the settings from a page's texts, where any version of ScanImage writes them."""
    found: dict[str, str] = {}
    for text in texts:
        lines = text[:LONGEST_TEXT].replace("\r", "\n")
        found |= dict(_LINE.findall(lines))
    return found


def order_of_pages(header: Mapping[str, str], n_pages: int, first_frame: int = 1) -> Order:
    """Tell how `n_pages` pages follow each other.

    `first_frame` is the number, from 1, that the first page has in the recording: a part of it
    may begin inside a volume.
    """
    n_channels = _n_channels(header)
    channels = (("C", n_channels),) if n_channels > 1 else ()
    n_frames, rest = divmod(n_pages, n_channels)
    if rest:
        return _unknown(header, n_pages)
    n_depths = max(1, int(_first(header, DEPTHS) or 1))
    if header.get("SI.hStackManager.enable", "true") == "false":
        n_depths = 1
    planned = _first(header, FRAMES) or math.inf  # at each depth
    planned = max(1, planned // (_first(header, AVERAGED) or 1))
    if n_depths == 1 or n_frames < planned:
        return _order(n_pages, (("T", n_frames), *channels))
    if planned > 1:
        return _stack_of_frames(header, n_pages, n_frames, n_depths, int(planned), channels)
    with_return = int(_first(header, WITH_RETURN) or n_depths)
    fits = {n for n in (n_depths, with_return) if n >= n_depths and n_frames % n == 0}
    if len(fits) != 1 or (first_frame - 1) % max(fits):
        return _unknown(header, n_pages)
    depths = fits.pop()
    notes: tuple[str, ...] = ()
    if depths > n_depths:
        notes = (f"depths from {n_depths} on are the mirror's way back between volumes",)
    return _order(n_pages, (("T", n_frames // depths), ("Z", depths), *channels), notes)


def spacing_of(header: Mapping[str, str], order: Order, page: Any) -> dict[str, float]:
    """Spacing of Z, Y and X in micrometres and of T in seconds, as far as it was recorded."""
    found = {"Z": positive(_first(header, STEPS_UM), of_either_sign=True)}
    period = positive(_first(header, FRAME_PERIODS_S))
    rate = positive(_first(header, VOLUME_RATES_HZ))
    if order.axes.startswith("TZ"):  # volume by volume
        found["T"] = 1 / rate if rate else None
    elif period:
        found["T"] = period * (positive(_first(header, AVERAGED)) or 1)
    corners = [float(number) for number in re.findall(r"-?\d+\.?\d*", header.get(FIELD_UM, ""))]
    if len(corners) == 8:
        found["X"] = positive((max(corners[::2]) - min(corners[::2])) / page.imagewidth)
        found["Y"] = positive((max(corners[1::2]) - min(corners[1::2])) / page.imagelength)
    return {axis: value for axis, value in found.items() if value}


def _stack_of_frames(
    header: Mapping[str, str],
    n_pages: int,
    n_frames: int,
    n_depths: int,
    planned: int,
    channels: tuple[tuple[str, int], ...],
) -> Order:
    """Order of a stack with several frames at each depth, before the next one is reached."""
    reached, rest = divmod(n_frames, planned)
    if rest or reached > n_depths:
        return _unknown(header, n_pages)
    return _order(n_pages, (("Z", reached), ("T", planned), *channels))


def _order(n_pages: int, axes: tuple[tuple[str, int], ...], notes: tuple[str, ...] = ()) -> Order:
    long = [(letter, size) for letter, size in axes if size > 1]
    letters, sizes = "".join(letter for letter, _ in long), tuple(size for _, size in long)
    merged = [(f"{ANY}{a}", (n_pages // size, size)) for a, size in long if a != "T"]
    return Order(letters, sizes, ((ANY, (n_pages,)), *merged), notes)


def _unknown(header: Mapping[str, str], n_pages: int) -> Order:
    n_channels, n_depths = _n_channels(header), int(_first(header, DEPTHS) or 1)
    plan = {"C": n_channels, "Z": n_depths}
    whole: list[tuple[str, tuple[int, ...]]] = [
        (f"{ANY}{a}", (n_pages // n, n)) for a, n in plan.items() if n > 1 and not n_pages % n
    ]
    both = n_channels * n_depths
    if n_channels > 1 and n_depths > 1 and n_pages % both == 0:
        whole.append((f"{ANY}ZC", (n_pages // both, n_depths, n_channels)))
    why = (
        f"its ScanImage header plans {n_channels} channel(s) and {n_depths} depth(s), and it is "
        f"not certain how {n_pages} pages fill them"
    )
    return Order("I", (n_pages,), ((ANY, (n_pages,)), *whole), why=why)


def _n_channels(header: Mapping[str, str]) -> int:
    for key in CHANNEL_LISTS:
        if key in header:
            return max(1, len(re.findall(r"\d+", header[key])))
    return max(1, int(_first(header, CHANNEL_COUNTS) or 1))


def _first(header: Mapping[str, str], keys: tuple[str, ...]) -> float | None:
    """Value of the first of these keys that is a finite number, None if there is none."""
    for key in keys:
        try:
            value = float(header[key])
        except (KeyError, ValueError):
            continue
        if math.isfinite(value):
            return value
    return None
