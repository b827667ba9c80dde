"""A mask is read from small files of numbers only, and nothing in them can do harm."""

import json

import numpy as np
import pytest

from n2v_tools.errors import StackError
from n2v_tools.io.maskfile import read_mask_file


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, float])
def test_an_array_becomes_the_list_it_is(tmp_path, order, dtype):
    values = np.array([[0, 1, 1], [1, 0, 0]], dtype, order=order)
    np.save(tmp_path / "a.npy", values)
    (tmp_path / "a.json").write_text("[[0, 1, 1], [1, 0, 0]]")
    for name in ("a.npy", "a.json"):
        assert json.loads(read_mask_file(tmp_path / name)) == values.astype(int).tolist()


def test_an_archive_of_arrays_is_no_mask(tmp_path):
    np.savez(tmp_path / "a.npz", mask=np.eye(3))
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(StackError, match=r"a\.npy: cannot be read"):
        read_mask_file(tmp_path / "a.npy")


def test_a_header_cannot_ask_for_memory(tmp_path):
    with open(tmp_path / "a.npy", "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (2**50, 2**10)}
        np.lib.format.write_array_header_1_0(file, header)
        file.write(b"\1" * 50)
    with pytest.raises(StackError, match=r"a\.npy: .*truncated"):
        read_mask_file(tmp_path / "a.npy")


@pytest.mark.parametrize("value", [np.float32(1), np.array(["a"]), np.array([{}])])
def test_what_is_no_array_of_numbers_is_refused(tmp_path, value):
    np.save(tmp_path / "a.npy", value)
    with pytest.raises(StackError, match=r"a\.npy: cannot be read"):
        read_mask_file(tmp_path / "a.npy")
