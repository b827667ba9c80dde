"""Planes and windows that a report shows."""

import numpy as np
import pytest
from reports import Endless

from n2v_tools.jobs.report.shown import choose_places, read_windows
from n2v_tools.jobs.report.sources import Sources
from n2v_tools.jobs.report.views import make_views
from n2v_tools.stack import Stack


@pytest.mark.parametrize(
    ("axes", "shape", "expected"),
    [
        ("YX", (8, 8), [{}]),
        ("ZYX", (9, 8, 8), [{"Z": 1}, {"Z": 4}, {"Z": 7}]),
        ("TZYX", (3, 1, 8, 8), [{"T": 0, "Z": 0}, {"T": 1, "Z": 0}, {"T": 2, "Z": 0}]),
        ("TZYX", (3, 3, 8, 8), [{"T": 0, "Z": 0}, {"T": 1, "Z": 1}, {"T": 2, "Z": 2}]),
        ("CYX", (2, 8, 8), [{"C": 0}, {"C": 1}]),
    ],
)
def test_planes_are_spread_over_time_and_depth(axes, shape, expected):
    assert choose_places(Stack(np.zeros(shape), axes)) == expected


@pytest.mark.parametrize("n_channels", [1, 2, 3, 9])
def test_there_are_few_views_however_many_channels(n_channels):
    places = choose_places(Stack(Endless((50, n_channels, 40, 8, 8)), "TCZYX"))
    assert 3 <= len(places) <= 4
    assert len({place["C"] for place in places}) == min(n_channels, 4)


def test_a_large_plane_is_shown_pixel_by_pixel_where_it_has_most_structure():
    shape = (700, 900)
    restored = np.full(shape, 100.0, np.float32)
    restored[500:560, 700:760] += 50 * np.random.default_rng(0).random((60, 60))
    noisy = restored + np.random.default_rng(1).normal(0, 1, shape)
    sources = Sources(Stack(restored, "YX"), Stack(noisy, "YX"))
    (window,) = read_windows(sources)
    assert window.rows.start <= 500 and window.rows.stop >= 560
    assert window.columns.start <= 700 and window.columns.stop >= 760
    np.testing.assert_array_equal(
        window.planes["noisy"], noisy[window.rows, window.columns].astype(float)
    )
    (view,) = make_views(sources)
    assert view.map is not None and "window" in view.note
    left, top, width, height = view.map.box
    x, y = (900 / view.map.width, 700 / view.map.height)
    assert left * x == pytest.approx(window.columns.start, abs=x)
    assert (top + height) * y == pytest.approx(window.rows.stop, abs=y)
    assert 0 < width <= view.map.width
