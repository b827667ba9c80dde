"""A movie with its truth, and the scores of what was restored from it."""

from functools import partial

import numpy as np
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools.measure.file_scores import score_files
from n2v_tools.measure.first_pass import Rules
from n2v_tools.measure.side_by_side import SideBySide
from n2v_tools.prepare.gaps import find_data, find_lone_pixels
from n2v_tools.prepare.strips import outside_strips
from n2v_tools.stack import Stack


def scene(shape=(6, 40, 50), seed=0):
    """A clean movie, a noisy and a restored one, counts."""
    clean = gaussian_filter(default_rng(seed).random(shape), (0, 3, 3))
    clean = 200 + 4000 * (clean - clean.min()) / np.ptp(clean)
    noisy = clean + default_rng(seed + 1).normal(0, 400, shape)
    return clean, noisy, gaussian_filter(noisy, (0, 1, 1))


def stacks(clean, noisy, restored, axes="TYX"):
    arrays = {"restored": restored, "clean": clean, "noisy": noisy}
    return {
        role: Stack(array, axes, name=role) for role, array in arrays.items() if array is not None
    }


def score(clean, noisy, restored, axes="TYX", **options):
    keep_strips = options.pop("keep_strips", False)
    find_real = None if keep_strips else outside_strips
    rules = Rules(**options)
    side = SideBySide(
        stacks(clean, noisy, restored, axes),
        find_real,
        partial(find_data, keep_strips=keep_strips),
        find_lone_pixels,
        rules.legacy,
    )
    return score_files(side, rules, default_rng(0))
