from typing import ClassVar

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.errors import AxesError, N2VToolsError, OutputError, SettingsError, StackError
from n2v_tools.prepare.patch_plan import (
    PatchPlan,
    count_patches,
    fit_patch,
    room_for_patches,
    units_of,
)
from n2v_tools.prepare.patches import draw_patches
from n2v_tools.prepare.survey import survey_stack
from n2v_tools.stack import Stack


def stack_of_ids(shape, axes, first=1, name="a.tif"):
    """Every pixel holds its own number, so that a patch tells where it comes from."""
    pixels = np.arange(first, first + np.prod(shape), dtype=np.float32).reshape(shape)
    assert pixels.max() < 2**24  # float32 counts exactly up to here
    return Stack(pixels, axes, name=name)


def with_strips(stack, seed=0):
    rng = default_rng(seed)
    for place in stack.places():
        plane = stack.plane(place)
        plane[:, : rng.integers(0, 6)] = 0
        plane[:, plane.shape[1] - rng.integers(0, 6) :] = 0
        if rng.random() < 0.3:
            plane[:, 30:32] = 0
        if rng.random() < 0.2:
            plane[20] = 0
    return stack


def draw(stacks, seed=0, **plan):
    surveys = [survey_stack(stack) for stack in stacks]
    return draw_patches(stacks, surveys, PatchPlan(**plan), default_rng(seed))


PLANS = {
    "2D": ([((3, 2, 64, 70), "TZYX")], {"patch_px": (16, 16)}),
    "2D, one plane": ([((64, 70), "YX")], {"patch_px": (16, 16)}),
    "2D, just two patches": ([((16, 32), "YX")], {"patch_px": (16, 16)}),
    "2D, unequal stacks": (
        [((5, 64, 48), "ZYX"), ((40, 100), "YX")],
        {"patch_px": (16, 12)},
    ),
    "3D": (
        [((3, 9, 50, 44), "TZYX")],
        {"patch_px": (4, 16, 16), "model_axes": "ZYX"},
    ),
    "3D, one volume": ([((12, 50, 44), "ZYX")], {"patch_px": (4, 16, 16), "model_axes": "ZYX"}),
    "TYX": ([((12, 2, 40, 44), "TZYX")], {"patch_px": (4, 16, 16), "model_axes": "TYX"}),
    "channels": ([((2, 4, 40, 44), "CZYX")], {"patch_px": (16, 16)}),
}
every_plan = pytest.mark.parametrize(("shapes", "plan"), PLANS.values(), ids=PLANS)


def stacks_for(shapes, strips=True):
    stacks, first = [], 1
    for shape, axes in shapes:
        stack = stack_of_ids(shape, axes, first)
        first += int(np.prod(shape))
        stacks.append(with_strips(stack) if strips and shape != (16, 32) else stack)
    return stacks


@every_plan
@pytest.mark.parametrize("seed", range(3))
def test_no_pixel_is_in_both_parts(shapes, plan, seed):
    patches = draw(stacks_for(shapes), seed=seed, n_patches=400, validation=0.1, **plan)
    assert not np.intersect1d(patches.train, patches.validation).size


@every_plan
@pytest.mark.parametrize(("n", "share"), [(1, 0.1), (7, 0.1), (400, 0.1), (333, 0.25), (90, 0)])
def test_the_count_is_exactly_the_count_asked_for(shapes, plan, n, share):
    stacks = stacks_for(shapes)
    patches = draw(stacks, n_patches=n, validation=share, **plan)
    assert len(patches.train) + len(patches.validation) == n
    assert abs(len(patches.validation) - share * n) <= 0.5
    n_channels = stacks[0].sizes.get("C", 1)
    assert patches.train.shape[1:] == (*plan["patch_px"], n_channels)
    assert patches.train.dtype == np.float32
    assert np.sum(patches.n_per_stack) == n


@every_plan
def test_no_strip_is_in_a_patch(shapes, plan):
    patches = draw(stacks_for(shapes), n_patches=500, **plan)
    assert patches.train.all() and patches.validation.all()


