"""The figure of a comparison: its window, and one column for each method."""

import io

import numpy as np
from matplotlib.image import imread
from numpy.random import default_rng

from n2v_tools.preview.comparison import Figured, Shown, choose_crop, draw_comparison

ALONG = {"Y": (0.1, 0.0), "X": (0.2, 0.0)}


def figured(n_methods, clean=None):
    noisy = default_rng(0).normal(100, 5, (200, 300))
    noisy[20:60:4, 200:260] += 500
    valid = np.ones(noisy.shape, bool)
    valid[:, :9] = False
    noisy[~valid] = 0
    methods = tuple(Shown(f"m{n}", noisy, ALONG, 20.0) for n in range(n_methods))
    return Figured(noisy, valid, methods, clean, ALONG, None, "title")


def drawn(shown):
    file = io.BytesIO()
    draw_comparison(shown, file)
    file.seek(0)
    return imread(file)


def test_the_window_shows_the_structure_and_no_strips():
    rows, columns = choose_crop(figured(1))
    assert rows.start <= 20 and rows.stop >= 60
    assert 9 <= columns.start <= 200 and columns.stop >= 260


def test_the_figure_grows_with_the_methods_and_the_truth():
    widths = [drawn(figured(n)).shape[1] for n in (2, 4)]
    assert widths[1] > 1.5 * widths[0]
    assert drawn(figured(4, np.ones((200, 300)))).shape[1] > widths[1]
