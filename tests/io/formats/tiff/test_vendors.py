"""Microscopes' own tags give pixel size, depth step and frame interval, also to the output."""

import numpy as np
import pytest
import tifffile
from vendor_files import (
    write_fluoview,
    write_metamorph,
    write_micro_manager,
    write_nih_image,
    write_olympus,
    write_zeiss,
)

from n2v_tools.io.formats.tiff import opener
from n2v_tools.io.formats.tiff.vendors import READERS
from n2v_tools.io.layout import layout_like
from n2v_tools.io.reader import open_stack
from n2v_tools.io.writer import create_stack

INI = (
    "[Dimension]\nZ=3\nTime=2\n[Z]\nZPos1=1.0\nZPos2=1.4\nZPos3=1.8\n"
    "[Time]\nTimePos1=0\nTimePos2=2500\n"
)


def test_tags_are_looked_for_in_the_files_of_every_program_that_is_known():
    assert sorted(opener.VENDORS) == sorted(READERS)


def make_planes(n_planes=6, dtype="uint16"):
    return np.random.default_rng(8).integers(1, 200, (n_planes, 14, 18)).astype(dtype)


def metamorph_stack(path):
    write_metamorph(path, make_planes(), pixel=130, unit=b"nm", step=0.4)
    return {"Z": 0.4, "Y": 0.13, "X": 0.13}


def metamorph_movie_over_midnight(path):
    times = [86_399_000, 86_399_500, 0, 500, 1000, 1500]
    write_metamorph(path, make_planes(), pixel=0.2, milliseconds=times)
    return {"T": 0.5, "Y": 0.2, "X": 0.2}


def zeiss_stack(path):
    values = np.stack([make_planes(3)] * 4)
    sizes = {"X": 18, "Y": 14, "Z": 4, "C": 3}
    write_zeiss(path, values, 0, sizes, voxel_m=(2e-7, 1e-7, 1.5e-6))
    return {"Z": 1.5, "Y": 0.1, "X": 0.2}


def zeiss_movie(path):
    sizes = {"X": 18, "Y": 14, "T": 4, "C": 3}
    write_zeiss(path, np.stack([make_planes(3)] * 4), 3, sizes, seconds=0.7)
    return {"T": 0.7, "Y": 0.1, "X": 0.1}


def olympus(path):
    write_olympus(path, make_planes(), ini=INI, pixel_m=6.5e-8)
    return {"T": 2.5, "Z": 0.4, "Y": 0.065, "X": 0.065}


def fluoview(path):
    dimensions = [("X", 18, 0.3, "um"), ("Y", 14, 0.2, "um"), ("Z", 3, 1.5, "um")]
    write_fluoview(path, make_planes(), [*dimensions, ("Time", 2, 4.0, "s")])
    return {"T": 4.0, "Z": 1.5, "Y": 0.2, "X": 0.3}


def micro_manager(path):
    summary = {"Frames": 3, "Slices": 2, "PixelSize_um": 0.325, "z-step_um": -2, "Interval_ms": 90}
    places = [(0, z, t, 0) for t in range(3) for z in range(2)]
    write_micro_manager(path, make_planes(), places, summary)
    return {"T": 0.09, "Z": 2, "Y": 0.325, "X": 0.325}


VENDORS = (
    metamorph_stack, metamorph_movie_over_midnight, zeiss_stack, zeiss_movie, olympus, fluoview,
    micro_manager,
)  # fmt: skip


@pytest.mark.parametrize("write", VENDORS, ids=[write.__name__ for write in VENDORS])
def test_spacing_of_a_microscope_reaches_the_output(tmp_path, write):
    ending = ".stk" if "metamorph" in write.__name__ else ".tif"
    expected = write(tmp_path / f"a{ending}")
    stack = open_stack(tmp_path / f"a{ending}")
    assert stack.unit == "µm"
    assert stack.spacing == pytest.approx(expected)
    with create_stack(tmp_path / "b.tif", layout_like(stack, stack.dtype)) as writer:
        for place, plane in stack.planes():
            writer.write(place, plane)
    written = open_stack(tmp_path / "b.tif")
    assert written.unit == "µm"
    assert written.spacing == pytest.approx(expected, rel=1e-6)


def test_a_stack_of_nih_image_has_all_its_planes(tmp_path):
    planes = make_planes(5, "uint8")
    scale = {"XScale": 4.0, "UnitsID": 6, "SliceSpacing": 0.5, "FrameInterval": 2.0}
    write_nih_image(tmp_path / "a.tif", planes, PixelAspectRatio=1.0, **scale)
    stack = open_stack(tmp_path / "a.tif", "ZYX")
    np.testing.assert_array_equal(np.asarray(stack), 255 - planes)  # there, zero is white
    assert stack.spacing == pytest.approx({"X": 0.25, "Y": 0.25, "Z": 0.5, "T": 2.0})


@pytest.mark.parametrize("unit", [b"pixel", b"", b"furlong"])
def test_a_unit_that_is_no_length_is_unknown(tmp_path, unit):
    write_metamorph(tmp_path / "a.stk", make_planes(), pixel=0.5, step=1, unit=unit)
    assert set(open_stack(tmp_path / "a.stk").spacing) == {"Z"}


def test_names_of_channels_are_carried_on(tmp_path):
    summary = {"Frames": 3, "Channels": 2, "ChNames": ["GFP", "RFP"]}
    places = [(c, 0, t, 0) for t in range(3) for c in range(2)]
    write_micro_manager(tmp_path / "a.tif", make_planes(), places, summary)
    assert open_stack(tmp_path / "a.tif").metadata["channel_names"] == ["GFP", "RFP"]


def test_what_a_file_says_of_itself_counts_before_its_makers_tags(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        make_planes(),
        imagej=True,
        resolution=(4, 4),
        metadata={"axes": "TYX", "unit": "um", "finterval": 3.0},
        extratags=[(33471, "s", len(INI) + 1, INI, True)],
    )
    spacing = open_stack(tmp_path / "a.tif").spacing
    assert spacing == pytest.approx({"X": 0.25, "Y": 0.25, "T": 3.0})


def test_tags_that_are_damaged_leave_the_pixels_readable(tmp_path):
    planes = make_planes()
    write_olympus(tmp_path / "a.tif", planes, ini="[Time]\nTimePos1=x\n[Z]\nZPos1=,\n")
    stack = open_stack(tmp_path / "a.tif", "TYX")
    np.testing.assert_array_equal(np.asarray(stack), planes)
    assert stack.spacing == {}