@every_plan
def test_a_patch_is_a_piece_of_the_file(shapes, plan):
    stacks = stacks_for(shapes)
    patches = draw(stacks, n_patches=50, **plan)
    axes = plan.get("model_axes", "YX")
    for patch in patches.train:
        start = patch[(0,) * len(axes)][0]
        stack = next(s for s in stacks if start in np.asarray(s.array))
        corner = dict(zip(stack.axes, np.argwhere(stack.array == start)[0], strict=True))
        edges = dict(zip(axes, plan["patch_px"], strict=True))
        window = tuple(
            slice(None) if a == "C" else slice(corner[a], corner[a] + edges.get(a, 1))
            for a in stack.axes
        )
        piece = np.squeeze(np.moveaxis(stack.array[window], stack.axes.find("C"), -1))
        np.testing.assert_array_equal(np.squeeze(patch), piece)


@every_plan
def test_equal_seeds_give_equal_patches_and_others_do_not(shapes, plan):
    stacks = stacks_for(shapes)
    one, same, other = (draw(stacks, seed=s, n_patches=60, **plan) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.train, same.train)
    np.testing.assert_array_equal(one.validation, same.validation)
    assert not np.array_equal(one.train, other.train)


@pytest.mark.parametrize(
    ("shape", "axes", "plan"),
    [
        ((2, 40, 37), "ZYX", {"patch_px": (16, 16)}),
        ((7, 21, 19), "ZYX", {"patch_px": (4, 8, 8), "model_axes": "ZYX"}),
    ],
    ids=["2D", "3D"],
)
@pytest.mark.parametrize("validation", [0, 0.1])
def test_every_pixel_is_reached_to_the_last_row_and_column(shape, axes, plan, validation):
    stack = stack_of_ids(shape, axes)
    patches = draw([stack], n_patches=8000, validation=validation, **plan)
    reached = np.union1d(patches.train, patches.validation)
    np.testing.assert_array_equal(reached, np.unique(stack.array))


def test_patches_are_shuffled():
    stack = stack_of_ids((50, 32, 32), "ZYX")
    patches = draw([stack], n_patches=1000, patch_px=(16, 16))
    planes = patches.train[:, 0, 0, 0] // (32 * 32)
    assert abs(np.corrcoef(planes, np.arange(len(planes)))[0, 1]) < 0.15


def test_patches_are_spread_over_stacks_in_proportion_to_their_size():
    stacks = [stack_of_ids((9, 64, 64), "ZYX"), stack_of_ids((3, 64, 64), "TYX")]
    patches = draw(stacks, n_patches=1200, validation=0, patch_px=(16, 16))
    assert patches.n_per_stack[0][0] == pytest.approx(900, abs=5)


@pytest.mark.parametrize("n_planes", [3, 10, 100])
def test_the_validation_blocks_are_about_the_share_asked_for(n_planes):
    stack = stack_of_ids((n_planes, 64, 64), "ZYX")
    patches = draw([stack], n_patches=20_000, validation=0.2, patch_px=(8, 8))
    share = len(np.unique(patches.validation)) / stack.array.size
    assert share == pytest.approx(0.2, rel=0.25)


def test_each_plane_is_read_once_at_most():
    class Counting(np.ndarray):
        reads: ClassVar[list] = []

        def __getitem__(self, key):
            Counting.reads.append(key)
            return np.asarray(self).__getitem__(key)

    pixels = stack_of_ids((2, 12, 40, 40), "TZYX").array
    stack = Stack(pixels.view(Counting), "TZYX")
    survey = survey_stack(stack)
    Counting.reads.clear()
    plan = PatchPlan(patch_px=(4, 16, 16), model_axes="ZYX", n_patches=300)
    draw_patches([stack], [survey], plan, default_rng(0))
    places = [key[:2] for key in Counting.reads]
    assert len(places) == len(set(places))


def test_fewer_patches_than_planes_read_fewer_planes():
    stack = stack_of_ids((40, 32, 32), "ZYX")
    patches = draw([stack], n_patches=10, validation=0, patch_px=(32, 32))
    assert len(np.unique(patches.train[:, 0, 0, 0])) == 10


def test_a_patch_as_large_as_the_data_fits():
    one = draw([stack_of_ids((16, 20), "YX")], n_patches=5, validation=0, patch_px=(16, 20))
    assert len(one.train) == 5
    volume = stack_of_ids((2, 4, 16, 16), "TZYX")
    two = draw([volume], n_patches=6, patch_px=(4, 16, 16), model_axes="ZYX", validation=0.5)
    assert len(two.train) == len(two.validation) == 3


