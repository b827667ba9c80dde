"""What is written reads back: values, axes, calibration and the record of its making."""

import tracemalloc
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from n2v_tools.errors import AxesError, OutputError, UsageError
from n2v_tools.io.layout import Layout, layout_like
from n2v_tools.io.reader import open_stack, read_description
from n2v_tools.io.table import find_format
from n2v_tools.io.writer import create_stack, output_bytes

ALL_AXES = ["YX", "ZYX", "TYX", "CYX", "TZYX", "CZYX", "ZCYX", "TCZYX", "YXC", "XYZ"]
SPACING = {"X": 0.1083, "Y": 0.2166, "Z": 0.35, "T": 12.5}


@pytest.mark.parametrize("format", ["tiff", "ome-tiff"])
@pytest.mark.parametrize("single", ["", "T", "Z", "C"])
@pytest.mark.parametrize("axes", ALL_AXES)
def test_axes_sizes_values_and_calibration_come_back(
    write_array, make_values, axes, single, format
):
    values = make_values(axes, **({single: 1} if single else {}))
    path = write_array(values, axes, spacing=SPACING, unit="micron", format=format)
    stack = open_stack(path)
    order = find_format(format).stored_axes(axes)
    assert stack.axes == order
    np.testing.assert_array_equal(
        stack.array[:], np.transpose(values, [axes.index(a) for a in order])
    )
    assert stack.spacing == pytest.approx(SPACING, rel=1e-6)
    assert stack.spacing_um("Z") == pytest.approx(0.35)


@pytest.mark.parametrize("format", ["tiff", "ome-tiff"])
@pytest.mark.parametrize(
    "dtype", ["uint8", "uint16", "float32", "int8", "int16", "int32", "uint32", "float64"]
)
def test_every_type_comes_back(write_array, make_values, dtype, format):
    values = make_values("ZYX", dtype)
    path = write_array(values, "ZYX", format=format)
    assert open_stack(path).dtype == np.dtype(dtype)
    np.testing.assert_array_equal(open_stack(path).array[:], values)
    np.testing.assert_array_equal(tifffile.imread(path), values)


def test_stored_order_is_imagejs_or_the_inputs():
    imagej, ome = find_format("tiff").stored_axes, find_format("ome-tiff").stored_axes
    assert imagej("CZYX") == "ZCYX"
    assert imagej("TCZYX") == "TZCYX"
    assert imagej("YXC") == ome("YXC") == "CYX"
    assert ome("CZYX") == "CZYX"


@pytest.mark.parametrize(
    ("dtype", "notes"), [("uint16", 0), ("float32", 0), ("int16", 1), ("float64", 1)]
)
def test_what_imagejs_format_cannot_hold_becomes_ome_tiff_and_that_is_said(tmp_path, dtype, notes):
    layout = Layout(axes="YX", sizes={"Y": 3, "X": 4}, dtype=np.dtype(dtype))
    with create_stack(tmp_path / "a.tif", layout) as writer:
        writer.write({}, np.zeros((3, 4), dtype))
    assert len(writer.notes) == notes
    assert writer.format == ("ome-tiff" if notes else "imagej")
    assert all("OME-TIFF" in note and dtype in note for note in writer.notes)


@pytest.mark.parametrize("unit", ["µm", "\\u00B5m", "micron", "nm", None])
def test_units_survive_in_a_form_that_imagej_reads(write_array, make_values, unit):
    path = write_array(make_values("YX"), "YX", spacing={"X": 2.0, "Y": 2.0}, unit=unit)
    expected = "µm" if unit == "\\u00B5m" else unit
    assert open_stack(path).unit == expected
    assert tifffile.TiffFile(path).pages[0].description.isascii()


def test_unknown_calibration_stays_unknown(write_array, make_values):
    for format in ("tiff", "ome-tiff"):
        path = write_array(make_values("TZYX"), "TZYX", name=f"{format}.tif", format=format)
        assert open_stack(path).spacing == {}
        assert open_stack(path).unit is None


@pytest.mark.parametrize("format", ["tiff", "ome-tiff"])
def test_what_was_done_is_recorded_inside(write_array, make_values, format):
    record = '{"model": "dôme <3> & µ", "notes": "line\\n"}'
    path = write_array(make_values("ZYX"), "ZYX", description=record, format=format)
    assert read_description(path) == record


def test_no_text_can_add_a_line_to_the_header(write_array, make_values):
    path = write_array(
        make_values("ZYX"), "ZYX", spacing={"X": 2.0}, unit="um\nslices=77", description="a\nb=c"
    )
    assert open_stack(path).sizes["Z"] == 4


def test_ome_xml_says_all_of_it(write_array, make_values):
    path = write_array(
        make_values("CZYX"),
        "CZYX",
        format="ome-tiff",
        spacing=SPACING,
        unit="µm",
        metadata={"channel_names": ["GFP & co", "RFP"]},
    )
    pixels = next(
        e
        for e in ElementTree.fromstring(tifffile.TiffFile(path).ome_metadata).iter()  # noqa: S314
        if e.tag.endswith("Pixels")
    )
    assert pixels.get("DimensionOrder") == "XYZCT"
    assert pixels.get("PhysicalSizeZ") == "0.35"
    assert pixels.get("TimeIncrement") == "12.5"
    assert open_stack(path).metadata["channel_names"][0] == "GFP & co"


def test_the_display_range_is_that_of_all_planes(write_array):
    values = np.zeros((3, 5, 6), np.uint16)
    values[2] = 4000
    path = write_array(values, "ZYX")
    header = tifffile.TiffFile(path).imagej_metadata
    assert (float(header["min"]), float(header["max"])) == (0, 4000)
    write_array(np.full((5, 6), np.nan, np.float32), "YX", name="nan.tif")


