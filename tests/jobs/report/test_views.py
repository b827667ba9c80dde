"""Which pixels a report shows, and in which grey levels."""

import base64
import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from n2v_tools.errors import StackError
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.report import write as report
from n2v_tools.jobs.report.request import ReportRequest
from n2v_tools.jobs.report.shown import choose_places, read_windows
from n2v_tools.jobs.report.sources import Sources
from n2v_tools.jobs.report.views import make_views
from n2v_tools.measure import Scaling
from n2v_tools.report.plain import number_text
from n2v_tools.stack import Stack
from n2v_tools.trust import Quality, Verdict

QUALITY = Quality((), Verdict("good", "Good", "good", "All is well."))


class Endless:
    """Planes of noise made when they are read; counts how many were."""

    dtype = np.dtype(np.uint16)

    def __init__(self, shape, mean=200):
        self.shape = shape
        self.mean = mean
        self.n_read = 0

    def __getitem__(self, key):
        self.n_read += 1
        place = [k for k in key if not isinstance(k, slice)]
        rng = np.random.default_rng([self.mean, *place])
        return rng.integers(0, 2 * self.mean, self.shape[-2:], np.uint16)


def decode(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


def pair(axes, shape, **more):
    noisy = np.random.default_rng(0).integers(100, 200, shape, np.uint16)
    restored = np.full(shape, 150, np.uint16) + np.indices(shape)[-1].astype(np.uint16)
    return Sources(Stack(restored, axes), Stack(noisy, axes), **more)


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


def test_an_empty_plane_gives_way_to_the_next_one():
    sources = pair("ZYX", (9, 16, 16))
    sources.restored.array[:5] = 0
    assert [window.place["Z"] for window in read_windows(sources)] == [5, 7]
    sources.restored.array[:] = 0
    with pytest.raises(StackError, match="every plane"):
        make_views(sources)


def test_before_and_after_share_their_grey_levels_and_the_residual_has_zero_in_the_middle():
    sources = pair("YX", (40, 50), clean=Stack(np.full((40, 50), 160.0), "YX"))
    (view,) = make_views(sources)
    shown = {pane.role: decode(pane.uri).astype(float) for pane in view.panes}
    assert list(shown) == ["noisy", "restored", "clean", "residual"]
    counts = {
        "noisy": sources.noisy.array.astype(float),
        "restored": sources.restored.array.astype(float),
    }
    inside = np.concatenate([(s > 0) & (s < 255) for s in (shown["noisy"], shown["restored"])])
    grey = np.concatenate([shown["noisy"], shown["restored"]])[inside]
    line = np.polyfit(grey, np.concatenate([counts["noisy"], counts["restored"]])[inside], 1)
    np.testing.assert_allclose(  # one line from grey to counts holds for both
        np.polyval(line, grey), np.concatenate([*counts.values()])[inside], atol=line[0]
    )
    residual = counts["noisy"] - counts["restored"]
    assert abs(shown["residual"][np.abs(residual) < 1].mean() - 127.5) < 2
    assert np.corrcoef(shown["residual"].ravel(), residual.ravel())[0, 1] > 0.95


def test_strips_do_not_flatten_the_picture():
    sources = pair("YX", (40, 50))
    bare = decode(make_views(sources)[0].panes[1].uri)
    for stack in (sources.noisy, sources.restored):
        stack.array[:, :20] = 0
    striped = decode(make_views(sources)[0].panes[1].uri)
    assert (striped[:, :20] == 0).all()
    assert striped[:, 20:].std() > 0.8 * bare[:, 20:].std() > 0


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


def test_the_profile_crosses_the_structure():
    restored = np.full((60, 60), 100.0)
    restored[33, 10:50:2] = 200
    (view,) = make_views(Sources(Stack(restored, "YX"), Stack(restored + 1, "YX")))
    assert view.line_y == 33.5


@pytest.mark.parametrize("axes", ["TYX", "TZCYX"])
def test_a_report_of_a_gigabyte_is_small_and_takes_little_memory(axes, tmp_path, monkeypatch):
    shape = {"TYX": (500, 1024, 1024), "TZCYX": (25, 5, 4, 1024, 1024)}[axes]
    arrays = [Endless(shape, mean) for mean in (200, 210, 220, 230)]
    restored, noisy, clean, uncertainty = (Stack(array, axes) for array in arrays)
    sources = Sources(restored, noisy, clean, uncertainty)
    monkeypatch.setattr(report, "_judge", lambda *_: QUALITY)
    monkeypatch.setattr(report, "_evaluate", lambda *_: None)
    output = tmp_path / "r.html"
    tracemalloc.start()
    made = report.write_report(sources, ReportRequest("r.tif"), output, Progress(quiet=True))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert output.stat().st_size == made.n_bytes < 5_000_000
    assert peak < 200e6
    assert max(array.n_read for array in arrays) <= 4


def test_a_clean_file_that_is_scaled_differently_is_shown_in_the_counts_of_the_restored():
    sources = pair("YX", (40, 50))
    clean = Stack(3.0 * sources.restored.array + 1000, "YX")
    sources = Sources(sources.restored, sources.noisy, clean)
    (view,) = make_views(sources, [Scaling(3.0, 1000.0)])
    shown = {pane.role: pane.uri for pane in view.panes}
    assert shown["clean"] == shown["restored"]


def test_pixels_that_are_no_numbers_are_shown_black_and_stop_nothing():
    sources = pair("YX", (40, 50))
    noisy = sources.noisy.array.astype(np.float32)
    noisy[3, :] = np.nan
    noisy[5, 6] = np.inf
    (view,) = make_views(Sources(sources.restored, Stack(noisy, "YX")))
    assert (decode(view.panes[0].uri)[3] == 0).all()


@pytest.mark.parametrize("value", [0, 7, -3])
def test_a_constant_file_has_a_picture(value):
    plane = np.full((20, 20), value, np.float32)
    plane[0, 0] += 1
    (view,) = make_views(Sources(Stack(plane, "YX"), Stack(plane.copy(), "YX")))
    assert len(view.panes) == 3


def test_numbers_are_written_as_people_do():
    assert [number_text(v) for v in (0, 1234.5, 12.345, 0.0123, 5e-9, 3e9, float("nan"))] == [
        "0", "1234", "12.3", "0.0123", "5e-09", "3e+09", "?",
    ]  # fmt: skip
