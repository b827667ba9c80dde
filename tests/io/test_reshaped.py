"""What a file calls one axis is split as a user says, and axes of length 1 are left out."""

import numpy as np
import pytest
import tifffile

from n2v_tools.api import open_stack as open_array
from n2v_tools.errors import AxesError
from n2v_tools.io.listing import open_stacks
from n2v_tools.io.reader import open_stack

FRAMES = np.arange(24 * 5 * 7, dtype=np.uint16).reshape(24, 5, 7)


def in_imagej(path, values=FRAMES, axes="TYX"):
    tifffile.imwrite(path, values, imagej=True, metadata={"axes": axes, "finterval": 0.5})
    return path


def unlabelled(path, values=FRAMES):
    tifffile.imwrite(path, values, photometric="minisblack")
    return path


def in_numpy(path, values=FRAMES):
    np.save(path.with_suffix(".npy"), values)
    return path.with_suffix(".npy")


@pytest.fixture(params=[in_imagej, unlabelled, in_numpy])
def file(request, tmp_path):
    return request.param(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("TC2YX", (12, 2)),
        ("TC3YX", (8, 3)),
        ("C2TYX", (2, 12)),
        ("ZC2YX", (12, 2)),
        ("TZ4C2YX", (3, 4, 2)),
        ("T8Z3YX", (8, 3)),
        ("TC1YX", (24, 1)),
    ],
)
def test_the_last_letter_varies_fastest_whatever_the_format(file, axes, shape):
    stack = open_stack(file, axes)
    assert stack.array.shape == (*shape, 5, 7)
    np.testing.assert_array_equal(np.asarray(stack), FRAMES.reshape(*shape, 5, 7))


def test_any_slice_of_what_was_split_is_that_of_the_whole(file):
    stack, whole = open_stack(file, "TZ3C2YX"), FRAMES.reshape(4, 3, 2, 5, 7)
    for key in [
        (2, 1, 0), (slice(1, 3), 2, slice(None)), (-1, slice(0, 2), 1, 3), (slice(3, 3),),
        (slice(None), 0, 1, slice(1, 4), slice(2, 6)), (Ellipsis, 4),
    ]:  # fmt: skip
        np.testing.assert_array_equal(stack.array[key], whole[key])
    assert np.array_equal(stack.plane({"T": 1, "Z": 2, "C": 1}), whole[1, 2, 1])


def test_each_of_several_axes_can_be_split(tmp_path):
    pixels = FRAMES.reshape(4, 6, 5, 7)
    stack = open_stack(in_imagej(tmp_path / "v.tif", pixels, "TZYX"), "TZC2YX")
    np.testing.assert_array_equal(np.asarray(stack), FRAMES.reshape(4, 3, 2, 5, 7))


def test_axes_that_the_file_keeps_apart_are_taken_as_they_are(tmp_path):
    pixels = FRAMES.reshape(12, 2, 5, 7)
    path = in_imagej(tmp_path / "c.tif", pixels, "TCYX")
    np.testing.assert_array_equal(np.asarray(open_stack(path, "TC2YX")), pixels)
    with pytest.raises(AxesError, match=r"c\.tif: has an axis C of 2, not of 3"):
        open_stack(path, "TC3YX")


def test_what_is_as_long_as_it_was_stays_so_far_apart(tmp_path):
    stack = open_stack(in_imagej(tmp_path / "a.tif"), "TC2YX")
    assert stack.spacing["T"] == pytest.approx(1.0)
    assert "T of 24 as T 12 x C 2" in stack.notes[-1]


@pytest.mark.parametrize("axes", ["TC5YX", "T7C2YX", "TC48YX"])
def test_lengths_that_do_not_fit_are_named(file, axes):
    with pytest.raises(AxesError, match=rf"its 24 planes are no multiple .*--axes {axes}"):
        open_stack(file, axes)


def test_axes_of_length_1_may_be_left_out_of_a_line_scan(tmp_path):
    path = in_imagej(tmp_path / "l.tif", FRAMES[:, :1])
    stack = open_stack(path, "YX")
    np.testing.assert_array_equal(np.asarray(stack), FRAMES[:, 0])
    assert "T" not in stack.spacing
    with pytest.raises(AxesError, match="name 2 axes, but the file holds 3"):
        open_stack(in_imagej(tmp_path / "m.tif"), "YX")


def test_a_folder_of_line_scans_is_not_joined_as_if_they_were_planes(tmp_path):
    for name in ("a.tif", "b.tif"):
        in_imagej(tmp_path / name, FRAMES[:, :1])
    assert [stack.axes for stack in open_stacks(tmp_path, "TYX")] == ["TYX", "TYX"]


def test_arrays_and_stacks_in_memory_are_split_too():
    split = open_array(FRAMES, "TC2YX")
    assert split.sizes == {"T": 12, "C": 2, "Y": 5, "X": 7}
    again = open_array(open_array(FRAMES, "ZYX"), "ZC2YX")
    np.testing.assert_array_equal(np.asarray(again), np.asarray(split))
