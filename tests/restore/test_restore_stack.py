"""A stack in, restored planes out: axes, strips, NaN, streaming, threads."""

import threading
import tracemalloc

import numpy as np
import pytest
from numpy.random import default_rng
from restore_fakes import Filter, box_mean

from n2v_tools.errors import AxesError, StackError
from n2v_tools.prepare.strips import fill_volume, find_strips
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack


def restore(stack, restorer, **options):
    """Return (restored array in the stack's axes, report); every plane is written once."""
    restored = np.full(stack.array.shape, -12345.0, np.float32)
    seen = []

    def write(place, plane):
        assert plane.dtype == np.float32
        seen.append(tuple(sorted(place.items())))
        restored[tuple(place.get(a, slice(None)) for a in stack.axes)] = plane

    report = restore_stack(stack, restorer, write, **options)
    assert len(set(seen)) == len(seen) == len(list(stack.places()))
    return restored, report


def noise(*shape, dtype=np.uint16):
    return default_rng(0).integers(1, 4000, shape).astype(dtype)


@pytest.mark.parametrize("axes", ["YX", "ZYX", "TZYX", "CZYX", "TCYX", "TZCYX"])
def test_a_2d_model_restores_every_plane_of_any_stack_on_its_own(axes):
    stack = Stack(noise(*(2 + i for i in range(len(axes) - 2)), 21, 34), axes)
    restored, report = restore(stack, Filter(box_mean(1), reach=1, block=4))
    for place, plane in stack.planes():
        index = tuple(place.get(a, slice(None)) for a in axes)
        want = box_mean(1)(np.pad(plane, ((1, 2), (1, 1)), mode="reflect"))[1:-2, 1:-1]
        np.testing.assert_allclose(restored[index], want, rtol=1e-6)
    assert report.n_planes == len(list(stack.places()))


@pytest.mark.parametrize("axes", ["ZYX", "TZYX", "CZYX", "ZTYX"])
def test_a_3d_model_takes_each_volume_in_slabs_that_do_not_show(axes):
    sizes = {"T": 2, "C": 2, "Z": 41, "Y": 40, "X": 33}
    stack = Stack(noise(*(sizes[a] for a in axes)), axes)
    whole, _ = restore(stack, Filter(box_mean(2), "ZYX", reach=2, block=2))
    slabs, report = restore(
        stack, Filter(box_mean(2), "ZYX", reach=2, block=2, bytes_per_px=1500), memory_bytes=10**7
    )
    assert report.tile_px[0] < 41
    np.testing.assert_allclose(slabs, whole, rtol=1e-5)


def test_slabs_with_too_little_halo_do_show():
    stack = Stack(noise(41, 40, 33), "ZYX")
    whole, _ = restore(stack, Filter(box_mean(4), "ZYX", reach=4, block=2))
    short = Filter(box_mean(4), "ZYX", reach=2, block=2, bytes_per_px=1500)
    slabs, _ = restore(stack, short, memory_bytes=10**7)
    assert not np.allclose(slabs, whole, rtol=1e-3)


def test_a_tyx_model_uses_time_as_depth():
    stack = Stack(noise(6, 3, 16, 16), "TZYX")
    restored, _ = restore(stack, Filter(box_mean(1), "TYX", reach=1))
    for z in range(3):
        want = box_mean(1)(stack.array[:, z].astype(float))
        np.testing.assert_allclose(restored[:, z], want, rtol=1e-5)


def test_columns_before_rows_are_restored_in_the_files_order():
    stack = Stack(noise(5, 20, 12), "TXY")
    restored = {}
    restore_stack(stack, Filter(), lambda place, plane: restored.update({place["T"]: plane}))
    np.testing.assert_array_equal(restored[3], stack.array[3].T)


@pytest.mark.parametrize(
    ("axes", "model", "channels", "says"),
    [
        ("TYX", "ZYX", 1, "no Z"),
        ("ZYX", "TYX", 1, "no T"),
        ("ZYX", "YX", 3, "exactly 3"),
        ("CYX", "YX", 2, "exactly 2"),
    ],
)
def test_a_stack_that_does_not_fit_the_model_is_refused(axes, model, channels, says):
    stack = Stack(noise(5, 8, 8), axes, name="a.tif")
    with pytest.raises(AxesError, match=f"a.tif.*{says}"):
        restore(stack, Filter(axes=model, n_channels=channels))


def test_a_model_of_two_channels_sees_both_at_once():
    class Swap(Filter):
        def predict(self, tiles, at=None):
            return tiles[..., ::-1].copy()

    stack = Stack(noise(3, 2, 12, 12), "ZCYX")
    restored, _ = restore(stack, Swap(n_channels=2))
    np.testing.assert_array_equal(restored, stack.array[:, ::-1])


def with_strips():
    """ZYX: strips at both edges and inside, other ones in each plane, two empty planes."""
    volume = noise(9, 30, 40)
    for z in range(9):
        volume[z, :, : z + 1] = 0
        volume[z, :, 20 : 20 + z % 3] = 0
        volume[z, 28 - z % 2 :] = 0
    volume[3] = volume[8] = 0
    return volume


