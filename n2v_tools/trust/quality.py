"""Quality of a restored stack, judged by it and the noisy stack alone."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..measure.side_by_side import require_result
from ..prepare.part import idle_channels, take_channel
from ..report.plain import to_jsonable
from ..stack import Stack
from .beside import lay_beside
from .judge import judge
from .measured import Measured
from .measuring import measure_pairs
from .verdicts import Quality

MOST_PLANES = 48
BY_RANK = ("good", "note", "cannot tell", "worry")

Step = Callable[[int, int], None]


def judge_restored(
    noisy: Stack,
    restored: Stack,
    *,
    seed: int = 0,
    max_planes: int = MOST_PLANES,
    step: Step = lambda done, total: None,
) -> Quality:
    """Say whether a restored stack can be trusted, without the truth.

    Planes are read one by one, an even sample of large stacks, and only sums are kept. Each
    channel is judged by itself, and the worst is returned; those without an image that were left
    as they are do not count.

    Parameters
    ----------
    noisy, restored : Stack
        Of equal sizes; axes of length 1 may be missing. Any of YX, ZYX, TYX, TZYX, with C.
    seed : int
        Decides which parts of large planes are looked at.
    max_planes : int
        At most so many planes of each channel.
    step : callable
        Called with planes done and planes in all.

    Raises
    ------
    StackError
        If sizes differ, or the restored stack is constant, or has no number where the noisy one
        has.
    """
    lay_beside(noisy, restored)
    require_result(restored, noisy)
    left = idle_channels(noisy).items() & idle_channels(restored).items()
    channels = [c for c in range(noisy.sizes.get("C", 1)) if c not in dict(left)]
    each = {}
    for number, channel in enumerate(channels):
        one, other = (take_channel(stack, channel) for stack in (noisy, restored))
        pairs = lay_beside(one, other, seed)
        found = measure_pairs(pairs, max_planes, _part_of(step, number, len(channels)))
        each[channel] = Quality(*judge(found), _curves(found), _facts(found))
    return each[channels[0]] if len(each) == 1 else _worst(each, noisy.sizes["C"])


def _part_of(step: Step, channel: int, n: int) -> Step:
    return lambda done, total: step(channel * total + done, n * total)


def _worst(each: Mapping[int, Quality], n_channels: int) -> Quality:
    """The channel that fares worst, saying which; `each` is by number."""
    worries = {
        number: (BY_RANK.index(one.overall.level), sum(v.level == "worry" for v in one.verdicts))
        for number, one in each.items()
    }
    number = max(worries, key=lambda one: worries[one])
    worst = each[number]
    facts = {**worst.facts, "channels": [one.overall.name for one in each.values()]}
    if worst.overall.level == "good":
        return dataclasses.replace(worst, facts=facts)
    sentence = f"Channel {number} of {n_channels} (counted from 0): {worst.overall.sentence}"
    return dataclasses.replace(
        worst,
        overall=dataclasses.replace(worst.overall, sentence=sentence),
        do_not_measure=tuple(
            dict.fromkeys(text for one in (worst, *each.values()) for text in one.do_not_measure)
        ),
        facts=facts,
    )


def _curves(found: Measured) -> dict[str, np.ndarray]:
    curve, powers = found.curve, found.powers
    curves: dict[str, np.ndarray] = {}
    if len(curve.n):
        curves |= {
            "intensity": curve.intensity,
            "residual_mean": curve.mean,
            "residual_variance": curve.variance,
            "noise_variance": curve.noise,
        }
    known = found.reference.confidence != "cannot tell"
    if len(found.acf_residual_y):
        curves |= {
            "acf_lags": np.arange(1, len(found.acf_residual_y) + 1),
            "acf_residual_y": found.acf_residual_y,
            "acf_residual_x": found.acf_residual_x,
        }
        if known:
            middle, n = len(found.reference.acf) // 2, len(found.acf_residual_y)
            curves["acf_noise_y"] = found.reference.acf[middle + 1 : middle + 1 + n, middle]
            curves["acf_noise_x"] = found.reference.acf[middle, middle + 1 : middle + 1 + n]
    if powers is not None and known:
        norm = np.sqrt(np.maximum(powers.noisy * powers.restored, 1e-30))
        frequency, correlation = found.rings
        curves |= {
            "frc_frequency": powers.frequency,
            "frc_restored": powers.shared / norm,
            "frc_limit": np.sqrt(powers.best),
            "spectrum_noisy": powers.noisy / powers.noise,
            "spectrum_restored": powers.restored / powers.noise,
            "spectrum_residual": (powers.noisy - 2 * powers.shared + powers.restored)
            / powers.noise,
        }
        if len(frequency):
            curves["frc_noisy"] = np.interp(
                powers.frequency, frequency, correlation, right=math.nan
            )
    fits = [(fit.gain, fit.baseline) for fit in found.fits]
    if fits:
        curves["gain"], curves["baseline"] = np.array(fits).T
    if found.times is not None:
        times = found.times
        curves |= {
            "trace_frame": np.arange(len(times.noisy)) + times.first,
            "trace_noisy": times.noisy,
            "trace_restored": times.restored,
            "tstd_noisy": times.std_noisy,
            "tstd_restored": times.std_restored,
            "tstd_expected": times.std_expected,
        }
    return curves


def _facts(found: Measured) -> dict[str, Any]:
    reference = found.reference
    facts: dict[str, Any] = {
        "noise": {
            "sigma": found.sigma,
            "gain": reference.gain,
            "floor": reference.floor,
            "correlated": reference.correlated,
            "confidence": reference.confidence,
            "reason": reference.reason,
        },
        "balance": dataclasses.asdict(found.balance),
        "shared_noise": dataclasses.asdict(found.sharing),
        "plain_filters": dataclasses.asdict(found.contest),
        "places": [dataclasses.asdict(one) for one in found.places.worst],
        "places_found": found.places.n_found,
        "places_looked_at": found.places.n_tiles,
        "planes": len(found.fits),
        "bias_slope": found.curve.slope if len(found.curve.n) > 2 else None,
        "rescaled": found.rescaled,
    }
    if found.times is not None and found.time_balance is not None:
        facts["time"] = {
            **dataclasses.asdict(found.time_balance),
            "lag": found.times.lag,
            "lean": found.times.lean,
        }
    return {key: to_jsonable(value) for key, value in facts.items()}
