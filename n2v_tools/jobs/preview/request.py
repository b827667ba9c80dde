"""Request of ``n2v-preview``: the only place of its defaults.

Light on purpose: the command line reads defaults from here while it answers --help.

Tests: ``tests/jobs/preview/test_plan.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SKIP = 20
LEAST_FRAMES = 20  # SKIP becomes smaller for a movie that would have fewer
SCALE = 0.1
LEAST_EDGE_PX = 100  # of the longer edge; SCALE becomes larger for an image that would be smaller
STILL_EDGE_PX = 512  # the same for a picture of one plane
MOST_CHANNELS = 4  # shown unless one is chosen


@dataclass(frozen=True)
class PreviewRequest:
    """What ``n2v-preview`` is asked to do; None means not given."""

    input: str  # file, or folder or glob of planes that `axes` joins: one stack
    # the same stack restored, any number of times; of the same sizes
    restored: tuple[str, ...] = ()
    axes: str | None = None  # axes of the input, and of restored files whose own do not fit it
    over: str | None = None  # axes that the movie runs over, the last one fastest: T, Z, TZ or ZT
    # by axis letter: where the other axes stand, counted from 0; a C chooses a channel
    at: Mapping[str, int] = field(default_factory=dict)
    skip: int | None = None  # every so many-th plane along `over` is shown
    scale: float | None = None  # size of the shown image over that of the file
    fps: float = 10.0  # frames per second
    percentiles: tuple[float, float] = (0.1, 99.9)  # of what is shown, in percent: black and white
    limits: tuple[float, float] | None = None  # black and white in counts, instead
    labels: tuple[str, ...] = ()  # names over the panels; empty: from the files' names
    # file that ends in .gif, .mp4 or .png, or a folder; None: beside the input
    output: Path | None = None
    format: str | None = None  # {"gif", "mp4", "png"}
    keep_strips: bool = False  # treat all-zero rows and columns as data
    overwrite: bool = False
