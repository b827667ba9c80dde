"""The one stack of a job, and others of its sizes."""

import numpy as np
import pytest

from n2v_tools.errors import AxesError, StackError
from n2v_tools.jobs.desk.single import open_fitting, open_single


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.zeros((3, 4, 5)))
    np.save("longer.npy", np.zeros((1, 3, 4, 5)))
    np.save("other.npy", np.zeros((3, 4, 6)))


def test_all_files_that_are_read_are_known():
    one = open_single("a.npy", "TYX")
    assert one.stack.axes == "TYX" and one.files[0] == one.source


def test_several_stacks_are_refused():
    with pytest.raises(StackError, match="is 3 stacks"):
        open_single("*.npy", "TYX")


def test_the_letters_that_fit_are_taken():
    like = open_single("a.npy", "TYX")
    one = open_fitting("longer.npy", ["ZTYX", "TZYX"], like)
    assert one.stack.axes == "ZTYX"
    assert open_fitting("a.npy", ["ZYX", "TYX"], like).stack.axes == "TYX"


def test_one_frame_of_a_movie_fits_a_plane():
    np.save("plane.npy", np.zeros((4, 5)))
    like = open_single("plane.npy", "YX")
    assert open_fitting("a.npy", ["TYX"], like, frame=2).stack.axes == "YX"


def test_what_does_not_fit_says_both_sizes():
    like = open_single("a.npy", "TYX")
    with pytest.raises(AxesError, match=r"3 x 4 x 6, but .* 3 x 4 x 5"):
        open_fitting("other.npy", ["TYX"], like)
