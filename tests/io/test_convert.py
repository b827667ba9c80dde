"""Values are rounded and clipped, never wrapped, and the type chosen says why."""

import numpy as np
import pytest

from n2v_tools.errors import OutputError, UsageError
from n2v_tools.io.convert import decide_dtype, to_dtype


@pytest.mark.parametrize(
    ("dtype", "low", "high", "finite", "expected"),
    [
        ("uint8", 0, 255, True, "uint16"),
        ("uint16", 0, 65535, True, "uint16"),
        (">u2", 0, 65535, True, "uint16"),
        ("int16", 0, 10, True, "float32"),
        ("int8", -1, 10, True, "float32"),
        ("int32", 0, 65535, True, "uint16"),
        ("uint32", 0, 65536, True, "float32"),
        ("int32", -1, 50, True, "float32"),
        ("float32", 0, 255, True, "uint16"),
        ("float32", 0, 254.9, True, "float32"),
        ("float64", -0.1, 1000, True, "float32"),
        ("float64", 0, 65535.5, True, "float32"),
        ("float32", 0, 1000, False, "float32"),
        ("float32", np.nan, np.nan, False, "float32"),
    ],
)
def test_auto_makes_uint16_wherever_that_loses_nothing(dtype, low, high, finite, expected):
    chosen, reason = decide_dtype(np.dtype(dtype), low, high, finite, "auto")
    assert chosen == np.dtype(expected)
    assert reason


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_auto_keeps_fractions_where_rounding_would_change_the_deviation_by_a_percent(dtype):
    for deviation, kept in ((0.1, True), (1.9, True), (2.2, False), (50.0, False)):
        assert (np.hypot(deviation, 12**-0.5) > 1.01 * deviation) == kept
        chosen, reason = decide_dtype(np.dtype(dtype), 0, 400, True, deviation=deviation)
        assert chosen == np.dtype("float32" if kept else "uint16")
        assert ("1 %" in reason) == kept


def test_a_wide_range_of_floats_does_not_count_where_a_few_values_make_it():
    chosen, reason = decide_dtype(np.dtype("f4"), 0, 9000, True, deviation=30.0, span=90.0)
    assert chosen == np.float32 and "90" in reason
    assert decide_dtype(np.dtype("f4"), 0, 9000, True, deviation=30.0, span=700.0)[0] == np.uint16
    assert decide_dtype(np.dtype("u2"), 0, 9000, True, deviation=30.0, span=90.0)[0] == np.uint16


@pytest.mark.parametrize("asked", ["uint16", "same"])
def test_what_is_asked_for_is_not_weighed(asked):
    assert decide_dtype(np.dtype("u2"), 0, 3, True, asked, deviation=0.1)[0] == np.uint16


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float64"])
def test_same_keeps_the_type_of_the_input(dtype):
    assert decide_dtype(np.dtype(dtype), 0, 1, True, "same")[0] == np.dtype(dtype)


def test_an_unknown_or_impossible_type_is_wrong_usage():
    with pytest.raises(UsageError, match="uint16"):
        decide_dtype(np.dtype("uint16"), 0, 1, True, "unit16")
    with pytest.raises(UsageError, match="int64"):
        decide_dtype(np.dtype("int64"), 0, 1, True, "same")


def test_halves_are_rounded_to_even_and_nothing_wraps():
    values = np.array([-3.2, -0.5, 0.5, 1.5, 2.5, 65535.4, 65535.6, 70000.0, 1e30], np.float32)
    counts, n_clipped = to_dtype(values, np.dtype(np.uint16))
    np.testing.assert_array_equal(counts, [0, 0, 0, 2, 2, 65535, 65535, 65535, 65535])
    assert n_clipped == 4


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32"])
@pytest.mark.parametrize("given", [np.float32, np.float64])
def test_values_beyond_a_type_end_at_its_limits(dtype, given):
    limits = np.iinfo(dtype)
    values = np.array([-1e20, limits.min, 0, limits.max, 1e20], given)
    counts, _ = to_dtype(values, np.dtype(dtype))
    np.testing.assert_array_equal(counts, [limits.min, limits.min, 0, limits.max, limits.max])


def test_float_output_keeps_nan_and_never_overflows():
    values = np.array([np.nan, np.inf, 1e300, -1e300, 0.1])
    floats, n_clipped = to_dtype(values, np.dtype(np.float32))
    assert np.isnan(floats[0])
    assert np.isinf(floats[1])
    np.testing.assert_allclose(floats[2:4], [3.4028235e38, -3.4028235e38])
    assert n_clipped == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused_in_whole_numbers(bad):
    with pytest.raises(OutputError, match=r"a\.tif: 1 of 3 values are NaN"):
        to_dtype(np.array([1, bad, 2.0]), np.dtype(np.uint16), where="a.tif")


def test_the_input_is_left_as_it_was():
    values = np.array([1.4, 7e4], np.float32)
    to_dtype(values, np.dtype(np.uint16))
    np.testing.assert_array_equal(values, np.array([1.4, 7e4], np.float32))
