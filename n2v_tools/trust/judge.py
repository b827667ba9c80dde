"""What the measurements of one restored file come to.

The limits were chosen on generated images whose failing was known, and checked on others:
``benchmarks/verdicts.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .measured import Measured
from .resolution import finest_px
from .sentences import FORBIDDEN, OVERALL_SENTENCES, TITLES
from .verdicts import Level, Verdict

LOST, LOST_SOME = 0.3, 0.12  # error by lost signal over the best linear filter's
KEPT, KEPT_SOME = 0.19, 0.12  # share of the noise
KEPT_CORRELATED = 0.27  # where neighbours share noise its level is known less well
INVENTED, INVENTED_SOME = 0.3, 0.1  # power over the best linear filter's error
PLACES, LEAST_PLACES = 0.003, 2  # share of the tiles, and how many
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
TOLERANCE = 1.15  # of the error of a plain filter
SATURATED, FLOORED = 0.001, 0.005


def judge(found: Measured) -> tuple[tuple[Verdict, ...], Verdict, tuple[str, ...]]:
    """Say what was measured, what it comes to, and what not to measure.

    Parameters
    ----------
    found : Measured

    Returns
    -------
    verdicts : tuple of Verdict
    overall : Verdict
    do_not_measure : tuple of str
    """
    known = found.reference.confidence != "cannot tell"
    verdicts = [
        *((_noise_kept(found), _signal_lost(found), _invented(found)) if known else ()),
        *((_structured(found), _level_by_brightness(found)) if known else (_unknown(found),)),
        _linearity(found),
        _gain(found),
        *((_filters(found),) if known and found.contest.best else ()),
        _resolution(found),
        *(_time(found) if known and found.times is not None else ()),
        *_cut(found),
    ]
    name = _overall(found)
    overall = _sum_up(name, verdicts, found)
    return tuple(verdicts), overall, _do_not_measure(name, verdicts, found)


def _sum_up(name: str, verdicts: Sequence[Verdict], found: Measured) -> Verdict:
    """The overall verdict in words; good in the main, but not in all, is a note."""
    sentence = OVERALL_SENTENCES[name].format(**_words(found))
    worries = [one.title.lower() for one in verdicts if one.level == "worry"]
    if name == "good" and worries:
        sentence = f"{OVERALL_SENTENCES['good-but']} {', '.join(worries)}."
        return Verdict(name, TITLES[name], "note", sentence)
    level: Level = "worry"
    if name in ("good", "cannot-tell"):
        level = "good" if name == "good" else "cannot tell"
    return Verdict(name, TITLES[name], level, sentence)


def _overall(found: Measured) -> str:
    """The failing that matters most, one of `verdicts.OVERALL`."""
    if found.identical:
        return "under-trained"
    if found.reference.confidence == "cannot tell":
        return "cannot-tell"
    balance, time = found.balance, found.time_balance
    lost, invented = balance.lost / LOST, balance.invented / INVENTED
    if time is not None:
        late = _is_late(found)
        lost = max(lost, time.lost / TIME_LOST, 1.01 if late else 0.0)
        invented = max(invented, 0.0 if late else time.invented / TIME_INVENTED)
    if lost <= 1 and _has_false_places(found):  # what is smeared spills into places without it
        invented = max(invented, 1.01)
    if _is_structured(found):
        return "structured-noise-left"
    if invented > 1 and invented > lost:
        return "hallucinated"
    if balance.noise_kept > (KEPT_CORRELATED if found.reference.correlated else KEPT):
        return "under-trained"
    if lost > 1:
        return "over-smoothed"
    if invented > 1:
        return "hallucinated"
    return "good"


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
    return (
        times is not None and times.lag is not None and (times.lag != 0 or abs(times.lean) > LEAN)
    )


def _noise_kept(found: Measured) -> Verdict:
    kept = found.balance.noise_kept
    worry = KEPT_CORRELATED if found.reference.correlated else KEPT
    percent = 100 * kept
    if found.identical:
        return _verdict("noise-kept", "worry", "nothing was taken away: both files are equal", 100)
    if kept > worry:
        text = f"about {percent:.0f} % of the noise is still there: train longer, or more strongly"
        return _verdict("noise-kept", "worry", text, percent)
    if kept > KEPT_SOME:
        text = f"about {percent:.0f} % of the noise is left, more than needed: no cause to worry"
        return _verdict("noise-kept", "note", text, percent)
    text = "hardly any noise is left that could have been taken away: nothing to worry about"
    return _verdict("noise-kept", "good", text, percent)


def _signal_lost(found: Measured) -> Verdict:
    lost, value = found.balance.lost, 100 * found.balance.lost_share
    if found.balance.signal < NO_SIGNAL:
        text = "no structure stands out of the noise, so whether any was lost cannot be told"
        return _verdict("signal-lost", "cannot tell", text)
    fine = _finest_kept(found)
    size = f" finer than about {fine:.0f} px" if fine is not None else ""
    if lost > LOST:
        text = f"the residual holds signal: structure{size} was smoothed away with the noise"
        return _verdict("signal-lost", "worry", text, value)
    if lost > LOST_SOME:
        text = f"a little structure{size} went with the noise: look at the residual"
        return _verdict("signal-lost", "note", text, value)
    text = "the residual holds no more signal than any filter must take: nothing to worry about"
    return _verdict("signal-lost", "good", text, value)


def _invented(found: Measured) -> Verdict:
    places, value = found.places, 100 * found.balance.invented_share
    where = f", in {places.n_found} of {places.n_tiles} places" if places.n_found else ""
    if found.balance.invented > INVENTED or _has_false_places(found):
        text = f"structure was added or exaggerated that the noisy file does not hold{where}"
        return _verdict("invented", "worry", text, value)
    if found.balance.invented > INVENTED_SOME or places.n_found:
        text = f"some structure is stronger than the noisy file holds{where}: compare both there"
        return _verdict("invented", "note", text, value)
    text = "nothing is shown that the noisy file does not hold: nothing to worry about"
    return _verdict("invented", "good", text, value)


def _structured(found: Measured) -> Verdict:
    shared, value = found.sharing, found.sharing.residual
    if found.reference.correlated is None:
        text = (
            "one image cannot tell whether neighbouring pixels share noise; it was taken to be "
            "independent: a second frame or a dark frame would tell"
        )
        return _verdict("shared-noise", "cannot tell", text, value)
    if not found.reference.correlated:
        text = "the noise is independent from pixel to pixel, so none can be left as a pattern"
        return _verdict("shared-noise", "good", text, value)
    if _is_structured(found):
        text = (
            f"neighbouring pixels share {shared.noise:.2f} of the noise and the residual hardly "
            "any: the noise they share is still in the image, as stripes or grain"
        )
        return _verdict("shared-noise", "worry", text, value)
    text = (
        f"neighbouring pixels share {shared.noise:.2f} of the noise, and the residual holds that "
        "too: it was taken away with the rest"
    )
    return _verdict("shared-noise", "good", text, value)


def _level_by_brightness(found: Measured) -> Verdict:
    """Residual variance against that of the noise, where it is worst."""
    curve = found.curve
    if not len(curve.n):
        return _verdict("noise-by-brightness", "cannot tell", "there are too few pixels")
    ratio = curve.variance / np.maximum(curve.noise, 1e-30)
    worst = int(np.argmax(np.abs(np.log(np.maximum(ratio, 1e-3)))))
    value = 100 * float(ratio[worst])
    if 0.6 < ratio.min() and ratio.max() < 1.4:
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
        text = "the restored image is as bright everywhere, so linearity cannot be told"
        return _verdict("linearity", "cannot tell", text)
    bias = curve.worst_bias
    value = 100 * bias
    off = f"brightness is off by up to {abs(value):.0f} % of its span"
    if abs(bias) > BIAS:
        text = f"{off}: do not compare intensities"
        return _verdict("linearity", "worry", text, value)
    if abs(bias) > BIAS_SOME:
        text = f"{off}, in the mean of many pixels"
        return _verdict("linearity", "note", text, value)
    text = f"mean brightness is kept within {max(abs(value), 1):.0f} % of its span, dark to bright"
    return _verdict("linearity", "good", text, value)


def _gain(found: Measured) -> Verdict:
    if found.rescaled is not None:
        gain, offset = found.rescaled
        text = (
            f"the restored file has grey levels of its own (noisy = {gain:.4g} x restored "
            f"{offset:+.4g}): do not compare intensities with the raw file"
        )
        return _verdict("gain", "worry", text, 100 * (gain - 1))
    fits = [fit for fit in found.fits if math.isfinite(fit.gain)]
    baselines = np.array([fit.baseline for fit in found.fits])
    shift = float(np.ptp(baselines)) / max(found.signal_std, 1e-12) if len(baselines) else 0.0
    if not fits:
        return _verdict("gain", "cannot tell", "planes are too even for a gain to be told")
    gains = np.array([fit.gain for fit in fits])
    chance = float(np.median([fit.chance for fit in fits]))
    middle = float(np.median(gains))
    apart = float(np.abs(gains - middle).max()) if len(gains) > 1 else 0.0
    worst = max(apart if apart > SURE * chance else 0.0, shift if len(baselines) > 1 else 0.0)
    value = 100 * worst
    if worst > GAIN:
        text = f"planes were scaled or shifted differently, by up to {value:.0f} %: compare none"
        return _verdict("gain", "worry", text, value)
    if worst > GAIN_SOME:
        text = f"gain or baseline differ by up to {value:.0f} % from plane to plane"
        return _verdict("gain", "note", text, value)
    each = "of every plane" if len(gains) > 1 else "of the plane"
    return _verdict("gain", "good", f"gain and baseline {each} are those of the raw file", value)


def _filters(found: Measured) -> Verdict:
    contest = found.contest
    if math.isfinite(contest.ahead):
        value = 100 * contest.ahead
        least = max(2 * contest.chance, 0.003)
        if contest.ahead < -least:
            text = f"a {contest.best} comes nearer to later noisy frames: the simpler way is better"
            return _verdict("plain-filters", "worry", text, value)
        if contest.ahead > least:
            text = f"nearer to later noisy frames than the best plain filter, a {contest.best}"
            return _verdict("plain-filters", "good", text, value)
        text = f"about as near to later noisy frames as the best plain filter, a {contest.best}"
        return _verdict("plain-filters", "note", text, value)
    least_error = found.balance.least_error
    value = 100 * (contest.error - least_error)
    if least_error > TOLERANCE * max(contest.error, 0) + 0.01:
        text = f"a {contest.best} would have come nearer to the truth: the simpler way is better"
        return _verdict("plain-filters", "worry", text, value)
    text = (
        f"not shown to be worse than the best plain filter, a {contest.best}; more one image "
        "cannot tell"
    )
    return _verdict("plain-filters", "note", text, value)


def _resolution(found: Measured) -> Verdict:
    frequency, correlation = found.rings
    finest = finest_px(frequency, correlation) if len(frequency) else None
    if finest is None or (found.times is None and found.reference.correlated is not False):
        why = "neighbours may share noise" if len(frequency) else "the image is too small"
        text = f"how fine a structure the noisy file holds cannot be told: {why}"
        return _verdict("resolution", "cannot tell", text)
    text = (
        f"one noisy image holds structure down to about {finest:.1f} px; what the restored one "
        "shows finer than that rests on what the method has learned"
    )
    return Verdict("resolution", TITLES["resolution"], "note", _sentence(text), finest, "px")


def _time(found: Measured) -> list[Verdict]:
    times, balance = found.times, found.time_balance
    if times is None or balance is None:
        return []
    value = 100 * balance.lost_share
    if balance.signal < NO_SIGNAL:
        text = "nothing changes over time that stands out of the noise"
        lost = _verdict("time-lost", "cannot tell", text)
    elif balance.lost > TIME_LOST:
        text = "changes over time were smoothed away: peaks come out too low"
        lost = _verdict("time-lost", "worry", text, value)
    elif balance.lost > TIME_LOST_SOME:
        text = "fast changes over time are weakened: check peaks against the raw file"
        lost = _verdict("time-lost", "note", text, value)
    else:
        text = "changes over time are kept as far as the noise lets them be seen"
        lost = _verdict("time-lost", "good", text, value)
    if times.lag is None:
        text = "whether changes come late cannot be told: too little changes"
        late = _verdict("time-delay", "cannot tell", text)
    elif _is_late(found):
        text = f"changes come {_late(times.lag)}: do not measure when something happened"
        late = _verdict("time-delay", "worry", text, float(times.lag))
    else:
        text = "changes come in the frame in which they happened"
        late = _verdict("time-delay", "good", text, float(times.lag))
    if balance.invented > TIME_INVENTED and not _is_late(found):
        text = "changes over time were added or exaggerated that the noisy movie does not hold"
        return [lost, late, _verdict("time-invented", "worry", text, 100 * balance.invented_share)]
    return [lost, late]


def _late(lag: int) -> str:
    if not lag:
        return "gradually, after they happened"
    return f"{abs(lag)} frame{'s' if abs(lag) > 1 else ''} {'late' if lag > 0 else 'early'}"


def _cut(found: Measured) -> list[Verdict]:
    found_cut = []
    if found.saturated > SATURATED:
        percent = 100 * found.saturated
        text = f"{percent:.2g} % of the noisy pixels are saturated: their brightness is not known"
        found_cut.append(_verdict("saturated", "note", text, percent))
    if found.floored > FLOORED:
        percent = 100 * found.floored
        text = f"{percent:.2g} % of the restored pixels were cut off at the smallest value"
        found_cut.append(_verdict("floored", "note", text, percent))
    return found_cut


def _do_not_measure(name: str, verdicts: Sequence[Verdict], found: Measured) -> tuple[str, ...]:
    words = _words(found)
    said = [FORBIDDEN[name].format(**words)] if FORBIDDEN.get(name) else []
    for verdict in verdicts:
        if verdict.level == "worry" and verdict.name in FORBIDDEN:
            text = FORBIDDEN[verdict.name].format(**words)
            if text not in said:
                said.append(text)
    if found.times is not None and FORBIDDEN["time-lost"] not in said:
        said.append(FORBIDDEN["movie"])
    said.append(FORBIDDEN["always"].format(**words))
    return tuple(said)


def _words(found: Measured) -> dict[str, str]:
    fine = _finest_kept(found)
    return {
        "kept": f"{100 * found.balance.noise_kept:.0f} %",
        "finer": f"finer than about {fine:.0f} px" if fine is not None else "of fine detail",
        "reason": found.reference.reason or "the image is too small",
    }


def _finest_kept(found: Measured) -> float | None:
    """Period in px below which less than half is kept of what could be; None if nothing is lost."""
    powers = found.powers
    lacking = np.flatnonzero((powers.best > 0.1) & (powers.kept < 0.5 * powers.best))
    return 1 / float(powers.frequency[lacking[0]]) if len(lacking) else None


def _verdict(name: str, level: Level, text: str, value: float | None = None) -> Verdict:
    unit = {"time-delay": "frames", "shared-noise": ""}.get(name, "%")
    return Verdict(name, TITLES[name], level, _sentence(text), value, unit)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
