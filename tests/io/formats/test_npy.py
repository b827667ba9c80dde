"""Arrays of .npy files come in their order, and nothing that is no image is read."""

import numpy as np
import pytest

from n2v_tools.errors import AxesError, StackError
from n2v_tools.io.address import Address
from n2v_tools.io.formats.npy import open_npy


def opened(path, values, axes, version=None):
    with open(path, "wb") as file:
        np.lib.format.write_array(file, np.asarray(values), version)
    return open_npy(Address(path), axes, "it")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<f4", ">f8", "i1"])
def test_values_come_back_in_every_version_order_and_type(tmp_path, order, version, dtype):
    values = np.array(np.arange(60).reshape(3, 4, 5), dtype, order=order)
    stack = opened(tmp_path / "a.npy", values, "ZYX", version)
    np.testing.assert_array_equal(np.asarray(stack), values)
    assert stack.dtype.isnative and stack.files == (tmp_path / "a.npy",)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.array(["a", "b"]), "holds text or Python objects"),
        (np.zeros((2, 2), bool), "holds bool, not grey values"),
        (np.zeros((2, 2), complex), "holds complex128, not grey values"),
        (np.zeros(7), "a row of 7 numbers"),
        (np.float32(1), "a single number"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, values, says):
    with pytest.raises(StackError, match=f"^it: .*{says}"):
        opened(tmp_path / "a.npy", values, "YX")


def test_axes_must_be_given_and_fit(tmp_path):
    with pytest.raises(AxesError, match=r"^it: .*Pass --axes, such as --axes TYX"):
        opened(tmp_path / "a.npy", np.zeros((3, 4, 5)), None)
    with pytest.raises(AxesError, match="3 letters"):
        opened(tmp_path / "a.npy", np.zeros((3, 4, 5)), "YX")


@pytest.mark.parametrize("n_bytes", [4, 20, 100, 180])
def test_a_file_that_is_cut_off_is_refused(tmp_path, n_bytes):
    opened(tmp_path / "a.npy", np.zeros((4, 5)), "YX")
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:n_bytes])
    with pytest.raises(StackError, match=r"Save it anew|truncated"):
        open_npy(Address(tmp_path / "a.npy"), "YX", "it")
