"""Planes between reader and writer: where tiles are said to lie, and how often what is read."""

import threading

import numpy as np
import pytest
from numpy.random import default_rng
from restore_fakes import Filter, LooksThrough, MeanAround, Numbering, box_mean

from n2v_tools.contracts import RESTORED, Output
from n2v_tools.errors import SettingsError
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack

SIZES = {"T": 3, "C": 2, "Z": 5, "Y": 37, "X": 41}
TWICE = Output("twice", "_twice")


class Counted:
    """An array that counts how often each plane is read, from any thread."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.reads, self._lock = {}, threading.Lock()

    def __getitem__(self, key):
        place = tuple(i for i in key if not isinstance(i, slice))
        with self._lock:
            self.reads[place] = self.reads.get(place, 0) + 1
        return self.array[key]


def stack_of(axes, **sizes):
    shape = tuple({**SIZES, **sizes}[axis] for axis in axes)
    return Stack(default_rng(0).integers(1, 999, shape).astype(np.uint16), axes)


def restore(stack, restorer, n_outputs=1, **options):
    """Restored arrays, one for each output."""
    found = [np.full(stack.array.shape, np.nan, np.float32) for _ in range(n_outputs)]

    def writer(array):
        def write(place, plane):
            at = tuple(place.get(a, slice(None)) for a in stack.axes)
            array[at] = plane if stack.axes.index("Y") < stack.axes.index("X") else plane.T

        return write

    first, *others = map(writer, found)
    report = restore_stack(stack, restorer, first, others=others, **options)
    return *found, report


def rows_last(array, axes):
    """The array with Y and X last, in this order."""
    return np.moveaxis(array, (axes.index("Y"), axes.index("X")), (-2, -1))


def numbered(stack):
    return stack.array + np.arange(stack.array.size).reshape(stack.array.shape)


@pytest.mark.parametrize("axes", ["YX", "TYX", "CYX", "TZCYX", "YTX", "XY"])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_2d_restorer_is_told_where_its_planes_and_tiles_lie(axes, n_channels):
    if n_channels == 2 and "C" not in axes:
        pytest.skip("a stack of one channel")
    stack = stack_of(axes)
    one = Stack(rows_last(stack.array, axes), axes.replace("Y", "").replace("X", "") + "YX")
    known = {"stack": one, "reach": 3, "block": 4, "n_channels": n_channels}
    many = Numbering(**known)
    restored, _ = restore(stack, many)
    assert len(many.planes) < len(list(stack.places())) or len(many.planes) == 1  # in groups
    np.testing.assert_array_equal(rows_last(restored, axes), numbered(one))
    few = Numbering(**known, bytes_per_px=2000)
    restored, report = restore(stack, few, memory_bytes=10**6)
    assert np.prod(report.tile_px) < 37 * 41 / 2 and set(few.tiles) == {report.tile_px}
    np.testing.assert_array_equal(rows_last(restored, axes), numbered(one))


@pytest.mark.parametrize("axes", ["ZYX", "TZYX", "CZYX", "ZTYX"])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_3d_restorer_is_told_where_its_slabs_and_tiles_lie(axes, n_channels):
    if n_channels == 2 and "C" not in axes:
        pytest.skip("a stack of one channel")
    stack = stack_of(axes, Z=43, T=2)
    known = {"stack": stack, "axes": "ZYX", "reach": 2, "block": 2, "n_channels": n_channels}
    whole = Numbering(**known)
    restored, _ = restore(stack, whole)
    assert set(whole.planes) == {44}
    np.testing.assert_array_equal(restored, numbered(stack))
    slabs = Numbering(**known, bytes_per_px=1500)
    restored, report = restore(stack, slabs, memory_bytes=9 * 10**6)
    assert report.tile_px[0] < 43 and set(slabs.planes) == {report.tile_px[0]}
    np.testing.assert_array_equal(restored, numbered(stack))


def test_a_margin_is_said_to_be_what_it_repeats():
    class WithMargin(Numbering):
        margin_px = (4, 8)

    stack = stack_of("TYX")
    one = WithMargin(stack=stack, block=4)
    restored, report = restore(stack, one)
    assert report.tile_px == (40 + 8, 44 + 16) and set(one.tiles) == {report.tile_px}
    np.testing.assert_array_equal(restored, numbered(stack))


FIELDS = [
    ("TYX", "TYX", 1), ("CTYX", "TYX", 2), ("ZTYX", "TYX", 5), ("TZYX", "ZYX", 3), ("ZYX", "YX", 5),
]  # fmt: skip


@pytest.mark.parametrize(("axes", "model", "n_fields"), FIELDS)
def test_all_planes_of_a_field_are_looked_through_once_before_it_is_restored(axes, model, n_fields):
    stack = stack_of(axes)
    one = LooksThrough(axes=model)
    restored, _ = restore(stack, one)
    assert len(one.fields) == n_fields
    depth = axes.index(model[0]) if len(model) == 3 else None
    if depth is None:
        expected, n_planes = 2 * stack.array, 1
    else:
        expected = stack.array + stack.array.sum(axis=depth, keepdims=True)
        n_planes = stack.array.shape[depth]
    assert {len(planes) for planes in one.fields} == {n_planes}
    np.testing.assert_array_equal(restored, expected)
    flat = np.moveaxis(stack.array, depth, -3) if depth is not None else stack.array
    seen = np.array(one.fields)[..., 0].reshape(flat.shape)
    np.testing.assert_array_equal(seen, flat)


def test_a_field_is_read_twice_for_who_looks_through_it_and_else_once():
    for restorer, times in ((LooksThrough(axes="TYX"), 2), (Filter(axes="TYX"), 1)):
        counted = Counted(stack_of("CTYX").array)
        restore_stack(Stack(counted, "CTYX"), restorer, lambda place, plane: None, keep_strips=True)
        assert len(counted.reads) == 6 and set(counted.reads.values()) == {times}


def test_an_empty_field_is_looked_through_as_such_and_stays_empty():
    array = stack_of("CTYX").array.copy()
    array[0] = 0
    one = LooksThrough(axes="TYX")
    restored, report = restore(Stack(array, "CTYX"), one)
    assert [plane is None for plane in one.fields[0]] == [True] * 3
    assert not restored[0].any() and report.n_empty_planes == 3
    np.testing.assert_array_equal(restored[1], array[1] + array[1].sum(axis=0))


@pytest.mark.parametrize(("axes", "model"), [("TCYX", "YX"), ("CZYX", "ZYX"), ("TYX", "YX")])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_each_output_goes_to_its_writer_all_channels_of_it(axes, model, n_channels):
    class AndTwice(Filter):
        outputs = (RESTORED, TWICE)

        def predict(self, tiles, at=None):
            return np.concatenate([tiles + 1, 2 * tiles], axis=-1)

    if n_channels == 2 and "C" not in axes:
        pytest.skip("a stack of one channel")
    stack = stack_of(axes)
    stack.array[..., :4] = 0  # a strip
    one = AndTwice(axes=model, n_channels=n_channels, reach=2, block=2, bytes_per_px=900)
    for memory_bytes in (10**9, 1_500_000):
        restored, twice, report = restore(stack, one, 2, memory_bytes=memory_bytes)
        real = stack.array > 0
        np.testing.assert_array_equal(restored, np.where(real, stack.array + 1, 0))
        np.testing.assert_array_equal(twice, 2 * stack.array)
    assert np.prod(report.tile_px[-2:]) < 37 * 41


@pytest.mark.parametrize(("before", "after"), [(0, 0), (3, 0), (0, 2), (2, 4), (30, 30)])
def test_a_sliding_restorer_gets_each_frame_once_and_holds_what_it_needs(before, after):
    counted = Counted(stack_of("TYX", T=12).array)
    one = MeanAround(before, after, Filter(box_mean(2), reach=2, block=4, bytes_per_px=1000))
    restored, report = restore(Stack(counted, "TYX"), one, memory_bytes=2 * 10**6, keep_strips=True)
    assert set(counted.reads.values()) == {1}
    for t, held in enumerate(one.held):
        first = max(t - 1 - before, 0)  # what the frame before needed may be taken off here
        assert held == list(range(first, min(t + after, 11) + 1))
    assert one.n_tiles > 12 and np.prod(report.tile_px) < 37 * 41
    expected = [
        counted.array[max(t - before, 0) : t + after + 1].mean(axis=0, dtype=np.float32)
        for t in range(12)
    ]
    padded = np.pad(expected, [(0, 0), (1, 2), (1, 2)], mode="reflect")
    padded = [box_mean(2)(frame)[1:-2, 1:-2] for frame in padded]
    np.testing.assert_allclose(restored, padded, rtol=1e-5)


def test_each_movie_of_a_stack_is_slid_through_on_its_own():
    stack = stack_of("ZTYX")
    one = MeanAround(9, 9, Filter())
    restored, _ = restore(stack, one)
    means = stack.array.mean(axis=1, dtype=np.float32, keepdims=True)
    np.testing.assert_allclose(restored, np.broadcast_to(means, restored.shape), rtol=1e-6)


def test_empty_movies_are_not_slid_through_and_empty_frames_are_filled():
    array = stack_of("CTYX", T=6).array.copy()
    array[0] = 0
    array[1, 2] = 0
    one = MeanAround(1, 1, Filter())
    restored, report = restore(Stack(array, "CTYX"), one)
    assert len(one.held) == 6 and report.n_empty_planes == 7
    assert not restored[0].any() and not restored[1, 2].any()
    assert (restored[1, [1, 3]] > 0).all()


def test_frames_that_cannot_be_held_are_refused_with_what_would_help():
    one = MeanAround(400, 400, Filter())
    with pytest.raises(SettingsError, match=r"--memory 1MB.*37 x 41 px.*look at fewer"):
        restore(stack_of("TYX"), one, memory_bytes=10**6)
