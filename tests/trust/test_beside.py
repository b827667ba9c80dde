"""A noisy and a restored stack side by side."""

import numpy as np
import pytest
from blobs import scene

from n2v_tools.errors import StackError
from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored


def test_files_of_different_sizes_are_refused():
    noisy, restored = scene((2, 64, 64))
    with pytest.raises(StackError, match="axes ZYX of sizes 1 x 64 x 64"):
        judge_restored(Stack(noisy, "ZYX"), Stack(restored[:1], "ZYX"))


def test_strips_and_broken_pixels_do_no_harm():
    noisy, restored = scene((3, 128, 128))
    for stack in (noisy, restored):
        stack[:, :, :20] = 0
        stack[1] = 0
    restored[2, 5, 50] = np.nan
    found = judge_restored(Stack(noisy, "ZYX"), Stack(restored, "ZYX"))
    assert found.overall.name == "good"