@pytest.mark.parametrize("model", ["YX", "ZYX"])
def test_strips_are_exactly_zero_again_and_nothing_else_is(model):
    volume = with_strips()
    restored, report = restore(Stack(volume, "ZYX"), Filter(lambda x: x + 5, model))
    for z in range(9):
        strips = find_strips(volume[z])
        is_strip = strips.rows[:, None] | strips.columns
        assert (restored[z][is_strip] == 0).all()
        np.testing.assert_array_equal(restored[z][~is_strip], volume[z][~is_strip] + 5.0)
    assert (report.n_empty_planes, report.n_planes_with_strips) == (2, 7)


def test_a_3d_net_meets_the_volume_that_prepare_fills():
    volume = with_strips()
    volume[4:7] = 0
    met = []
    restore(Stack(volume, "ZYX"), Filter(lambda x: met.append(x.copy()) or x, "ZYX"))
    want = fill_volume(volume, [find_strips(plane) for plane in volume])
    np.testing.assert_array_equal(met[0], want)
    assert (met[0] > 0).all()


def test_empty_planes_are_not_predicted_and_empty_volumes_neither():
    restorer = Filter(lambda x: x + 5)
    volume = with_strips()
    restore(Stack(volume, "ZYX"), restorer)
    assert restorer.n_tiles == 7
    restorer = Filter(lambda x: x + 5, "ZYX")
    restored, _ = restore(Stack(np.stack([volume, 0 * volume]), "TZYX"), restorer)
    assert restorer.n_tiles == 1
    assert (restored[1] == 0).all()


def test_kept_strips_are_data():
    volume = with_strips()
    restored, report = restore(Stack(volume, "ZYX"), Filter(lambda x: x + 5), keep_strips=True)
    np.testing.assert_array_equal(restored, volume + 5.0)
    assert report.n_planes_with_strips == 0


def test_broken_pixels_are_refused_before_any_work_by_count_and_first_place():
    movie = noise(2, 3, 8, 9, dtype=np.float32)
    movie[1, 0, 7, 4] = np.nan
    movie[1, 2, 0, 0] = np.inf
    restorer = Filter()
    with pytest.raises(StackError, match=r"2 pixels.*first at T 1, Z 0, Y 7, X 4"):
        restore(Stack(movie, "TZYX"), restorer)
    assert restorer.n_tiles == 0


@pytest.mark.parametrize("model", ["YX", "ZYX"])
def test_filled_nan_is_nan_again_and_harms_nothing_else(model):
    volume = noise(4, 16, 17, dtype=np.float32)
    volume[0, :, :3] = 0
    volume[1, 5:7, 4] = np.nan
    volume[2] = np.nan
    restored, report = restore(Stack(volume, "ZYX"), Filter(axes=model), nan="fill")
    np.testing.assert_array_equal(restored, volume)
    assert report.n_nonfinite == 2 + 16 * 17


def test_a_prediction_that_is_not_finite_names_the_model():
    diverged = Filter(lambda tile: tile * np.nan, name="models/mito")
    with pytest.raises(StackError, match=r"models/mito.*training\.csv"):
        restore(Stack(noise(3, 8, 8), "ZYX"), diverged)


class CountedArray:
    """Makes planes as they are asked for, and counts how often."""

    dtype = np.dtype(np.uint16)

    def __init__(self, *shape):
        self.shape = shape
        self.n_reads = 0

    def __getitem__(self, key):
        self.n_reads += 1
        return default_rng(key[0]).integers(1, 999, self.shape[1:]).astype(np.uint16)


@pytest.mark.parametrize("model", ["YX", "ZYX"])
def test_memory_does_not_grow_with_the_number_of_planes(model):
    def peak(n_planes):
        stack = Stack(CountedArray(n_planes, 256, 256), "ZYX")
        restorer = Filter(axes=model, reach=2, block=4, bytes_per_px=8)
        tracemalloc.start()
        restore_stack(stack, restorer, lambda place, plane: None, memory_bytes=12 * 10**6)
        peaked = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert stack.array.n_reads <= 2 * n_planes
        return peaked

    assert peak(400) < 1.1 * peak(100) + 10**6


def test_progress_counts_planes_to_the_end():
    steps = []
    restore(Stack(noise(2, 3, 8, 8), "TZYX"), Filter(), progress=lambda *step: steps.append(step))
    assert steps == [(i, 6) for i in range(1, 7)]


@pytest.mark.parametrize("culprit", ["read", "predict", "write", "interrupt"])
def test_an_error_anywhere_surfaces_and_leaves_no_thread(culprit):
    def fail(*_):
        raise KeyboardInterrupt if culprit == "interrupt" else OSError("disk is full")

    class Broken(CountedArray):
        def __getitem__(self, key):
            return super().__getitem__(key) if key[0] < 5 else fail()

    array = Broken(9, 64, 64) if culprit == "read" else CountedArray(900, 64, 64)
    restorer = Filter(fail if culprit in ("predict", "interrupt") else lambda x: x)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt if culprit == "interrupt" else OSError):
        restore_stack(
            Stack(array, "ZYX"), restorer, fail if culprit == "write" else lambda *_: None
        )
    assert threading.active_count() == before