def test_data_too_small_to_split_are_refused_with_the_way_out():
    with pytest.raises(StackError, match="--validation 0") as refusal:
        draw([stack_of_ids((20, 20), "YX")], n_patches=50, patch_px=(16, 16))
    assert "\n" not in str(refusal.value)


def test_two_boxes_between_strips_are_one_for_each_part():
    stack = stack_of_ids((16, 40), "YX")
    stack.array[:, 18:21] = 0
    patches = draw([stack], n_patches=50, patch_px=(16, 16))
    assert (len(patches.train), len(patches.validation)) == (45, 5)
    assert not np.intersect1d(patches.train, patches.validation).size


def test_an_empty_plane_is_in_no_patch():
    stack = stack_of_ids((9, 20, 20), "ZYX")
    stack.array[4] = 0
    patches = draw([stack], n_patches=80, validation=0, patch_px=(4, 16, 16), model_axes="ZYX")
    assert patches.train.all()
    assert len(np.unique(patches.train[:, 0, 0, 0, 0] // 400)) == 2


def test_strips_of_one_channel_are_kept_out_of_all():
    stack = stack_of_ids((2, 40, 60), "CYX")
    stack.array[1, :, 20:23] = 0
    assert draw([stack], n_patches=200, patch_px=(8, 8)).train.all()


def test_keep_strips_takes_zeros_as_data():
    stack = stack_of_ids((40, 60), "YX")
    stack.array[:, 20:50] = 0
    surveys = [survey_stack(stack, keep_strips=True)]
    plan = PatchPlan(patch_px=(16, 16), n_patches=100, keep_strips=True)
    patches = draw_patches([stack], surveys, plan, default_rng(0))
    assert (patches.train == 0).any()


def test_stacks_too_small_are_skipped_with_a_note():
    stacks = [stack_of_ids((40, 40), "YX"), stack_of_ids((10, 10), "YX", name="small.tif")]
    patches = draw(stacks, n_patches=20, patch_px=(16, 16))
    assert patches.n_per_stack[1] == (0, 0)
    assert len(patches.notes) == 1 and patches.notes[0].startswith("small.tif: skipped")


def test_broken_pixels_are_filled():
    stack = stack_of_ids((40, 40), "YX")
    stack.array[5, 5] = np.nan
    patches = draw([stack], n_patches=200, patch_px=(8, 8))
    assert np.isfinite(patches.train).all()


def test_large_results_lie_in_files_and_are_the_same(tmp_path):
    stack = stack_of_ids((4, 40, 40), "ZYX")
    survey = survey_stack(stack)
    plan = PatchPlan(patch_px=(16, 16), n_patches=50)
    memory = draw_patches([stack], [survey], plan, default_rng(0))
    files = draw_patches([stack], [survey], plan, default_rng(0), tmp_path, memory_bytes=1000)
    assert isinstance(files.train, np.memmap)
    np.testing.assert_array_equal(files.train, memory.train)
    np.testing.assert_array_equal(files.validation, memory.validation)
    with pytest.raises(OutputError, match="--patches"):
        draw_patches([stack], [survey], plan, default_rng(0), memory_bytes=1000)


def test_progress_ends_at_the_number_of_patches():
    stack, calls = stack_of_ids((40, 40), "YX"), []
    plan = PatchPlan(patch_px=(8, 8), n_patches=100)
    draw_patches(
        [stack], [survey_stack(stack)], plan, default_rng(0), progress=lambda *c: calls.append(c)
    )
    assert calls[-1] == (100, 100)


@pytest.mark.parametrize(
    ("stacks", "plan"),
    [
        ([((40, 40), "YX")], {"patch_px": (4, 16, 16), "model_axes": "ZYX"}),
        ([((9, 40, 40), "ZYX")], {"patch_px": (4, 16, 16), "model_axes": "TYX"}),
        ([((10, 12), "YX")], {"patch_px": (16, 16)}),
        ([((2, 40, 40), "CYX"), ((40, 40), "YX")], {"patch_px": (16, 16)}),
        ([((3, 40, 40), "ZYX")], {"patch_px": (4, 16, 16), "model_axes": "ZYX"}),
    ],
    ids=["no Z", "no T", "plane too small", "channels differ", "too few planes"],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(stacks, plan):
    with pytest.raises((StackError, AxesError)) as refusal:
        draw([stack_of_ids(*one) for one in stacks], n_patches=10, **plan)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "plan",
    [
        {"patch_px": (64,)},
        {"patch_px": (0, 64)},
        {"n_patches": 0},
        {"validation": 0.6},
        {"validation": float("nan")},
        {"model_axes": "ZYX"},
        {"model_axes": "XY"},
    ],
)
def test_a_plan_that_makes_no_sense_is_wrong_usage(plan):
    with pytest.raises(SettingsError):
        PatchPlan(**plan)


def test_the_default_count_covers_the_data_within_its_limits():
    small = survey_stack(stack_of_ids((32, 32), "YX"))
    middle = survey_stack(stack_of_ids((10, 512, 512), "ZYX"))
    large = survey_stack(stack_of_ids((20, 800, 800), "ZYX"))
    assert sum(count_patches([small], PatchPlan((16, 16)))) == 500
    assert sum(count_patches([middle], PatchPlan())) == 2560  # 4 x 640 patches side by side
    assert sum(count_patches([large, large], PatchPlan((32, 32)))) == 10_000
    deep = PatchPlan((16, 64, 64), "ZYX")
    assert sum(count_patches([small], deep)) == 200
    assert sum(count_patches([large] * 9, deep)) == 1000
    huge = PatchPlan((64, 512, 512), "ZYX")
    assert 4 * sum(count_patches([large], huge)) * 64 * 512 * 512 <= 2**31


@pytest.mark.parametrize(
    ("patch_px", "rooms", "expected"),
    [
        ((64, 64), {"a": (30, 40)}, (28, 28)),
        ((64, 64), {"a": (64, 64)}, (64, 64)),
        ((64, 64), {"a": (30, 40), "b": (100, 70)}, (64, 64)),
        ((16, 64, 64), {"a": (9, 100, 100)}, (8, 64, 64)),
        ((16, 64, 64), {"a": (16, 50, 100)}, (16, 48, 48)),
        ((64, 32), {"a": (50, 40)}, (48, 32)),
    ],
)
def test_a_patch_nobody_chose_shrinks_until_it_fits(patch_px, rooms, expected):
    fit = fit_patch(patch_px, rooms, 4, chosen=False)
    assert fit.patch_px == expected
    assert (fit.note is None) == (expected == patch_px)


def test_a_chosen_patch_is_refused_with_the_largest_that_fits():
    with pytest.raises(StackError, match="--patch 28,28"):
        fit_patch((64, 64), {"a.tif": (30, 40)}, 4, chosen=True)


@pytest.mark.parametrize("chosen", [True, False])
def test_data_too_thin_for_the_net_are_refused(chosen):
    with pytest.raises(N2VToolsError, match=r"a\.tif"):
        fit_patch((16, 64, 64), {"a.tif": (3, 128, 128)}, 4, chosen=chosen)


def test_edges_that_the_net_cannot_halve_are_wrong_usage():
    with pytest.raises(SettingsError, match="--patch 64,64"):
        fit_patch((63, 65), {"a.tif": (128, 128)}, 4, chosen=True)


def test_room_is_what_strips_leave():
    stack = stack_of_ids((6, 50, 60), "ZYX")
    stack.array[:, :, :10] = 0
    stack.array[:, :, 45] = 0
    stack.array[4] = 0
    survey = survey_stack(stack)
    assert room_for_patches(stack, survey, PatchPlan()) == (50, 35)
    deep = PatchPlan((4, 16, 16), "ZYX")
    assert room_for_patches(stack, survey, deep) == (4, 50, 35)


@every_plan
def test_places_say_where_each_patch_lies(shapes, plan):
    stacks = stacks_for(shapes)
    surveys = [survey_stack(stack) for stack in stacks]
    drawn = draw_patches(stacks, surveys, PatchPlan(**plan), default_rng(0))
    units = [
        (stack, place)
        for stack, survey in zip(stacks, surveys, strict=True)
        for place, _ in units_of(stack, survey, PatchPlan(**plan))
    ]
    axis = PatchPlan(**plan).depth_axis
    for patches, places in zip((drawn.train, drawn.validation), drawn.places, strict=True):
        assert len(patches) == len(places)
        for patch, (unit, z, y, x) in list(zip(patches, places, strict=True))[:40]:
            stack, place = units[unit]
            first = {**place, **({axis: int(z)} if axis else {})}
            first |= {"C": 0} if "C" in stack.axes else {}
            assert stack.plane(first)[y, x] == patch.reshape(-1, patch.shape[-1])[0, 0]
