"""Which pixels a report shows, and in which grey levels."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from n2v_tools.errors import StackError
from n2v_tools.jobs.report.shown import read_windows
from n2v_tools.jobs.report.sources import Sources
from n2v_tools.jobs.report.views import make_views
from n2v_tools.measure.scaling import Scaling
from n2v_tools.stack import Stack


def decode(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


def pair(axes, shape, **more):
    noisy = np.random.default_rng(0).integers(100, 200, shape, np.uint16)
    restored = np.full(shape, 150, np.uint16) + np.indices(shape)[-1].astype(np.uint16)
    return Sources(Stack(restored, axes), Stack(noisy, axes), **more)


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


def test_lone_pixels_change_no_grey_level():
    sources = pair("YX", (70, 80))
    (before,) = make_views(sources)
    sources.noisy.array[[9, 30, 31], [40, 7, 60]] = 60_000
    (after,) = make_views(sources)
    assert after.note == before.note  # black and white
    for one, other in zip(before.panes, after.panes, strict=True):
        changed = np.count_nonzero(decode(one.uri) != decode(other.uri))
        assert changed <= (3 if one.role == "noisy" else 0.05 * 70 * 80)


def test_a_burned_in_bar_changes_no_grey_level_and_is_still_shown():
    sources = pair("YX", (70, 80))
    (before,) = make_views(sources)
    for stack in (sources.noisy, sources.restored):
        stack.array[60:66, 10:70] = 65_535
    (after,) = make_views(sources)
    for one, other in zip(
        *([float(word) for word in note.replace(",", "").split() if word.isdigit()]
          for note in (before.note, after.note)),
        strict=True,
    ):  # black and white, of fewer pixels  # fmt: skip
        assert one == pytest.approx(other, abs=2)
    assert (decode(after.panes[0].uri)[60:66, 10:70] == 255).all()
    assert not 60 <= after.line_y < 66


def test_strips_do_not_flatten_the_picture():
    sources = pair("YX", (40, 50))
    bare = decode(make_views(sources)[0].panes[1].uri)
    for stack in (sources.noisy, sources.restored):
        stack.array[:, :20] = 0
    striped = decode(make_views(sources)[0].panes[1].uri)
    assert (striped[:, :20] == 0).all()
    assert striped[:, 20:].std() > 0.8 * bare[:, 20:].std() > 0


def test_the_profile_crosses_the_structure():
    restored = np.full((60, 60), 100.0)
    restored[33, 10:50:2] = 200
    (view,) = make_views(Sources(Stack(restored, "YX"), Stack(restored + 1, "YX")))
    assert view.line_y == 33.5


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
