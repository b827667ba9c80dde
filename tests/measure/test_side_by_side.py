"""Files side by side: sizes, strips, broken pixels, and counts as they were of old."""

import numpy as np
import pytest

from n2v_tools.errors import StackError
from n2v_tools.measure.side_by_side import SideBySide, as_uint16
from n2v_tools.prepare.strips import outside_strips
from n2v_tools.stack import Stack


def side(clean, restored, **options):
    stacks = {"restored": Stack(restored, "TYX", name="r"), "clean": Stack(clean, "TYX", name="c")}
    return SideBySide(stacks, **options)


def test_files_of_other_sizes_are_refused_with_both():
    with pytest.raises(StackError, match=r"r: the restored file .* 2 x 3 x 5, but .* 2 x 3 x 4"):
        side(np.ones((2, 3, 4)), np.ones((2, 3, 5)))


def test_what_lies_in_strips_or_is_no_number_does_not_count():
    clean, restored = np.ones((1, 6, 7)), np.ones((1, 6, 7))
    clean[0, :2] = 0
    restored[0, 4, 3] = np.nan
    planes = side(clean, restored, find_real=outside_strips).read({"T": 0})
    assert planes.has_strips and planes.valid.sum() == 4 * 7 - 1
    assert planes.broken["restored"].tolist() == [[4, 3]]
    kept = side(clean, restored).read({"T": 0})
    assert not kept.has_strips and kept.valid.sum() == 6 * 7 - 1


def test_frames_of_one_depth_follow_each_other():
    stack = Stack(np.ones((2, 3, 4, 4)), "TZYX")
    groups = list(SideBySide({"clean": stack, "restored": stack}).groups())
    assert [[place["T"] for place in group] for group in groups] == [[0, 1]] * 3


def test_counts_wrap_as_they_did_in_the_study():
    plane = np.array([[-3.7, 2.9, 65536.0, 70000.5, np.nan]])
    assert as_uint16(plane).tolist() == [[65533, 2, 0, 4464, 0]]
