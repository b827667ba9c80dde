"""Overall verdict on a restored file: the failing that matters most, and from which limits on.

The limits were chosen on generated images whose failing was known, and checked on others:
``benchmarks/verdicts.py``. A single verdict worries beyond the same limit, so that the whole never
says what no part does.

Tests: ``tests/trust/test_judge.py``, ``tests/trust/test_faults.py``.
"""

from __future__ import annotations

import math

from .measured import Measured
from .spectra import Balance

LOST, LOST_SOME = 0.3, 0.12  # error by lost signal over the best linear filter's
KEPT, KEPT_SOME = 0.19, 0.12  # share of the noise
KEPT_CORRELATED = 0.27  # where neighbours share noise its level is known less well
INVENTED, INVENTED_SOME = 0.3, 0.1  # power over the best linear filter's error
PLACES, LEAST_PLACES = 0.003, 2  # share of the tiles, and how many
DEFICIT, EVEN = 0.4, 0.5  # of structured noise: what a residual lacks, and how white it is
NOTHING_LEFT = 0.05  # residual over noise below which nothing was taken away
STRONGLY_SHARED = 0.5
NO_SIGNAL = 0.01  # mean share of signal in the noisy image
SURE = 4.0  # deviations
TIME_LOST, TIME_LOST_SOME = 0.5, 0.25
TIME_INVENTED = 0.5
LEAN = 0.18
DISPLACED, DISPLACED_SOME = 0.5, 0.2  # px
# added noise: from which cycles per pixel on it is even, how much so, and how much more may have
# been added to what is coarser
FINE, EVENLY, MOST_COARSE = 0.25, 0.5, 3.0


def name_overall(found: Measured) -> str:
    """The failing that matters most, one of `verdicts.OVERALL`."""
    if found.identical:
        return "under-trained"
    if found.order.exchanged:
        return "out-of-order"
    if found.reference.confidence == "cannot tell":
        return "cannot-tell"
    if shift_px(found) > DISPLACED or is_frames_late(found):
        return "displaced"
    return _failing(found) or ("good" if found.rescaled is None else "rescaled")


def _failing(found: Measured) -> str:
    """What is wrong in signal and noise where all is in its place; empty if nothing is."""
    balance, time = found.balance, found.time_balance
    lost, invented = _lost(balance) / LOST, balance.invented / INVENTED
    if time is not None:
        late = is_late(found)
        lost = max(lost, _lost(time) / TIME_LOST, 1.01 if late else 0.0)
        invented = max(invented, 0.0 if late else time.invented / TIME_INVENTED)
    if lost <= 1 and has_false_places(found):  # what is smeared spills into places without it
        invented = max(invented, 1.01)
    if invented > 1 and _is_noise_added(found):
        return "noise-added"
    if is_structured(found):
        return "structured-noise-left"
    if invented > 1 and invented > lost:
        return "hallucinated"
    if balance.noise_kept > most_kept(found):
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


def is_structured(found: Measured) -> bool:
    """Whether the residual lacks what neighbours share of the noise: it was kept."""
    shared = found.sharing
    if not found.reference.correlated:
        return False
    strongly = max(shared.noise, *found.reference.far) > STRONGLY_SHARED
    if strongly and found.balance.residual < NOTHING_LEFT:
        return True
    return shared.deficit > DEFICIT and shared.evenness < EVEN


def has_false_places(found: Measured) -> bool:
    """Whether structure that the data do not hold shows in more places than by chance."""
    return found.places.share > PLACES and found.places.n_found >= LEAST_PLACES


def is_late(found: Measured) -> bool:
    """Whether changes come frames late, or gradually."""
    times = found.times
    if times is None or times.lag is None:
        return False
    return times.lag != 0 or abs(times.lean) > LEAN


def is_frames_late(found: Measured) -> bool:
    """Whether changes come whole frames late or early."""
    return found.times is not None and found.times.lag not in (0, None)


def shift_px(found: Measured) -> float:
    """Distance between the restored image and the noisy one; 0 where that may be chance."""
    return math.hypot(*found.displacement.sure(SURE))


def most_kept(found: Measured) -> float:
    """Share of the noise that may be left."""
    return KEPT_CORRELATED if found.reference.correlated else KEPT
