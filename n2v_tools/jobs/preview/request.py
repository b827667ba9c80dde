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
    """What ``n2v-preview`` is asked to do; None means not said.

    Parameters
    ----------
    input : str
        File, or folder or glob of planes that `axes` joins: one stack.
    restored : tuple of str
        The same stack restored, any number of times; of the same sizes.
    axes : str or None
        Axes of the input, and of restored files whose own do not fit it.
    over : str or None
        Axes that the movie runs over, the last one fastest: T, Z, TZ or ZT.
    at : mapping of axis letter to int
        Where the other axes stand, counted from 0; a C chooses a channel.
    skip : int or None
        Every so many-th plane along `over` is shown.
    scale : float or None
        Size of the shown image over that of the file.
    fps : float
        Frames per second.
    percentiles : tuple of float
        Of what is shown, in percent: black and white.
    limits : tuple of float or None
        Black and white in counts, instead.
    labels : tuple of str
        Names over the panels; empty: from the files' names.
    output : Path or None
        File that ends in .gif, .mp4 or .png, or a folder; None: beside the input.
    format : {"gif", "mp4", "png"} or None
    keep_strips : bool
        Treat all-zero rows and columns as data.
    overwrite : bool
    """

    input: str
    restored: tuple[str, ...] = ()
    axes: str | None = None
    over: str | None = None
    at: Mapping[str, int] = field(default_factory=dict)
    skip: int | None = None
    scale: float | None = None
    fps: float = 10.0
    percentiles: tuple[float, float] = (0.1, 99.9)
    limits: tuple[float, float] | None = None
    labels: tuple[str, ...] = ()
    output: Path | None = None
    format: str | None = None
    keep_strips: bool = False
    overwrite: bool = False
