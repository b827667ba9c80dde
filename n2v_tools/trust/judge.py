"""Judgement of one restored file by its measurements.

The limits were chosen on generated images whose failing was known, and checked on others:
``benchmarks/verdicts.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..report.plain import count_text
from ..words import option
from .measured import Measured
from .resolution import finest_px
from .sentences import FORBIDDEN, OVERALL_SENTENCES, TITLES
from .spectra import Balance
from .verdicts import Level, Verdict

LOST, LOST_SOME = 0.3, 0.12  # error by lost signal over the best linear filter's
KEPT, KEPT_SOME = 0.19, 0.12  # share of the noise
KEPT_CORRELATED = 0.27  # where neighbours share noise its level is known less well
INVENTED, INVENTED_SOME = 0.3, 0.1  # power over the best linear filter's error
PLACES, LEAST_PLACES = 0.003, 2  # share of the tiles, and how many
NOISE_LOW, NOISE_HIGH = 0.6, 1.4  # variance of a residual over that of the noise
DEFICIT, EVEN = 0.4, 0.5  # of structured noise: what a residual lacks, and how white it is
NOTHING_LEFT = 0.05  # residual over noise below which nothing was taken away
STRONGLY_SHARED = 0.5
NO_SIGNAL = 0.01  # mean share of signal in the noisy image
BIAS, BIAS_SOME = 0.20, 0.08  # of the span of brightness
GAIN, GAIN_SOME = 0.10, 0.04
SURE = 4.0  # deviations
TIME_LOST, TIME_LOST_SOME = 0.5, 0.25
TIME_INVENTED = 0.5
LEAN = 0.18
DISPLACED, DISPLACED_SOME = 0.5, 0.2  # px
# added noise: from which cycles per pixel on it is even, how much so, and how much more may have
# been added to what is coarser
FINE, EVENLY, MOST_COARSE = 0.25, 0.5, 3.0
EXCHANGED_NAMED = 3  # pairs of frames
SPREAD, SHOWN = 0.04, 0.5  # of the rise of lone pixels: in their neighbours, in themselves
TOLERANCE = 1.15  # of the error of a plain filter
SATURATED, FLOORED = 0.001, 0.005

UNITS = {
    "time-delay": "frames",
    "shared-noise": "",
    "resolution": "px",
    "displacement": "px",
    "order": "pairs",
    "lone-pixels": "pixels",
}

Texts = Mapping[Level, str]


def judge(found: Measured) -> tuple[tuple[Verdict, ...], Verdict, tuple[str, ...]]:
    """Say what was measured, what it comes to, and what not to measure."""
    known = found.reference.confidence != "cannot tell"
    verdicts = [
        *((_noise_kept(found), _signal_lost(found), _invented(found)) if known else ()),
        *((_structured(found), _level_by_brightness(found)) if known else (_unknown(found),)),
        *((_displacement(found),) if known else ()),
        *((_order(found),) if found.order.axis else ()),
        _linearity(found),
        _gain(found),
        *((_filters(found),) if known and found.contest.best else ()),
        _resolution(found),
        *(_time(found) if known and found.times is not None else ()),
        *_cut(found),
        *_lone_pixels(found),
    ]
    name = _overall(found)
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


def _overall(found: Measured) -> str:
    """The failing that matters most, one of `verdicts.OVERALL`."""
    if found.identical:
        return "under-trained"
    if found.order.exchanged:
        return "out-of-order"
    if found.reference.confidence == "cannot tell":
        return "cannot-tell"
    if _shift_px(found) > DISPLACED or _is_frames_late(found):
        return "displaced"
    return _failing(found) or ("good" if found.rescaled is None else "rescaled")


def _failing(found: Measured) -> str:
    """What is wrong in signal and noise where all is in its place; empty if nothing is."""
    balance, time = found.balance, found.time_balance
    lost, invented = _lost(balance) / LOST, balance.invented / INVENTED
    if time is not None:
        late = _is_late(found)
        lost = max(lost, _lost(time) / TIME_LOST, 1.01 if late else 0.0)
        invented = max(invented, 0.0 if late else time.invented / TIME_INVENTED)
    if lost <= 1 and _has_false_places(found):  # what is smeared spills into places without it
        invented = max(invented, 1.01)
    if invented > 1 and _is_noise_added(found):
        return "noise-added"
    if _is_structured(found):
        return "structured-noise-left"
    if invented > 1 and invented > lost:
        return "hallucinated"
    if balance.noise_kept > _most_kept(found):
        return "under-trained"
    if lost > 1:
        return "over-smoothed"
    if invented > 1:
        return "hallucinated"
    return ""


def _lost(balance: Balance) -> float:
    """Error by lost signal over the best linear filter's; 0 where no signal shows."""
    return balance.lost if balance.signal >= NO_SIGNAL else 0.0


