"""First pass over files side by side: checks of their pixels, and the scale to measure on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import StackError
from ..words import flag, option
from .scaling import Scaling, ScalingSums
from .side_by_side import Planes, SideBySide

LEGACY_RANGE = 65535.0
STRETCHED = 4.0  # times: so much wider lone pixels make a range that no image has (12 dB)

Step = Callable[[int, int], None]


@dataclass(frozen=True)
class Rules:
    """How to measure."""

    # counts; None: clean maximum minus minimum, unless lone pixels alone make it `STRETCHED`
    data_range: float | None = None
    affine: bool = False  # fit gain and offset first, one of each per file and channel
    legacy: bool = False  # as the calcium study did
    skip_nan: bool = False  # leave out pixels that are not finite; else they are an error


@dataclass(frozen=True)
class FirstPass:
    """What is known of one file after the first pass."""

    places: list[dict[str, int]]  # of all planes, in the order of the clean file
    data_range: float  # counts
    # counts: clean maximum minus minimum with all lone pixels, where they were left out; else None
    stretched_range: float | None = None
    real: list[dict[str, int]] = field(default_factory=list)  # places that are not empty
    n_with_strips: int = 0  # planes with strips that are not empty
    n_empty: int = 0  # planes without a real pixel
    n_nonfinite: int = 0  # pixels
    n_gaps: int = 0  # pixels that are no data in the noisy file, strips aside
    # with `Rules.affine`, by role: from each other file to the clean one, of each channel
    scalings: Mapping[str, list[Scaling]] = field(default_factory=dict)
    # by what gain and offset would divide the squared error of the restored file
    improvement: float = 1.0


def look_through(side: SideBySide, rules: Rules, step: Step) -> FirstPass:
    """Read every plane once; of all passes the first half.

    Raises
    ------
    StackError
        If pixels are not finite, nothing is real, or the truth is constant.
    """
    places = list(side.clean.places())
    roles = [role for role in side.stacks if role != "clean"]
    sums = {role: [ScalingSums() for _ in range(side.clean.sizes.get("C", 1))] for role in roles}
    span = _Span(side.find_lone)
    real: list[dict[str, int]] = []
    n_with_strips = n_gaps = 0
    broken = _Broken()
    for number, place in enumerate(places):
        planes = side.read(place)
        broken.add(planes, place)
        clean = planes.clean[planes.valid]
        n_with_strips += bool(planes.has_strips and clean.size)
        n_gaps += planes.n_gaps
        if clean.size:
            real.append(place)
            span.add(planes.clean, planes.valid)
            for role, plane in planes.others.items():
                sums[role][place.get("C", 0)].add(plane[planes.valid], clean)
        step(number + 1, 2 * len(places))
    if not rules.skip_nan or rules.legacy:
        broken.refuse(side, legacy=rules.legacy)
    scalings = {role: [one.scaling for one in of_role] for role, of_role in sums.items()}
    own = rules.data_range is None and not rules.legacy
    return FirstPass(
        places,
        _range(side, rules, span),
        span.range if own and span.is_stretched else None,
        real,
        n_with_strips,
        len(places) - len(real),
        broken.n,
        n_gaps,
        scalings if rules.affine else {},
        max(one.improvement for one in sums["restored"]),
    )


class _Broken:
    """Counts pixels that are not finite, and remembers the first of each file."""

    def __init__(self) -> None:
        self._n: dict[str, int] = {}
        self._first: dict[str, str] = {}

    @property
    def n(self) -> int:
        """In all files together."""
        return sum(self._n.values())

    def add(self, planes: Planes, place: Mapping[str, int]) -> None:
        """Take one place into account."""
        for role, spots in planes.broken.items():
            at = {**place, "Y": spots[0][0], "X": spots[0][1]}
            self._first.setdefault(role, ", ".join(f"{axis} {n}" for axis, n in at.items()))
            self._n[role] = self._n.get(role, 0) + len(spots)

    def refuse(self, side: SideBySide, *, legacy: bool) -> None:
        """Raise if there was any."""
        for role, n in self._n.items():
            remedy = (
                f"{flag('legacy')} needs finite ones"
                if legacy
                else f"{option('nan', 'skip')} leaves them out"
            )
            pixels = "1 pixel that is" if n == 1 else f"{n} pixels that are"
            raise StackError(
                f"{side.stacks[role].name}: the {role} file has {pixels} NaN, infinite or beyond "
                f"3e38 (the first at {self._first[role]}). Give finite counts; {remedy}."
            )


class _Span:
    """From the smallest to the largest clean count, with and without lone pixels."""

    def __init__(self, find_lone: Callable[[np.ndarray], np.ndarray] | None) -> None:
        self._find_lone = find_lone
        self.low, self.high = math.inf, -math.inf
        self._low, self._high = math.inf, -math.inf  # without lone pixels

    def add(self, clean: np.ndarray, valid: np.ndarray) -> None:
        """Take the pixels of a plane (Y, X) into account that are valid; there are some."""
        low, high = (float(extreme) for extreme in (clean[valid].min(), clean[valid].max()))
        self.low, self.high = min(self.low, low), max(self.high, high)
        if self._find_lone is not None and (low < self._low or high > self._high):
            others = valid.copy()
            others[tuple(self._find_lone(clean).T)] = False
            if others.any():
                low, high = (
                    float(extreme) for extreme in (clean[others].min(), clean[others].max())
                )
        self._low, self._high = min(self._low, low), max(self._high, high)

    @property
    def range(self) -> float:
        """In counts, with lone pixels; below 0 without any pixel."""
        return self.high - self.low

    @property
    def usual(self) -> float:
        """In counts, without lone pixels."""
        return self._high - self._low

    @property
    def is_stretched(self) -> bool:
        """Whether lone pixels make a range that says nothing of the image."""
        return self.range > STRETCHED * self.usual > 0


def _range(side: SideBySide, rules: Rules, span: _Span) -> float:
    name = side.clean.name
    if span.range < 0:
        raise StackError(
            f"{name}: no pixel is real, since all are in strips or not finite. Give another file, "
            f"or {flag('keep_strips')} if zeros are data."
        )
    if rules.legacy:
        return LEGACY_RANGE
    if rules.data_range is not None:
        return rules.data_range
    if not span.range:
        raise StackError(
            f"{name}: the clean file is {span.low:g} everywhere, so PSNR has no scale. Give one "
            f"with structure, or {option('range')}."
        )
    return span.usual if span.is_stretched else span.range
