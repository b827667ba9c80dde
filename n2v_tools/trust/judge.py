"""Judgement of one restored file by its measurements.

What it comes to as a whole, and beyond which limits something fails, stands in `failing`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..words import option
from .failing import (
    INVENTED,
    INVENTED_SOME,
    KEPT_SOME,
    LOST,
    LOST_SOME,
    NO_SIGNAL,
    SURE,
    TIME_INVENTED,
    TIME_LOST,
    TIME_LOST_SOME,
    has_false_places,
    is_late,
    is_structured,
    most_kept,
    name_overall,
)
from .measured import Measured
from .placing import (
    exchanged_text,
    judge_delay,
    judge_displacement,
    judge_lone_pixels,
    judge_order,
    shift_text,
)
from .resolution import finest_px
from .sentences import FORBIDDEN, OVERALL_SENTENCES, TITLES
from .spectra import Balance
from .verdicts import Level, Texts, Verdict, graded, make_verdict

NOISE_LOW, NOISE_HIGH = 0.6, 1.4  # variance of a residual over that of the noise
BIAS, BIAS_SOME = 0.20, 0.08  # of the span of brightness
GAIN, GAIN_SOME = 0.10, 0.04
TOLERANCE = 1.15  # of the error of a plain filter
SATURATED, FLOORED = 0.001, 0.005


def judge(found: Measured) -> tuple[tuple[Verdict, ...], Verdict, tuple[str, ...]]:
    """Say what was measured, what it comes to, and what not to measure."""
    known = found.reference.confidence != "cannot tell"
    verdicts = [
        *((_noise_kept(found), _signal_lost(found), _invented(found)) if known else ()),
        *((_structured(found), _level_by_brightness(found)) if known else (_unknown(found),)),
        *((judge_displacement(found),) if known else ()),
        *((judge_order(found),) if found.order.axis else ()),
        _linearity(found),
        _gain(found),
        *((_filters(found),) if known and found.contest.best else ()),
        _resolution(found),
        *(_time(found) if known and found.times is not None else ()),
        *_cut(found),
        *judge_lone_pixels(found),
    ]
    name = name_overall(found)
    overall = _sum_up(name, verdicts, found)
    return tuple(verdicts), overall, _do_not_measure(name, verdicts, found)


def _sum_up(name: str, verdicts: Sequence[Verdict], found: Measured) -> Verdict:
    """The overall verdict in words; good in the main, but not in all, is a note."""
    key = "unchanged" if found.identical else name
    sentence = OVERALL_SENTENCES[key].format(**_words(found))
    worries = [one.title.lower() for one in verdicts if one.level == "worry"]
    if name == "good" and worries:
        sentence = f"{OVERALL_SENTENCES['good-but']} {', '.join(worries)}."
        return Verdict(name, TITLES[name], "note", sentence)
    levels: dict[str, Level] = {"good": "good", "cannot-tell": "cannot tell"}
    return Verdict(name, TITLES[name], levels.get(name, "worry"), sentence)


def _noise_kept(found: Measured) -> Verdict:
    percent = 100 * found.balance.noise_kept
    if found.identical:
        return make_verdict(
            "noise-kept", "worry", "nothing was taken away: both files are equal", 100
        )
    texts: Texts = {
        "worry": f"about {percent:.0f} % of the noise is still there: train longer, or more "
        "strongly",
        "note": f"about {percent:.0f} % of the noise is left, more than needed: no cause to worry",
        "good": "hardly any noise is left that could have been taken away: nothing to worry about",
    }
    limits = (KEPT_SOME, most_kept(found))
    return graded("noise-kept", found.balance.noise_kept, limits, texts, percent)


def _signal_lost(found: Measured) -> Verdict:
    if found.balance.signal < NO_SIGNAL:
        text = "no structure stands out of the noise, so a loss of signal cannot be determined"
        return make_verdict("signal-lost", "cannot tell", text)
    fine = _finest_kept(found)
    size = f" finer than about {fine:.0f} px" if fine is not None else ""
    texts: Texts = {
        "worry": f"the residual holds signal: structure{size} was smoothed away with the noise",
        "note": f"a little structure{size} went with the noise: look at the residual",
        "good": "the residual holds no more signal than any filter must take: nothing to worry "
        "about",
    }
    value = 100 * found.balance.lost_share
    return graded("signal-lost", found.balance.lost, (LOST_SOME, LOST), texts, value)


def _invented(found: Measured) -> Verdict:
    places, invented = found.places, found.balance.invented
    level: Level = "note" if invented > INVENTED_SOME or places.n_found else "good"
    if invented > INVENTED or has_false_places(found):
        level = "worry"
    where = f", in {places.n_found} of {places.n_tiles} places" if places.n_found else ""
    texts: Texts = {
        "worry": f"structure was added or exaggerated that the noisy file does not hold{where}",
        "note": f"some structure is stronger than the noisy file holds{where}: compare both there",
        "good": "nothing is shown that the noisy file does not hold: nothing to worry about",
    }
    return make_verdict("invented", level, texts[level], 100 * found.balance.invented_share)


def _structured(found: Measured) -> Verdict:
    shared = found.sharing
    level: Level = "good"
    if found.reference.correlated is None:
        level = "cannot tell"
        text = (
            "one image does not show whether neighbouring pixels share noise, so it was taken to "
            "be independent: a second frame or a dark frame would show it"
        )
    elif not found.reference.correlated:
        text = "the noise is independent from pixel to pixel, so none can be left as a pattern"
    elif is_structured(found):
        level = "worry"
        text = (
            f"neighbouring pixels share {shared.noise:.2f} of the noise and the residual hardly "
            "any: the noise they share is still in the image, as stripes or grain"
        )
    else:
        text = (
            f"neighbouring pixels share {shared.noise:.2f} of the noise, and the residual holds "
            "that too: it was taken away with the rest"
        )
    return make_verdict("shared-noise", level, text, shared.residual)


def _level_by_brightness(found: Measured) -> Verdict:
    """Residual variance against that of the noise, where it is worst."""
    curve = found.curve
    if not len(curve.n):
        return make_verdict("noise-by-brightness", "cannot tell", "there are too few pixels")
    ratio = curve.variance / np.maximum(curve.noise, 1e-30)
    worst = int(np.argmax(np.abs(np.log(np.maximum(ratio, 1e-3)))))
    value = 100 * float(ratio[worst])
    if NOISE_LOW < ratio.min() and ratio.max() < NOISE_HIGH:
        text = "what was taken away is as strong as the noise from the darkest to the brightest"
        return make_verdict("noise-by-brightness", "good", text, value)
    more = "more" if ratio[worst] > 1 else "less"
    text = (
        f"where the image has about {curve.intensity[worst]:.4g} counts, {more} was taken away "
        f"than there is noise ({value:.0f} % of its variance): look at the residual there"
    )
    return make_verdict("noise-by-brightness", "note", text, value)


def _unknown(found: Measured) -> Verdict:
    text = f"the noise of the noisy file cannot be measured: {found.reference.reason}"
    return make_verdict("noise-kept", "cannot tell", text)


def _linearity(found: Measured) -> Verdict:
    curve = found.curve
    if len(curve.n) < 3 or curve.span < 0.2 * found.sigma:
        text = "the restored image is equally bright everywhere, so linearity cannot be determined"
        return make_verdict("linearity", "cannot tell", text)
    value = 100 * curve.worst_bias
    off = f"brightness is off by up to {abs(value):.0f} % of its span"
    texts: Texts = {
        "worry": f"{off}: do not compare intensities",
        "note": f"{off}, in the mean of many pixels",
        "good": f"mean brightness is kept within {max(abs(value), 1):.0f} % of its span, dark to "
        "bright",
    }
    return graded("linearity", abs(curve.worst_bias), (BIAS_SOME, BIAS), texts, value)


def _gain(found: Measured) -> Verdict:
    if found.rescaled is not None:
        text = f"{_levels(found)}: do not compare intensities with the raw file"
        return make_verdict("gain", "worry", text, 100 * (found.rescaled[0] - 1))
    fits = [fit for fit in found.fits if math.isfinite(fit.gain)]
    if not fits:
        return make_verdict("gain", "cannot tell", "planes are too even to measure a gain")
    gains, baselines = (
        np.array(each) for each in ([f.gain for f in fits], [f.baseline for f in found.fits])
    )
    chance = float(np.median([fit.chance for fit in fits]))
    apart = float(np.abs(gains - np.median(gains)).max())
    shift = float(np.ptp(baselines)) / max(found.signal_std, 1e-12)
    worst = max(apart if apart > SURE * chance else 0.0, shift)
    value = 100 * worst
    each = "of every plane" if len(gains) > 1 else "of the plane"
    texts: Texts = {
        "worry": f"planes were scaled or shifted differently, by up to {value:.0f} %: compare none",
        "note": f"gain or baseline differ by up to {value:.0f} % from plane to plane",
        "good": f"gain and baseline {each} are those of the raw file",
    }
    return graded("gain", worst, (GAIN_SOME, GAIN), texts, value)


def _levels(found: Measured) -> str:
    """How the restored file's grey levels differ from the noisy one's; empty if they do not."""
    if found.rescaled is None:
        return ""
    gain, offset = found.rescaled
    if gain == 1:
        return (
            f"restored counts lie {abs(offset):.4g} {'below' if offset > 0 else 'above'} the noisy"
        )
    if offset == 0:
        return f"restored counts are {1 / gain:.4g} times the noisy ones"
    return (
        "the restored file has grey levels of its own (noisy = "
        f"{gain:.4g} x restored {offset:+.4g})"
    )


def _filters(found: Measured) -> Verdict:
    contest = found.contest
    if math.isfinite(contest.ahead):
        least = max(2 * contest.chance, 0.003)
        texts: Texts = {
            "worry": f"a {contest.best} comes nearer to later noisy frames: the simpler way is "
            "better",
            "note": f"about as near to later noisy frames as the best plain filter, a "
            f"{contest.best}",
            "good": f"nearer to later noisy frames than the best plain filter, a {contest.best}",
        }
        ahead = contest.ahead
        level: Level = "worry" if ahead < -least else "good" if ahead > least else "note"
        return make_verdict("plain-filters", level, texts[level], 100 * ahead)
    least_error = found.balance.least_error
    value = 100 * (contest.error - least_error)
    if least_error > TOLERANCE * max(contest.error, 0) + 0.01:
        text = f"a {contest.best} would have come nearer to the truth: the simpler way is better"
        return make_verdict("plain-filters", "worry", text, value)
    text = (
        f"not shown to be worse than the best plain filter, a {contest.best}; one image does not "
        "show more"
    )
    return make_verdict("plain-filters", "note", text, value)


def _resolution(found: Measured) -> Verdict:
    frequency, correlation = found.rings
    finest = finest_px(frequency, correlation) if len(frequency) else None
    if finest is None or (found.times is None and found.reference.correlated is not False):
        why = "neighbours may share noise" if len(frequency) else "the image is too small"
        text = f"how fine a structure the noisy file holds cannot be determined: {why}"
        return make_verdict("resolution", "cannot tell", text)
    text = (
        f"one noisy image holds structure down to about {finest:.1f} px; what the restored one "
        "shows finer than that rests on what the method has learned"
    )
    return make_verdict("resolution", "note", text, finest)


def _time(found: Measured) -> list[Verdict]:
    balance = found.time_balance
    if found.times is None or balance is None:
        return []
    verdicts = [_time_lost(balance), judge_delay(found, found.times.lag)]
    if balance.invented > TIME_INVENTED and not is_late(found):
        text = "changes over time were added or exaggerated that the noisy movie does not hold"
        verdicts.append(make_verdict("time-invented", "worry", text, 100 * balance.invented_share))
    return verdicts


def _time_lost(balance: Balance) -> Verdict:
    if balance.signal < NO_SIGNAL:
        text = "nothing changes over time that stands out of the noise"
        return make_verdict("time-lost", "cannot tell", text)
    texts: Texts = {
        "worry": "changes over time were smoothed away: peaks come out too low",
        "note": "fast changes over time are weakened: check peaks against the raw file",
        "good": "changes over time are kept as far as the noise lets them be seen",
    }
    value = 100 * balance.lost_share
    return graded("time-lost", balance.lost, (TIME_LOST_SOME, TIME_LOST), texts, value)


def _cut(found: Measured) -> list[Verdict]:
    verdicts = []
    if found.saturated > SATURATED:
        percent = 100 * found.saturated
        text = f"{percent:.2g} % of the noisy pixels are saturated: their brightness is not known"
        verdicts.append(make_verdict("saturated", "note", text, percent))
    if found.floored > FLOORED:
        percent = 100 * found.floored
        text = f"{percent:.2g} % of the restored pixels were cut off at the smallest value"
        verdicts.append(make_verdict("floored", "note", text, percent))
    return verdicts


def _do_not_measure(name: str, verdicts: Sequence[Verdict], found: Measured) -> tuple[str, ...]:
    worries = [one.name for one in verdicts if one.level == "worry"]
    keys = [key for key in (name, *worries) if key in FORBIDDEN]
    if found.times is not None and "time-lost" not in keys:
        keys.append("movie")
    words = _words(found)
    return tuple(dict.fromkeys(FORBIDDEN[key].format(**words) for key in (*keys, "always")))


def _words(found: Measured) -> dict[str, str]:
    fine = _finest_kept(found)
    return {
        "kept": f"{100 * found.balance.noise_kept:.0f} %",
        "finer": f"finer than about {fine:.0f} px" if fine is not None else "of fine detail",
        "reason": found.reference.reason or "the image is too small",
        "mask": option("struct_mask", "auto"),
        "shift": shift_text(found),
        "exchanged": exchanged_text(found),
        "levels": _levels(found),
    }


def _finest_kept(found: Measured) -> float | None:
    """Period in px below which less than half is kept of what could be; None if nothing is lost."""
    powers = found.powers
    lacking = np.flatnonzero((powers.best > 0.1) & (powers.kept < 0.5 * powers.best))
    return 1 / float(powers.frequency[lacking[0]]) if len(lacking) else None