def _is_noise_added(found: Measured) -> bool:
    """Whether what was added is as strong at all frequencies, as noise is and no structure."""
    powers = found.powers
    added = powers.restored - powers.shared
    fine = powers.frequency >= FINE
    level = added[fine].mean()
    even = added[fine].min() > EVENLY * level and added[~fine].mean() < MOST_COARSE * level
    return bool(even)


def _is_structured(found: Measured) -> bool:
    shared = found.sharing
    if not found.reference.correlated:
        return False
    strongly = max(shared.noise, *found.reference.far) > STRONGLY_SHARED
    if strongly and found.balance.residual < NOTHING_LEFT:
        return True
    return shared.deficit > DEFICIT and shared.evenness < EVEN


def _has_false_places(found: Measured) -> bool:
    return found.places.share > PLACES and found.places.n_found >= LEAST_PLACES


def _is_late(found: Measured) -> bool:
    times = found.times
    if times is None or times.lag is None:
        return False
    return times.lag != 0 or abs(times.lean) > LEAN


def _is_frames_late(found: Measured) -> bool:
    return found.times is not None and found.times.lag not in (0, None)


def _shift_px(found: Measured) -> float:
    """Distance between the restored image and the noisy one; 0 where that may be chance."""
    return math.hypot(*found.displacement.sure(SURE))


def _most_kept(found: Measured) -> float:
    """Share of the noise that may be left."""
    return KEPT_CORRELATED if found.reference.correlated else KEPT


def _noise_kept(found: Measured) -> Verdict:
    percent = 100 * found.balance.noise_kept
    if found.identical:
        return _verdict("noise-kept", "worry", "nothing was taken away: both files are equal", 100)
    texts: Texts = {
        "worry": f"about {percent:.0f} % of the noise is still there: train longer, or more "
        "strongly",
        "note": f"about {percent:.0f} % of the noise is left, more than needed: no cause to worry",
        "good": "hardly any noise is left that could have been taken away: nothing to worry about",
    }
    limits = (KEPT_SOME, _most_kept(found))
    return _graded("noise-kept", found.balance.noise_kept, limits, texts, percent)


def _signal_lost(found: Measured) -> Verdict:
    if found.balance.signal < NO_SIGNAL:
        text = "no structure stands out of the noise, so a loss of signal cannot be determined"
        return _verdict("signal-lost", "cannot tell", text)
    fine = _finest_kept(found)
    size = f" finer than about {fine:.0f} px" if fine is not None else ""
    texts: Texts = {
        "worry": f"the residual holds signal: structure{size} was smoothed away with the noise",
        "note": f"a little structure{size} went with the noise: look at the residual",
        "good": "the residual holds no more signal than any filter must take: nothing to worry "
        "about",
    }
    value = 100 * found.balance.lost_share
    return _graded("signal-lost", found.balance.lost, (LOST_SOME, LOST), texts, value)


def _invented(found: Measured) -> Verdict:
    places, invented = found.places, found.balance.invented
    level: Level = "note" if invented > INVENTED_SOME or places.n_found else "good"
    if invented > INVENTED or _has_false_places(found):
        level = "worry"
    where = f", in {places.n_found} of {places.n_tiles} places" if places.n_found else ""
    texts: Texts = {
        "worry": f"structure was added or exaggerated that the noisy file does not hold{where}",
        "note": f"some structure is stronger than the noisy file holds{where}: compare both there",
        "good": "nothing is shown that the noisy file does not hold: nothing to worry about",
    }
    return _verdict("invented", level, texts[level], 100 * found.balance.invented_share)


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
    elif _is_structured(found):
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
    return _verdict("shared-noise", level, text, shared.residual)


def _level_by_brightness(found: Measured) -> Verdict:
    """Residual variance against that of the noise, where it is worst."""
    curve = found.curve
    if not len(curve.n):
        return _verdict("noise-by-brightness", "cannot tell", "there are too few pixels")
    ratio = curve.variance / np.maximum(curve.noise, 1e-30)
    worst = int(np.argmax(np.abs(np.log(np.maximum(ratio, 1e-3)))))
    value = 100 * float(ratio[worst])
    if NOISE_LOW < ratio.min() and ratio.max() < NOISE_HIGH:
        text = "what was taken away is as strong as the noise from the darkest to the brightest"
        return _verdict("noise-by-brightness", "good", text, value)
    more = "more" if ratio[worst] > 1 else "less"
    text = (
        f"where the image has about {curve.intensity[worst]:.4g} counts, {more} was taken away "
        f"than there is noise ({value:.0f} % of its variance): look at the residual there"
    )
    return _verdict("noise-by-brightness", "note", text, value)


