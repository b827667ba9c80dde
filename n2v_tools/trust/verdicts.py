"""Verdicts on a restored file, one sentence each, and the numbers that they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from ..report.plain import to_jsonable
from .sentences import TITLES

Level = Literal["good", "note", "worry", "cannot tell"]
LEVELS: tuple[Level, ...] = ("good", "note", "worry", "cannot tell")
OVERALL = (
    "good",
    "over-smoothed",
    "under-trained",
    "hallucinated",
    "structured-noise-left",
    "noise-added",
    "displaced",
    "out-of-order",
    "rescaled",
    "cannot-tell",
)

UNITS = {
    "time-delay": "frames",
    "shared-noise": "",
    "resolution": "px",
    "displacement": "px",
    "order": "pairs",
    "lone-pixels": "pixels",
}

Texts = Mapping[Level, str]


@dataclass(frozen=True)
class Verdict:
    """One thing that was measured, and whether to worry.

    Parameters
    ----------
    name : str
        For programs, such as ``"noise-kept"``; of the overall verdict one of `OVERALL`.
    title : str
        For people, a few words.
    level : {"good", "note", "worry", "cannot tell"}
    sentence : str
        One plain sentence: what it means and whether to worry.
    value : float or None
        The number behind it; None where there is none.
    unit : str
        Of `value`, such as ``"%"``; may be empty.
    """

    name: str
    title: str
    level: Level
    sentence: str
    value: float | None = None
    unit: str = ""

    def to_json(self) -> dict[str, Any]:
        """As one object; what is not a number is null."""
        found: dict[str, Any] = to_jsonable(asdict(self))
        return found


@dataclass(frozen=True, eq=False)
class Quality:
    """The whole judgement of one restored file.

    Parameters
    ----------
    verdicts : tuple of Verdict
        What was measured, one by one; worries are not sorted to the front.
    overall : Verdict
        What it comes to.
    do_not_measure : tuple of str
        Plain sentences: what should not be measured on this file; empty if nothing is known
        against it.
    curves : mapping of str to ndarray
        Small arrays for plots; a key is missing where it could not be measured:

        - ``intensity``, ``residual_mean``, ``residual_variance``, ``noise_variance``, shape
          (B,): residual (noisy minus restored) in bins of restored brightness, counts and
          counts squared; ``noise_variance`` is what was measured of the noisy file;
        - ``acf_lags`` (L,), ``acf_residual_y``, ``acf_residual_x``, ``acf_noise_y``,
          ``acf_noise_x``: autocorrelation from lag 1 on;
        - ``frc_frequency`` (F,) in cycles per pixel, 0 to 0.5, ``frc_noisy``: of two halves of
          the noisy pixels or of two frames, ``frc_restored``: ring correlation of the restored
          with the noisy file, ``frc_limit``: what the truth itself would reach;
        - ``spectrum_noisy``, ``spectrum_restored``, ``spectrum_residual`` (F,): mean power
          over that of the noise, at ``frc_frequency``;
        - ``trace_frame`` (T,), ``trace_noisy``, ``trace_restored``: mean of a field over the
          frames; ``gain``, ``baseline`` (P,): of each plane looked at, restored against
          noisy;
        - ``tstd_noisy``, ``tstd_restored`` (Y, X): deviation over time of each pixel of that
          field; ``tstd_expected``: what noise alone would give in the noisy one.
    facts : mapping of str to object
        Numbers behind it all, ready for JSON.
    """

    verdicts: tuple[Verdict, ...]
    overall: Verdict
    do_not_measure: tuple[str, ...] = ()
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def verdict(self, name: str) -> Verdict | None:
        """Return the verdict of that name; None if it was not reached."""
        return next((one for one in self.verdicts if one.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """As one object, without the curves."""
        return {
            "overall": self.overall.to_json(),
            "verdicts": [one.to_json() for one in self.verdicts],
            "do_not_measure": list(self.do_not_measure),
            "facts": dict(self.facts),
        }


def graded(
    name: str, amount: float, limits: tuple[float, float], texts: Texts, value: float
) -> Verdict:
    """A note if `amount` is above the first limit, a worry above the second."""
    some, much = limits
    level: Level = "worry" if amount > much else "note" if amount > some else "good"
    return make_verdict(name, level, texts[level], value)


def make_verdict(name: str, level: Level, text: str, value: float | None = None) -> Verdict:
    """Make a verdict of a clause; `value` is in the unit of that name."""
    unit = UNITS.get(name, "%")
    return Verdict(name, TITLES[name], level, f"{text[0].upper()}{text[1:]}.", value, unit)
