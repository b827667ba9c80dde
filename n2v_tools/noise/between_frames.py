"""What in a movie speaks against learning from its frames."""

from __future__ import annotations

from ..stack import Stack
from .advice import FRAMES_FOR_TIME, INDEPENDENT, QUICK_PX, grey_level_warning
from .correlation import measure_correlation
from .grey_levels import count_levels, judge_levels
from .sample import read_sample
from .strength import measure_strength


def advise_movie_training(
    stack: Stack, method: str, *, seed: int = 0, keep_strips: bool = False
) -> list[str]:
    """Say where a movie is none that a method for movies learns from.

    Such a method takes what frames share for signal, so their noise must be independent; what
    pixels of one frame share is no matter. Reads 1.5 million pixels at most.

    Parameters
    ----------
    stack : Stack
        With an axis T.
    method : str
        As ``--method`` takes it.
    seed : int
        Decides where crops of large planes lie.
    keep_strips : bool
        Take zeros as data.

    Returns
    -------
    warnings : list of str
        One line each, without the stack's name.
    """
    sample = read_sample(stack, seed, QUICK_PX, keep_strips=keep_strips)
    correlation = measure_correlation(sample)
    found = []
    levels, counts = count_levels(sample.planes)
    if len(levels):
        strength = measure_strength(sample, correlation)
        mean = float(levels @ counts / counts.sum())
        grey = judge_levels(levels, counts, strength.sigma_at(mean))
        found.append(grey_level_warning(grey, strength.counts_photons(mean, grey.step)))
    shared = correlation.along.get("T", (0.0,))[0]
    if shared > INDEPENDENT:
        found.append(
            f"successive frames share noise (correlation {shared:.2f}), and --method {method} "
            "keeps what they share: take the raw frames if these were averaged, interpolated or "
            "compressed, else --method n2v"
        )
    if stack.sizes["T"] < FRAMES_FOR_TIME:
        found.append(
            f"{stack.sizes['T']} frames are few to learn from time ({FRAMES_FOR_TIME} or more are "
            "better): see whether --method n2v does as well"
        )
    return [line for line in found if line]
