"""Pages are read as they are stored, also where pixels share bytes."""

import numpy as np
import pytest
from vendor_files import pack_bits, write_raw

from n2v_tools.errors import StackError
from n2v_tools.io.reader import open_stack


def write_packed(path, bits, shape, seed=6):
    values = np.random.default_rng(seed).integers(0, 2**bits, shape).astype(np.uint16)
    data = pack_bits(values, bits)
    write_raw(path, data, shape, bits=bits)
    return values, data


@pytest.mark.parametrize("shape", [(20, 24), (21, 27), (3, 5), (64, 1)])
@pytest.mark.parametrize("bits", [9, 10, 11, 12, 14, 15])
def test_packed_pixels_are_read_as_whole_numbers(tmp_path, bits, shape):
    values, _ = write_packed(tmp_path / "a.tif", bits, shape)
    stack = open_stack(tmp_path / "a.tif")
    assert stack.dtype == np.uint16
    np.testing.assert_array_equal(np.asarray(stack), values)
    np.testing.assert_array_equal(stack.array[1:3, ::2], values[1:3, ::2])


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_pixels_that_are_too_few_are_refused(tmp_path, bits):
    values, data = write_packed(tmp_path / "a.tif", bits, (20, 27))
    write_raw(tmp_path / "a.tif", data[:-1], values.shape, bits=bits)
    with pytest.raises(StackError, match="the header is wrong"):
        np.asarray(open_stack(tmp_path / "a.tif"))
