"""Patch, window and validation fitted to the data: what was asked for is kept or refused."""

from pathlib import Path

import numpy as np
import pytest

from n2v_tools.errors import StackError
from n2v_tools.jobs.train.fit import FEW_FRAMES, SMALLEST_PATCH_PX, fit_to_data
from n2v_tools.jobs.train.request import TrainRequest, method_for
from n2v_tools.prepare.survey import survey_stack
from n2v_tools.stack import Stack

BLOCK = 8


def fit(method, *shapes, **asked):
    request = TrainRequest((), Path("models"), method=method, **asked)
    axes = ["TYX"[-len(shape) :] for shape in shapes]
    stacks = [
        Stack(np.ones(shape, np.uint16), letters, name=f"{i}.tif")
        for i, (shape, letters) in enumerate(zip(shapes, axes, strict=True))
    ]
    surveys = [survey_stack(stack) for stack in stacks]
    return fit_to_data(request, method_for(request), BLOCK, "YX", stacks, surveys)


def test_data_with_room_take_the_patch_as_it_is_and_nothing_is_said():
    plan, method, notes = fit("n2v", (300, 300))
    assert plan.patch_px == method.settings.patch_px == (64, 64)
    assert plan.validation == method.settings.validation > 0
    assert notes == []


@pytest.mark.parametrize("size", range(40, 140, 12))
def test_a_patch_made_smaller_is_of_whole_blocks_fits_and_is_said(size):
    plan, method, notes = fit("n2v", (size, size + 5))
    assert all(edge % BLOCK == 0 and edge <= size for edge in plan.patch_px)
    assert method.settings.patch_px == plan.patch_px
    assert (notes == []) == (plan.patch_px == (64, 64))
    assert min(plan.patch_px) >= SMALLEST_PATCH_PX or not plan.validation


def test_data_too_small_for_validation_are_trained_on_without_and_that_is_said():
    plan, method, notes = fit("n2v", (24, 24))
    assert plan.validation == method.settings.validation == 0
    assert plan.patch_px == (24, 24)
    assert "without one" in notes[-1]


@pytest.mark.parametrize("how", [{"patch": (64, 64)}, {"settings": {"patch_px": "64,64"}}])
def test_a_patch_that_was_asked_for_is_refused_never_changed(how):
    with pytest.raises(StackError, match="does not fit"):
        fit("n2v", (40, 300), **how)
    with pytest.raises(StackError, match="side by side"):
        fit("n2v", (70, 70), **how)
    assert fit("n2v", (70, 70), validation=0.0, **how)[0].patch_px == (64, 64)


@pytest.mark.parametrize("method", ["n2n", "video", "deepcad"])
def test_a_movie_method_takes_windows_of_its_frames(method):
    plan, fitted, _ = fit(method, (50, 200, 200))
    assert plan.model_axes == "TYX" and plan.as_on_disk
    assert plan.patch_px == fitted.window_px(50)
    assert plan.patch_px[-2:] == fitted.settings.patch_px[-2:]


def test_the_window_is_that_of_the_shortest_movie_but_few_frames_are_left_out():
    long, middle, short = (90, 200, 200), (FEW_FRAMES + 8, 200, 200), (FEW_FRAMES - 1, 200, 200)
    frames = {
        shapes: fit("video", *shapes)[0].patch_px[0]
        for shapes in ((long, middle), (long, short), (short,), (long, middle, short))
    }
    assert frames == {
        (long, middle): FEW_FRAMES + 8,
        (long, short): 90,
        (short,): FEW_FRAMES - 1,
        (long, middle, short): FEW_FRAMES + 8,
    }


def test_movies_too_small_for_validation_are_said_to_be_movies():
    _, _, notes = fit("video", (50, 24, 24))
    assert "movies are too small" in notes[-1]


def test_a_movie_that_is_too_short_is_refused():
    with pytest.raises(StackError, match="frames"):
        fit("video", (2, 100, 100))


@pytest.mark.parametrize(
    ("shape", "axes"), [((40, 1, 300), "YX"), ((90, 3, 64), "YTX"), ((40, 300, 2), "XYT")]
)
@pytest.mark.parametrize("method", ["n2v", "video"])
def test_lines_over_time_are_refused_with_the_axes_that_make_them_an_image(method, shape, axes):
    with pytest.raises(StackError, match=rf"too small to learn from.*--axes {axes}\.$"):
        fit(method, shape)
