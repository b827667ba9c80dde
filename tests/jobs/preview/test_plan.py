"""Planes that a preview shows, their size, and the text below them."""

import numpy as np
import pytest

from n2v_tools.errors import AxesError, StackError, UsageError
from n2v_tools.jobs.preview.plan import plan_preview, texts_below
from n2v_tools.jobs.preview.request import PreviewRequest
from n2v_tools.stack import Stack


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lazy(axes, *shape, **calibration):
    return Stack(np.broadcast_to(np.uint16(0), shape), axes, **calibration)


def plan(stack, **options):
    return plan_preview(stack, PreviewRequest("a.tif", **options))


@pytest.mark.parametrize(
    ("n", "skip", "expected"),
    [(6500, None, 325), (1009, None, 51), (400, None, 20), (100, None, 20), (19, None, 19),
     (2, None, 2), (6500, 10, 650), (3, 2, 2)],
)  # fmt: skip
def test_every_twentieth_frame_and_more_of_a_short_movie(n, skip, expected):
    made = plan(lazy("TYX", n, 64, 64), skip=skip)
    assert [place["T"] for place in made.places] == list(range(0, n, made.skip))
    assert len(made.places) == expected


@pytest.mark.parametrize(
    ("edges", "scale", "expected"),
    [
        ((1024, 1024), None, (102, 102)),
        ((2048, 1024), None, (205, 102)),
        ((512, 512), None, (102, 102)),
        ((128, 256), None, (64, 128)),
        ((30, 40), None, (90, 120)),
        ((1000, 50), None, (167, 8)),
        ((490, 490), 0.5, (245, 245)),
        ((64, 64), 2, (128, 128)),
    ],
)
def test_a_tenth_of_the_size_and_more_of_a_small_image(edges, scale, expected):
    assert plan(lazy("TYX", 9, *edges), scale=scale).shown == expected


@pytest.mark.parametrize(
    ("axes", "shape", "options", "over", "fixed", "n"),
    [
        ("TYX", (5, 32, 32), {}, "T", {}, 5),
        ("ZYX", (5, 32, 32), {}, "Z", {}, 5),
        ("TZYX", (5, 7, 32, 32), {}, "T", {"Z": 3}, 5),
        ("TZYX", (1, 7, 32, 32), {}, "Z", {}, 7),
        ("TZYX", (5, 7, 32, 32), {"over": "Z"}, "Z", {"T": 2}, 7),
        ("TZYX", (5, 7, 32, 32), {"at": {"T": 4}}, "Z", {"T": 4}, 7),
        ("TZYX", (3, 2, 32, 32), {"over": "TZ"}, "TZ", {}, 6),
        ("TZYX", (5, 7, 32, 32), {"at": {"T": 4, "Z": 0}}, "", {"T": 4, "Z": 0}, 1),
        ("CYX", (3, 32, 32), {}, "", {}, 1),
        ("YX", (32, 32), {}, "", {}, 1),
    ],
)
def test_time_else_depth_and_the_other_stands_in_the_middle(axes, shape, options, over, fixed, n):
    made = plan(lazy(axes, *shape), **options)
    assert (made.over, made.fixed, len(made.places)) == (over, fixed, n)
    assert made.is_still == (n == 1)


def test_two_axes_run_with_the_last_one_fastest():
    places = plan(lazy("TZYX", 2, 2, 32, 32), over="ZT").places
    assert [(p["Z"], p["T"]) for p in places] == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"over": "Z"}, AxesError, "--over T"),
        ({"at": {"Z": 0}}, AxesError, "--at Z=0"),
        ({"over": "T", "at": {"T": 0}}, UsageError, "contradict"),
        ({"at": {"T": 9}}, StackError, "Give 0 to 8"),
        ({"skip": 9}, StackError, "at most 8"),
        ({"scale": 0.05}, StackError, "--scale"),
    ],
)
def test_what_the_stack_does_not_have_is_one_line(options, error, said):
    with pytest.raises(error, match=said) as caught:
        plan(lazy("TYX", 9, 64, 64), **options)
    assert "\n" not in str(caught.value)


def test_time_and_depth_stand_below_with_decimals_that_tell_frames_apart():
    stack = lazy("TZYX", 900, 5, 64, 64, spacing={"T": 0.033, "Z": 1.5}, unit="µm")
    made = plan(stack)
    assert seen_below(stack, made, made.places[2]) == ["T 40 1.32 s", "Z 2"]
    made = plan(stack, over="Z", at={"T": 7})
    assert seen_below(stack, made, made.places[3]) == ["Z 3 4.5 µm", "T 7"]
    slow = lazy("TYX", 100, 64, 64, spacing={"T": 60})
    assert seen_below(slow, plan(slow), {"T": 30}) == ["T 30 30 min"]


def seen_below(stack, made, place):
    return [" ".join(text.split()) for text in texts_below(stack, made, place)]


def test_texts_are_as_long_in_every_frame():
    stack = lazy("TYX", 1009, 64, 64, spacing={"T": 0.033})
    made = plan(stack, skip=1)
    assert len({len(texts_below(stack, made, place)[0]) for place in made.places}) == 1
