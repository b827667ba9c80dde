"""Numbers mean what a viewer shows: zero that is white, colour tables, losses of compression."""

import numpy as np
import pytest
import tifffile
from vendor_files import pack_bits, write_raw

from n2v_tools.io.layout import layout_like
from n2v_tools.io.reader import open_stack
from n2v_tools.io.writer import create_stack

RAMP = np.arange(256) * 257


def make_values(dtype="uint8", shape=(3, 20, 27)):
    return np.random.default_rng(2).integers(0, 200, shape).astype(dtype)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
@pytest.mark.parametrize("kind", ["plain", "imagej", "ome"])
def test_zero_that_is_white_is_turned_over_and_said(tmp_path, dtype, kind, compression):
    if kind == "imagej" and dtype == "uint32":
        pytest.skip("ImageJ's format has no such type")
    values = make_values(dtype)
    options = {} if kind == "plain" else {kind: True}
    tifffile.imwrite(
        tmp_path / "a.tif", values, photometric="miniswhite", compression=compression,
        metadata={"axes": "ZYX"}, **options,
    )  # fmt: skip
    stack = open_stack(tmp_path / "a.tif")
    top = np.iinfo(dtype).max
    np.testing.assert_array_equal(np.asarray(stack), top - values)
    np.testing.assert_array_equal(stack.array[1, 3:9:2, 4], top - values[1, 3:9:2, 4])
    assert stack.dtype == dtype
    (warning,) = stack.warnings
    assert "zero is white" in warning and str(top) in warning


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_values_without_a_darkest_one_are_kept_and_that_is_said(tmp_path, dtype):
    values = make_values(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite", metadata={"axes": "ZYX"})
    stack = open_stack(tmp_path / "a.tif")
    np.testing.assert_array_equal(np.asarray(stack), values)
    assert "zero is white" in stack.warnings[0]


def test_pages_of_the_two_kinds_are_not_joined(tmp_path):
    values = make_values()
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(values[0], photometric="minisblack")
        tif.write(values[1], photometric="miniswhite")
    np.testing.assert_array_equal(np.asarray(open_stack(f"{tmp_path}/a.tif:0")), values[0])
    np.testing.assert_array_equal(np.asarray(open_stack(f"{tmp_path}/a.tif:1")), 255 - values[1])


@pytest.mark.parametrize("imagej", [False, True])
@pytest.mark.parametrize(
    ("table", "turned", "says"),
    [
        ((RAMP, RAMP, RAMP), False, ""),
        ((RAMP[::-1], RAMP[::-1], RAMP[::-1]), True, "zero is white"),
        ((RAMP, RAMP[::-1], RAMP), False, "colour table"),
    ],
)
def test_a_grey_colour_table_is_followed_and_another_is_said(tmp_path, table, turned, says, imagej):
    values = make_values()[0]
    tifffile.imwrite(
        tmp_path / "a.tif", values, photometric="palette", colormap=np.array(table, np.uint16),
        imagej=imagej,
    )  # fmt: skip
    stack = open_stack(tmp_path / "a.tif")
    np.testing.assert_array_equal(np.asarray(stack), 255 - values if turned else values)
    if says == "colour table" and imagej:  # there, it only says how grey levels are shown
        says = ""
    assert bool(stack.warnings) == bool(says)
    assert all(says in warning for warning in stack.warnings)


@pytest.mark.parametrize("n_channels", [2, 3])
def test_values_stay_where_imagejs_tables_travel_into_the_output(tmp_path, n_channels):
    values = make_values(shape=(n_channels, 20, 27))
    falling = np.tile(np.arange(255, -1, -1, dtype=np.uint8), (3, 1))
    tifffile.imwrite(
        tmp_path / "a.tif", values, imagej=True, photometric="miniswhite",
        metadata={"axes": "CYX", "LUTs": [falling] * n_channels},
    )  # fmt: skip
    stack = open_stack(tmp_path / "a.tif", "CYX")
    np.testing.assert_array_equal(np.asarray(stack), values)
    with create_stack(tmp_path / "b.tif", layout_like(stack, stack.dtype)) as writer:
        for place, plane in stack.planes():
            writer.write(place, plane)
    luts = tifffile.TiffFile(tmp_path / "b.tif").imagej_metadata["LUTs"]
    np.testing.assert_array_equal(luts, [falling] * n_channels)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits_turn_over_at_their_own_top(tmp_path, bits):
    values = make_values("uint16")[0]
    data = pack_bits(values, bits)
    write_raw(tmp_path / "a.tif", data, values.shape, bits=bits, photometric=0)
    stack = open_stack(tmp_path / "a.tif")
    np.testing.assert_array_equal(np.asarray(stack), 2**bits - 1 - values)


@pytest.mark.parametrize(
    ("compression", "says"),
    [("jpeg", "JPEG, with losses"), ("jpeg2000", "if with losses"), ("lzw", ""), ("zlib", "")],
)
@pytest.mark.parametrize("ome", [False, True])
def test_compression_with_losses_is_said(tmp_path, compression, says, ome):
    tifffile.imwrite(
        tmp_path / "a.tif", make_values(shape=(64, 48)), compression=compression, ome=ome
    )
    warnings = open_stack(tmp_path / "a.tif").warnings
    assert bool(warnings) == bool(says)
    assert all(says in warning for warning in warnings)
