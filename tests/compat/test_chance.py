"""What notebooks seed with NumPy repeats, and two draws differ."""

import numpy as np

from n2v_tools.compat.chance import new_rng, new_seed


def draws(seed):
    np.random.seed(seed)  # noqa: NPY002 - n2v's users seed this one
    return new_seed(), new_seed(), new_rng().random(3).tolist()


def test_numpys_seed_decides_every_draw():
    assert draws(3) == draws(3)
    assert draws(3) != draws(4)


def test_one_seed_after_the_other_differs():
    first, second, _ = draws(3)
    assert first != second