def _unknown(found: Measured) -> Verdict:
    text = f"the noise of the noisy file cannot be measured: {found.reference.reason}"
    return _verdict("noise-kept", "cannot tell", text)


def _linearity(found: Measured) -> Verdict:
    curve = found.curve
    if len(curve.n) < 3 or curve.span < 0.2 * found.sigma:
        text = "the restored image is equally bright everywhere, so linearity cannot be determined"
        return _verdict("linearity", "cannot tell", text)
    value = 100 * curve.worst_bias
    off = f"brightness is off by up to {abs(value):.0f} % of its span"
    texts: Texts = {
        "worry": f"{off}: do not compare intensities",
        "note": f"{off}, in the mean of many pixels",
        "good": f"mean brightness is kept within {max(abs(value), 1):.0f} % of its span, dark to "
        "bright",
    }
    return _graded("linearity", abs(curve.worst_bias), (BIAS_SOME, BIAS), texts, value)


def _gain(found: Measured) -> Verdict:
    if found.rescaled is not None:
        text = f"{_levels(found)}: do not compare intensities with the raw file"
        return _verdict("gain", "worry", text, 100 * (found.rescaled[0] - 1))
    fits = [fit for fit in found.fits if math.isfinite(fit.gain)]
    if not fits:
        return _verdict("gain", "cannot tell", "planes are too even to measure a gain")
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
    return _graded("gain", worst, (GAIN_SOME, GAIN), texts, value)


def _levels(found: Measured) -> str:
    """How the restored file's grey levels differ from the noisy one's; empty if they do not."""
    if found.rescaled is None:
        return ""
    gain, offset = found.rescaled
    if gain == 1:
        return f"restored counts lie {abs(offset):.4g} {'below' if offset > 0 else 'above'} the noisy"
    if offset == 0:
        return f"restored counts are {1 / gain:.4g} times the noisy ones"
    return (
        "the restored file has grey levels of its own (noisy = "
        f"{gain:.4g} x restored {offset:+.4g})"
    )


def _displacement(found: Measured) -> Verdict:
    if math.isnan(found.displacement.x):
        text = "too little structure to determine whether the image lies where it should"
        return _verdict("displacement", "cannot tell", text)
    texts: Texts = {
        "worry": f"the image lies {_shift(found)} from where the noisy file shows it",
        "note": f"the image lies {_shift(found)} from where the noisy file shows it",
        "good": "structure lies where the noisy file shows it",
    }
    px = _shift_px(found)
    return _graded("displacement", px, (DISPLACED_SOME, DISPLACED), texts, px)


def _shift(found: Measured) -> str:
    """By how much and whereto the restored image was displaced, in space or else in time."""
    if _is_frames_late(found) and _shift_px(found) <= DISPLACED:
        return _frames_late(found)
    y, x = found.displacement.sure(SURE)
    each = ((y, "down", "up"), (x, "to the right", "to the left"))
    parts = [f"{abs(px):.1f} px {there if px > 0 else back}" for px, there, back in each if px]
    return " and ".join(parts)


def _order(found: Measured) -> Verdict:
    order, what = found.order, _planes(found)
    if order.exchanged:
        n = len(order.exchanged)
        return _verdict("order", "worry", f"{_exchanged(found)} were exchanged", n)
    if order.shows_from is None:
        text = f"too little changes between the {what} to determine their order"
        return _verdict("order", "cannot tell", text)
    text = f"the {what} stand in the order of the noisy file"
    if order.shows_from > 1:
        near = "neighbours" if order.shows_from == 2 else f"two less than {order.shows_from} apart"
        text += f", but exchanged {near} would not show"
    return _verdict("order", "good", text)


def _exchanged(found: Measured) -> str:
    """Which frames or planes were exchanged."""
    pairs = found.order.exchanged
    named = ", ".join(f"{one} and {other}" for one, other in pairs[:EXCHANGED_NAMED])
    more = len(pairs) - EXCHANGED_NAMED
    return f"{_planes(found)} {named}{f' and {more} more pairs' if more > 0 else ''}"


def _planes(found: Measured) -> str:
    return "planes" if found.order.axis == "Z" else "frames"


