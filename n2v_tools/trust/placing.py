"""Verdicts on places and times: displacement, order, delay, and what became of lone pixels.

Tests: ``tests/trust/test_faults.py``, ``tests/trust/test_over_time.py``.
"""

from __future__ import annotations

import math

import numpy as np

from ..report.plain import count_text
from .failing import DISPLACED, DISPLACED_SOME, SURE, is_frames_late, is_late, shift_px
from .measured import Measured
from .verdicts import Texts, Verdict, graded, make_verdict

EXCHANGED_NAMED = 3  # pairs of frames
SPREAD, SHOWN = 0.04, 0.5  # of the rise of lone pixels: in their neighbours, in themselves


def judge_displacement(found: Measured) -> Verdict:
    """Say whether structure lies where the noisy file shows it."""
    if math.isnan(found.displacement.x):
        text = "too little structure to determine whether the image lies where it should"
        return make_verdict("displacement", "cannot tell", text)
    texts: Texts = {
        "worry": f"the image lies {shift_text(found)} from where the noisy file shows it",
        "note": f"the image lies {shift_text(found)} from where the noisy file shows it",
        "good": "structure lies where the noisy file shows it",
    }
    px = shift_px(found)
    return graded("displacement", px, (DISPLACED_SOME, DISPLACED), texts, px)


def shift_text(found: Measured) -> str:
    """By how much and whereto the restored image was displaced, in space or else in time."""
    if is_frames_late(found) and shift_px(found) <= DISPLACED:
        return frames_late_text(found)
    y, x = found.displacement.sure(SURE)
    each = ((y, "down", "up"), (x, "to the right", "to the left"))
    parts = [f"{abs(px):.1f} px {there if px > 0 else back}" for px, there, back in each if px]
    return " and ".join(parts)


def judge_order(found: Measured) -> Verdict:
    """Say whether frames or planes follow each other as in the noisy file."""
    order, what = found.order, _planes(found)
    if order.exchanged:
        n = len(order.exchanged)
        return make_verdict("order", "worry", f"{exchanged_text(found)} were exchanged", n)
    if order.shows_from is None:
        text = f"too little changes between the {what} to determine their order"
        return make_verdict("order", "cannot tell", text)
    text = f"the {what} stand in the order of the noisy file"
    if order.shows_from > 1:
        near = "neighbours" if order.shows_from == 2 else f"two less than {order.shows_from} apart"
        text += f", but exchanged {near} would not show"
    return make_verdict("order", "good", text)


def exchanged_text(found: Measured) -> str:
    """Which frames or planes were exchanged."""
    pairs = found.order.exchanged
    named = ", ".join(f"{one} and {other}" for one, other in pairs[:EXCHANGED_NAMED])
    more = len(pairs) - EXCHANGED_NAMED
    return f"{_planes(found)} {named}{f' and {more} more pairs' if more > 0 else ''}"


def _planes(found: Measured) -> str:
    return "planes" if found.order.axis == "Z" else "frames"


def judge_delay(found: Measured, lag: int | None) -> Verdict:
    """Say whether changes come in the frame in which they happened."""
    if lag is None:
        text = "too little changes to determine whether changes come late"
        return make_verdict("time-delay", "cannot tell", text)
    if not is_late(found):
        text = "changes come in the frame in which they happened"
        return make_verdict("time-delay", "good", text, float(lag))
    when = frames_late_text(found) if lag else "gradually, after they happened"
    text = f"changes come {when}: do not measure when something happened"
    return make_verdict("time-delay", "worry", text, float(lag))


def frames_late_text(found: Measured) -> str:
    """Say by how many frames changes come late or early."""
    lag = (found.times.lag if found.times else None) or 0
    return f"{count_text(abs(lag), 'frame')} {'late' if lag > 0 else 'early'}"


def judge_lone_pixels(found: Measured) -> list[Verdict]:
    """Say what became of lone pixels of the noisy file, if there were any."""
    if not len(found.traces):
        return []
    shown, near = np.median(found.traces, axis=0)
    text = (
        f"{count_text(len(found.traces), 'noisy pixel')} beyond all noise (hot, dead, or hit by a "
        "cosmic ray) counted in no check; the restored file "
    )
    if near > SPREAD:
        text += "spreads them into spots, which are no structure"
        return [make_verdict("lone-pixels", "worry", text, len(found.traces))]
    text += "shows them too" if shown > SHOWN else "shows hardly a trace of them"
    return [make_verdict("lone-pixels", "note", text, len(found.traces))]