def test_channel_colours_are_carried_on(write_array, tmp_path, make_values):
    ramp = np.arange(256, dtype=np.uint8)
    luts = [np.stack([ramp * (c == k) for k in range(3)]) for c in range(3)]
    tifffile.imwrite(
        tmp_path / "in.tif",
        make_values("CYX"),
        imagej=True,
        metadata={"axes": "CYX", "mode": "composite", "LUTs": luts},
    )
    stack = open_stack(tmp_path / "in.tif")
    path = write_array(stack.array[:], "CYX", metadata=stack.metadata)
    metadata = open_stack(path).metadata
    assert metadata["mode"] == "composite"
    np.testing.assert_array_equal(metadata["LUTs"], luts)


def test_a_layout_like_an_input_copies_its_calibration(write_array, make_values):
    stack = open_stack(write_array(make_values("TZYX"), "TZYX", spacing=SPACING, unit="nm"))
    layout = layout_like(stack, np.dtype(np.float32), without="T")
    assert (layout.axes, layout.unit, layout.dtype) == ("ZYX", "nm", np.float32)
    assert layout.spacing == stack.spacing


@pytest.mark.parametrize("format", ["tiff", "ome-tiff"])
def test_more_than_4_gb_is_written_and_read(tmp_path, format):
    """Two planes of a file laid out sparsely: it takes no room on the disk."""
    sizes = {"T": 11, "Z": 200, "Y": 1024, "X": 1024}
    layout = Layout(axes="TZYX", sizes=sizes, dtype=np.dtype(np.uint16), format=format)
    assert output_bytes(layout) > 2**32
    plane = np.arange(2**20, dtype=np.uint32).reshape(1024, 1024).astype(np.uint16)
    with pytest.raises(ValueError, match="2198 of 2200 planes are missing"):
        with create_stack(tmp_path / "a.tif", layout) as writer:
            writer.write({"T": 10, "Z": 199}, plane)
            writer.write({"T": 0, "Z": 1}, plane)
            writer._file.flush()
            partial = next(tmp_path.glob("*.partial"))
            stack = open_stack(partial)
            assert stack.sizes == sizes
            np.testing.assert_array_equal(stack.array[10, 199], plane)
            np.testing.assert_array_equal(stack.array[0, 1], plane)
            assert stack.array[5, 5].max() == 0
            is_bigtiff = tifffile.TiffFile(partial).is_bigtiff
            assert is_bigtiff == (format == "ome-tiff")
    assert list(tmp_path.iterdir()) == []


def test_writing_takes_the_memory_of_a_few_planes(tmp_path):
    sizes = {"Z": 100, "Y": 256, "X": 256}
    layout = Layout(axes="ZYX", sizes=sizes, dtype=np.dtype(np.uint16))
    plane = np.zeros((256, 256), np.uint16)  # 128 kB; 13 MB in all
    with create_stack(tmp_path / "warm.tif", layout) as writer:
        for z in range(100):
            writer.write({"Z": z}, plane)
    tracemalloc.start()
    with create_stack(tmp_path / "a.tif", layout) as writer:
        for z in range(100):
            writer.write({"Z": z}, plane)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_planes_that_do_not_fit_are_refused(tmp_path):
    layout = Layout(axes="ZYX", sizes={"Z": 2, "Y": 3, "X": 4}, dtype=np.dtype(np.uint16))
    good = np.zeros((3, 4), np.uint16)
    bad = [({"Z": 2}, good), ({"T": 0}, good), ({"Z": 0}, good.T), ({"Z": 0}, good.astype("u1"))]
    for place, plane in bad:
        with pytest.raises(ValueError, match=r"place|plane"):
            with create_stack(tmp_path / "a.tif", layout) as writer:
                writer.write(place, plane)
    assert list(tmp_path.iterdir()) == []


def test_formats_and_axes_that_do_not_exist_are_refused():
    sizes = {"Y": 3, "X": 4}
    for format, says in (("ome-zarr", "not available yet"), ("tif", "Did you mean 'tiff'")):
        with pytest.raises(UsageError, match=says):
            Layout(axes="YX", sizes=sizes, dtype=np.dtype("u2"), format=format)
    with pytest.raises(AxesError):
        Layout(axes="QX", sizes=sizes, dtype=np.dtype("u2"))


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    import errno
    import os

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    layout = Layout(axes="YX", sizes={"Y": 3, "X": 4}, dtype=np.dtype(np.uint16))
    monkeypatch.setattr(os, "pwrite", full, raising=False)
    with pytest.raises(OutputError, match=r"a\.tif: the disk is full") as caught:
        with create_stack(tmp_path / "a.tif", layout) as writer:
            writer.write({}, np.zeros((3, 4), np.uint16))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_too_small_a_disk_is_refused_before_any_work(tmp_path):
    sizes = {"Z": 10**6, "Y": 10**5, "X": 10**5}
    layout = Layout(axes="ZYX", sizes=sizes, dtype=np.dtype(np.uint16))
    with pytest.raises(OutputError, match=r"needs 2e[+]07 GB.*free"):
        with create_stack(tmp_path / "a.tif", layout):
            pass
    assert list(tmp_path.iterdir()) == []


def test_neither_strips_nor_a_hot_pixel_darken_the_view(write_array):
    values = np.random.default_rng(0).normal(300, 30, (4, 64, 64)).astype(np.uint16)
    values[:, :, :10] = 0
    values[1, 30, 30] = 65535
    header = tifffile.TiffFile(write_array(values, "ZYX")).imagej_metadata
    assert 150 < float(header["min"]) < 250
    assert 350 < float(header["max"]) < 450