def _lone_pixels(found: Measured) -> list[Verdict]:
    if not len(found.traces):
        return []
    shown, near = np.median(found.traces, axis=0)
    text = (
        f"{count_text(len(found.traces), 'noisy pixel')} beyond all noise (hot, dead, or hit by a "
        "cosmic ray) counted in no check; the restored file "
    )
    if near > SPREAD:
        text += "spreads them into spots, which are no structure"
        return [_verdict("lone-pixels", "worry", text, len(found.traces))]
    text += "shows them too" if shown > SHOWN else "shows hardly a trace of them"
    return [_verdict("lone-pixels", "note", text, len(found.traces))]


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
        return _verdict("plain-filters", level, texts[level], 100 * ahead)
    least_error = found.balance.least_error
    value = 100 * (contest.error - least_error)
    if least_error > TOLERANCE * max(contest.error, 0) + 0.01:
        text = f"a {contest.best} would have come nearer to the truth: the simpler way is better"
        return _verdict("plain-filters", "worry", text, value)
    text = (
        f"not shown to be worse than the best plain filter, a {contest.best}; one image does not "
        "show more"
    )
    return _verdict("plain-filters", "note", text, value)


def _resolution(found: Measured) -> Verdict:
    frequency, correlation = found.rings
    finest = finest_px(frequency, correlation) if len(frequency) else None
    if finest is None or (found.times is None and found.reference.correlated is not False):
        why = "neighbours may share noise" if len(frequency) else "the image is too small"
        text = f"how fine a structure the noisy file holds cannot be determined: {why}"
        return _verdict("resolution", "cannot tell", text)
    text = (
        f"one noisy image holds structure down to about {finest:.1f} px; what the restored one "
        "shows finer than that rests on what the method has learned"
    )
    return _verdict("resolution", "note", text, finest)


def _time(found: Measured) -> list[Verdict]:
    balance = found.time_balance
    if found.times is None or balance is None:
        return []
    verdicts = [_time_lost(balance), _delay(found, found.times.lag)]
    if balance.invented > TIME_INVENTED and not _is_late(found):
        text = "changes over time were added or exaggerated that the noisy movie does not hold"
        verdicts.append(_verdict("time-invented", "worry", text, 100 * balance.invented_share))
    return verdicts


def _time_lost(balance: Balance) -> Verdict:
    if balance.signal < NO_SIGNAL:
        text = "nothing changes over time that stands out of the noise"
        return _verdict("time-lost", "cannot tell", text)
    texts: Texts = {
        "worry": "changes over time were smoothed away: peaks come out too low",
        "note": "fast changes over time are weakened: check peaks against the raw file",
        "good": "changes over time are kept as far as the noise lets them be seen",
    }
    value = 100 * balance.lost_share
    return _graded("time-lost", balance.lost, (TIME_LOST_SOME, TIME_LOST), texts, value)


def _delay(found: Measured, lag: int | None) -> Verdict:
    if lag is None:
        text = "too little changes to determine whether changes come late"
        return _verdict("time-delay", "cannot tell", text)
    if not _is_late(found):
        text = "changes come in the frame in which they happened"
        return _verdict("time-delay", "good", text, float(lag))
    when = _frames_late(found) if lag else "gradually, after they happened"
    text = f"changes come {when}: do not measure when something happened"
    return _verdict("time-delay", "worry", text, float(lag))


def _frames_late(found: Measured) -> str:
    lag = (found.times.lag if found.times else None) or 0
    return f"{count_text(abs(lag), 'frame')} {'late' if lag > 0 else 'early'}"


def _cut(found: Measured) -> list[Verdict]:
    verdicts = []
    if found.saturated > SATURATED:
        percent = 100 * found.saturated
        text = f"{percent:.2g} % of the noisy pixels are saturated: their brightness is not known"
        verdicts.append(_verdict("saturated", "note", text, percent))
    if found.floored > FLOORED:
        percent = 100 * found.floored
        text = f"{percent:.2g} % of the restored pixels were cut off at the smallest value"
        verdicts.append(_verdict("floored", "note", text, percent))
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
        "shift": _shift(found),
        "exchanged": _exchanged(found),
        "levels": _levels(found),
    }


def _finest_kept(found: Measured) -> float | None:
    """Period in px below which less than half is kept of what could be; None if nothing is lost."""
    powers = found.powers
    lacking = np.flatnonzero((powers.best > 0.1) & (powers.kept < 0.5 * powers.best))
    return 1 / float(powers.frequency[lacking[0]]) if len(lacking) else None


def _graded(
    name: str, amount: float, limits: tuple[float, float], texts: Texts, value: float
) -> Verdict:
    """A note if `amount` is above the first limit, a worry above the second."""
    some, much = limits
    level: Level = "worry" if amount > much else "note" if amount > some else "good"
    return _verdict(name, level, texts[level], value)


def _verdict(name: str, level: Level, text: str, value: float | None = None) -> Verdict:
    unit = UNITS.get(name, "%")
    return Verdict(name, TITLES[name], level, f"{text[0].upper()}{text[1:]}.", value, unit)
