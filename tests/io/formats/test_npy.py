"""Arrays of .npy files come in their order, and nothing that is no image is read."""

import tracemalloc

import numpy as np
import pytest

from n2v_tools.errors import AxesError, StackError
from n2v_tools.io.address import Address
from n2v_tools.io.formats.npy import open_npy, read_numbers


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


def header(text, version=1):
    """Bytes of a file whose header is `text`."""
    data = text.encode("latin1")
    length = len(data).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + data + bytes(200)


WHOLE = "{'descr': '<u2', 'fortran_order': False, 'shape': (4, 5), }"
HEADERS = {
    "a size below 0": WHOLE.replace("(4, 5)", "(-4, -5)"),
    "a size without end": WHOLE.replace("(4, 5)", f"(4, {10**30})"),
    "sizes of thousands of digits": WHOLE.replace("(4, 5)", "({0}, {0})".format("9" * 4000)),
    "a thousand axes": WHOLE.replace("(4, 5)", f"({'1, ' * 1000})"),
    "a bracket left open": WHOLE.replace("}", "("),
    "a text left open": WHOLE.replace("'<u2'", '"""<u2'),
    "a line that goes on": WHOLE.replace(",", ", \\"),
    "indented": f"  if\n {WHOLE}",
    "too deep": "{'descr': " + "(" * 2000 + ")" * 2000,
    "no list of fields": WHOLE.replace("'<u2'", "[1, 2]"),
    "a field of nothing": WHOLE.replace("'<u2'", "[()]"),
    "a type of another kind": WHOLE.replace("'<u2'", "{'a': 1}"),
    "no letters": "\0\0\0",
    "nothing": "",
}


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_a_header_that_means_no_array_is_one_line(tmp_path, text, version):
    path = tmp_path / "a.npy"
    path.write_bytes(header(text, version))
    for read in (lambda: open_npy(Address(path), "YX", "it"), lambda: read_numbers(path)):
        with pytest.raises(StackError) as refused:
            read()
        assert len(str(refused.value)) < 500 and "\n" not in str(refused.value)


def test_a_long_header_is_not_read_into_memory(tmp_path):
    path = tmp_path / "a.npy"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x02\x00" + (2**32 - 1).to_bytes(4, "little") + b"{")
        file.truncate(2**33)
    tracemalloc.start()
    with pytest.raises(StackError, match=r"cannot be read as \.npy"):
        open_npy(Address(path), "YX", "it")
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


@pytest.mark.parametrize("shape", [(0, 24, 40), (3, 0, 4), (0,), (2, 3, 0)])
def test_an_array_without_values_holds_no_pixels_with_and_without_axes(tmp_path, shape):
    for axes in (None, "ZYX"):
        with pytest.raises(StackError, match="no pixels" if len(shape) > 1 else "no image"):
            opened(tmp_path / "a.npy", np.zeros(shape, "u2"), axes)
