"""Randomness of notebooks: NumPy's global generator, as in n2v."""

from __future__ import annotations

import numpy as np


def new_seed() -> int:
    """A seed drawn from NumPy's global generator.

    Notebooks call ``numpy.random.seed`` to repeat what n2v does; everything here that is
    random follows from this one draw, through generators that are passed on.
    """
    return int(np.random.randint(2**31 - 1))  # noqa: NPY002 - n2v's users seed this one


def new_rng() -> np.random.Generator:
    """A generator of such a seed."""
    return np.random.default_rng(new_seed())
