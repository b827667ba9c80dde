"""Unknown spacing stays unknown, and known spacing keeps its unit."""

import math

import pytest

from n2v_tools.io.formats.tiff.spacing import (
    imagej_calibration,
    imagej_unit,
    positive,
    readable_unit,
    resolution_calibration,
)


@pytest.mark.parametrize("unit", ["µm", "nm", "inch", "Å"])
def test_a_unit_survives_the_way_into_imagejs_header_and_back(unit):
    assert imagej_unit(unit).isascii()
    assert readable_unit(imagej_unit(unit)) == unit


@pytest.mark.parametrize("text", ["pixel", " Pixels ", "", None, "null"])
def test_a_pixel_is_no_unit(text):
    assert readable_unit(text) is None
    spacing, unit = imagej_calibration({"unit": text}, {"X": 1.0, "Y": 1.0}, 1)
    assert (spacing, unit) == ({}, None)


def test_spacings_are_read_in_their_unit_and_times_in_seconds():
    header = {"unit": "micron", "spacing": -2.5, "finterval": 300, "tunit": "ms", "fps": 7}
    spacing, unit = imagej_calibration(header, {"X": 4.0, "Y": None}, 1)
    assert unit == "micron"
    assert spacing == {"X": 0.25, "Z": 2.5, "T": pytest.approx(0.3)}


@pytest.mark.parametrize(("resolution", "known"), [(20_000.0, True), (72.0, False)])
def test_the_resolution_of_a_screen_is_none_of_a_microscope(resolution, known):
    spacing, unit = resolution_calibration({"X": resolution, "Y": resolution}, 2)
    assert (set(spacing), unit) == (({"X", "Y"}, "µm") if known else (set(), None))
    assert resolution_calibration({"X": resolution}, 1) == ({}, None)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "x", None, []])
def test_only_finite_numbers_above_0_are_positive(value):
    assert positive(value) is None
    assert positive("2.5") == 2.5 and positive(-2, of_either_sign=True) == 2


@pytest.mark.parametrize(("header", "known"), [({}, True), ({"unit": "pixel"}, False)])
def test_a_resolution_without_a_unit_is_kept_unless_it_counts_pixels(header, known):
    spacing, unit = imagej_calibration(header, {"X": 4.0, "Y": 4.0}, 1)
    assert (spacing, unit) == ({"X": 0.25, "Y": 0.25} if known else {}, None)
