"""TIFF files open with the axes, sizes, values and calibration they were written with."""

import logging
import shutil

import numpy as np
import pytest
import tifffile
from vendor_files import write_zeiss

from n2v_tools.errors import AxesError, N2VToolsError, StackError
from n2v_tools.io.reader import open_stack

IMAGEJ_AXES = ["YX", "ZYX", "TYX", "CYX", "TZYX", "ZCYX", "TCYX", "TZCYX"]


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("axes", IMAGEJ_AXES)
def test_an_imagej_hyperstack_opens_as_written(tmp_path, make_values, axes, dtype, byteorder):
    values = make_values(axes, dtype)
    path = tmp_path / "a.TIF"
    tifffile.imwrite(path, values, imagej=True, byteorder=byteorder, metadata={"axes": axes})
    stack = open_stack(path)
    assert (stack.axes, stack.dtype, stack.name) == (axes, np.dtype(dtype), str(path))
    np.testing.assert_array_equal(stack.array[:], values)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("axes", ["YX", "CZYX", "TCZYX"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_an_ome_tiff_opens_as_written(tmp_path, make_values, axes, bigtiff, compression, byteorder):
    values = make_values(axes)
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        values,
        ome=True,
        bigtiff=bigtiff,
        compression=compression,
        byteorder=byteorder,
        metadata={"axes": axes},
    )
    stack = open_stack(tmp_path / "a.ome.tif")
    assert stack.axes == axes
    np.testing.assert_array_equal(stack.array[:], values)


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint32", "int32", "float64"])
def test_any_grey_type_opens(tmp_path, make_values, dtype):
    values = make_values("ZYX", dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, metadata={"axes": "ZYX"})
    stack = open_stack(tmp_path / "a.tif")
    assert stack.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(stack.array[1], values[1])


@pytest.mark.parametrize(("unit", "read"), [("\\u00B5m", "µm"), ("micron", "micron"), ("nm", "nm")])
def test_imagej_calibration_is_read(tmp_path, make_values, unit, read):
    tifffile.imwrite(
        tmp_path / "a.tif",
        make_values("TZYX"),
        imagej=True,
        resolution=(1 / 0.1083, 1 / 0.2),
        metadata={"axes": "TZYX", "unit": unit, "spacing": 0.35, "finterval": 12.5},
    )
    stack = open_stack(tmp_path / "a.tif")
    assert stack.unit == read
    assert stack.spacing == pytest.approx({"X": 0.1083, "Y": 0.2, "Z": 0.35, "T": 12.5}, rel=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"resolution": (1, 1), "metadata": {"axes": "ZYX", "unit": "pixel", "spacing": 1.0}},
        {"resolution": (1, 1), "metadata": {"axes": "ZYX"}},
        {"metadata": {"axes": "ZYX", "fps": 7.0, "unit": ""}},
    ],
)
def test_an_uncalibrated_imagej_file_is_unknown_not_one(tmp_path, make_values, options):
    tifffile.imwrite(tmp_path / "a.tif", make_values("ZYX"), imagej=True, **options)
    stack = open_stack(tmp_path / "a.tif")
    assert stack.spacing == {}
    assert stack.unit is None


def test_other_time_units_become_seconds(tmp_path, make_values):
    metadata = {"axes": "TYX", "finterval": 250, "tunit": "ms"}
    tifffile.imwrite(tmp_path / "a.tif", make_values("TYX"), imagej=True, metadata=metadata)
    assert open_stack(tmp_path / "a.tif").spacing == {"T": pytest.approx(0.25)}


def test_ome_calibration_is_read_in_one_unit(tmp_path, make_values):
    metadata = {
        "axes": "TZYX",
        "PhysicalSizeX": 100.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.1,
        "PhysicalSizeZ": 0.5,
        "TimeIncrement": 2,
        "TimeIncrementUnit": "min",
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", make_values("TZYX"), ome=True, metadata=metadata)
    stack = open_stack(tmp_path / "a.ome.tif")
    assert stack.unit == "nm"
    assert stack.spacing == pytest.approx({"X": 100, "Y": 100, "Z": 500, "T": 120})
    assert stack.spacing_um("Z") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("per_unit", "unit", "micrometres"),
    [
        (72, "INCH", None),
        (300, "INCH", None),
        (118.11, "CENTIMETER", None),
        (40000, "CENTIMETER", 0.25),
        (254000, "INCH", 0.1),
        (5, "NONE", None),
    ],
)
def test_plain_resolution_counts_only_where_a_microscope_could_have_it(
    tmp_path, make_values, per_unit, unit, micrometres
):
    tifffile.imwrite(
        tmp_path / "a.tif", make_values("YX"), resolution=(per_unit, per_unit), resolutionunit=unit
    )
    stack = open_stack(tmp_path / "a.tif")
    found = stack.spacing_um("X")
    assert found == (None if micrometres is None else pytest.approx(micrometres, rel=1e-4))


@pytest.mark.parametrize("shape", [(5, 20, 30), (2, 5, 20, 30)])
def test_unknown_axes_are_never_guessed(tmp_path, shape):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, np.uint8))
    axes = {3: "ZYX", 4: "TZYX"}[len(shape)]
    with pytest.raises(AxesError, match=f"--axes {axes}"):
        open_stack(tmp_path / "a.tif")
    assert open_stack(tmp_path / "a.tif", axes).axes == axes
    with pytest.raises(AxesError, match="for example --axes"):
        open_stack(tmp_path / "a.tif", "YX")


def test_axes_of_the_user_override_those_of_the_file(tmp_path, make_values):
    values = make_values("ZYX")
    tifffile.imwrite(tmp_path / "a.tif", values, imagej=True, metadata={"axes": "ZYX"})
    assert open_stack(tmp_path / "a.tif", "tyx").axes == "TYX"
    one_frame = open_stack(tmp_path / "a.tif", "TZYX")
    assert one_frame.array.shape == (1, *values.shape)
    np.testing.assert_array_equal(one_frame.array[0], values)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour_samples_are_channels_and_that_is_said(tmp_path, planar):
    shape = (20, 30, 3) if planar == "contig" else (3, 20, 30)
    values = np.random.default_rng(0).integers(255, size=shape, dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", planarconfig=planar)
    stack = open_stack(tmp_path / "a.tif")
    assert stack.axes == ("YXC" if planar == "contig" else "CYX")
    assert "C" in stack.notes[0]
    channel_last = values if planar == "contig" else np.moveaxis(values, 0, -1)
    for place, plane in stack.planes():
        np.testing.assert_array_equal(plane, channel_last[..., place["C"]])


def test_a_length_of_one_stays_where_the_metadata_name_it(tmp_path):
    values = np.zeros((1, 5, 20, 30), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", values, metadata={"axes": "TZYX"})
    assert open_stack(tmp_path / "a.tif").sizes == {"T": 1, "Z": 5, "Y": 20, "X": 30}


@pytest.mark.filterwarnings("ignore:.*truncating ImageJ")
def test_an_imagej_file_of_more_than_4_gb_opens_lazily(tmp_path):
    path = tmp_path / "big.tif"
    with tifffile.TiffWriter(path, imagej=True) as tif:  # sparse: takes no room on the disk
        metadata = {"axes": "TZYX"}
        tif.write(None, shape=(11, 200, 1024, 1024), dtype="uint16", metadata=metadata)
    with open(path, "r+b") as file:
        file.seek(-2, 2)
        file.write(b"\x07\x00")
    stack = open_stack(path)
    assert stack.sizes == {"T": 11, "Z": 200, "Y": 1024, "X": 1024}
    assert stack.array[10, 199, 1023, 1023] == 7
    assert stack.array[0, 0].sum() == 0


@pytest.mark.parametrize("kind", ["imagej", "ome", "shaped", "deflate", "lzw"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.9])
def test_a_truncated_file_is_refused_in_one_line(tmp_path, make_values, kind, share):
    values = make_values("TZYX", Y=40, X=50)
    options = {
        "imagej": {"imagej": True},
        "ome": {"ome": True},
        "shaped": {},
        "deflate": {"compression": "zlib"},
        "lzw": {"compression": "lzw"},
    }[kind]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, metadata={"axes": "TZYX"}, **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(StackError) as caught:
        list(open_stack(path).planes())
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_header_that_claims_more_images_than_there_are_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    text = "ImageJ=1.49i\nimages=3500\nslices=3500\nloop=false\n"
    tifffile.imwrite(path, np.ones((20, 30), np.uint16), description=text, metadata=None)
    with pytest.raises(StackError, match=r"claims 3500 images.*holds 1"):
        open_stack(path)


def test_random_damage_never_escapes_as_another_error(tmp_path, make_values):
    path = tmp_path / "a.tif"
    values = make_values("ZYX")
    rng = np.random.default_rng(0)
    for options in ({"imagej": True}, {"ome": True}, {"compression": "lzw"}):
        tifffile.imwrite(path, values, metadata={"axes": "ZYX"}, **options)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(60):
            broken = whole.copy()
            where = rng.integers(min(600, len(whole)), size=4)
            broken[where] = rng.integers(256, size=4)
            path.write_bytes(broken.tobytes())
            try:
                list(open_stack(path).planes())
            except N2VToolsError as error:
                assert "\n" not in str(error)


def test_a_hostile_size_is_refused_before_memory_is_asked_for(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((20, 30), np.uint8), compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as tif:
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            tif.pages[0].tags[name].overwrite(2**20, dtype="I")
    with pytest.raises(StackError):
        open_stack(path).array[:]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.tif", b"", "empty"),
        ("text.tif", b"<html>404</html>", "failed download"),
        ("cells.nd2", b"\xda\xce\xbe\x0a", "OME-TIFF"),
        ("cells.czi", b"ZISRAWFILE", "OME-TIFF"),
        ("half.npy", b"\x93NUMPY\x01\x00", "npy"),
        ("a.tif", b"II*\0", "damaged"),
    ],
)
def test_what_is_no_image_is_refused_in_a_line_that_helps(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StackError, match=says):
        open_stack(tmp_path / name)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(StackError, match="not found"):
        open_stack(tmp_path / "nowhere.tif")
    with pytest.raises(StackError, match="is a folder"):
        open_stack(tmp_path)


def test_nothing_that_tifffile_logs_reaches_the_terminal(shared_data, caplog, capfd):
    with pytest.raises(StackError, match=r"claims 3500 images.*holds 1"):
        open_stack(shared_data / "traps" / "lying_imagej_header.tif")
    assert caplog.records == []
    assert capfd.readouterr().err == ""
    logging.getLogger("tifffile").warning("others are still heard")
    assert len(caplog.records) == 1


def test_the_real_stacks_open_with_their_axes(shared_data):
    for path in sorted((shared_data / "stacks").glob("*.tif")):
        axes = path.stem.split("_")[1 if "noisy" not in path.stem else 2]
        if path.stem == "bead_psf_ZYX":
            with pytest.raises(AxesError, match="--axes ZYX"):
                open_stack(path)
            assert open_stack(path, "ZYX").sizes == {"Z": 61, "Y": 128, "X": 128}
            continue
        stack = open_stack(path)
        assert stack.axes == axes
        np.testing.assert_array_equal(stack.array[:], tifffile.imread(path))


def test_the_real_calibrations_are_read(shared_data):
    golgi = open_stack(shared_data / "stacks" / "golgi_TYX_float32.tif")
    assert golgi.spacing["T"] == 59.86
    assert golgi.unit == "micron"
    spots = open_stack(shared_data / "stacks" / "spots_ZCYX.tif")
    assert spots.unit == "µm"
    assert spots.spacing == pytest.approx({"X": 0.0941345, "Y": 0.0941345, "Z": 0.4}, rel=1e-5)
    assert open_stack(shared_data / "stacks" / "kidney_TZYX.tif").spacing == {}
    assert open_stack(shared_data / "vendor" / "YX.ome.tiff").spacing_um("X") == pytest.approx(
        1.0833333
    )


def test_the_real_traps_and_movies_are_opened_right_or_refused(shared_data):
    video, traps = shared_data / "video", shared_data / "traps"
    assert open_stack(traps / "rgb_or_channels_YXC.tif").axes == "YXC"
    assert open_stack(traps / "eight_levels_uint8_ZYX.tif").axes == "ZYX"
    assert open_stack(video / "astrocyte_offset_33_levels_TYX.tiff").axes == "ZYX"
    assert open_stack(video / "camera_offset_TYX.tif").array[:].min() > 400
    for path in (
        traps / "all_nan_float32_ZYX.tif",
        video / "calcium_small_TYX.tif",
        video / "two_photon_x_correlated_TYX.npy",
    ):
        with pytest.raises(AxesError, match="--axes TYX"):
            open_stack(path)
        assert open_stack(path, "TYX").axes == "TYX"


def test_a_file_may_be_read_only_and_be_moved_about(tmp_path, write_array, make_values):
    path = write_array(make_values("ZYX"), "ZYX")
    path.chmod(0o444)
    shutil.move(path, tmp_path / "b.TIFF")
    assert open_stack(tmp_path / "b.TIFF").axes == "ZYX"


def test_axes_that_contradict_the_file_are_said(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros((3, 20, 30), np.uint16), imagej=True, metadata={"axes": "ZYX"}
    )
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((5, 20, 30), np.uint16))
    (note,) = open_stack(tmp_path / "a.tif", "TYX").notes
    assert "TYX" in note and "ZYX" in note
    assert open_stack(tmp_path / "a.tif", "ZYX").notes == ()
    assert open_stack(tmp_path / "a.tif").notes == ()
    assert open_stack(tmp_path / "b.tif", "TYX").notes == ()


@pytest.mark.parametrize(
    ("scan", "sizes", "read", "suggested"),
    [
        (2, {"X": 31, "Y": 1, "T": 40, "C": 3}, "CTX", "CYX"),  # a line over time
        (1, {"X": 31, "Y": 1, "Z": 40, "C": 3}, "CZX", "CYX"),  # a line at every depth
        (4, {"X": 31, "Y": 1, "Z": 40, "T": 2, "C": 3}, "TCZX", "TCYX"),
    ],
)
def test_a_scan_of_lines_is_offered_as_an_image(tmp_path, scan, sizes, read, suggested):
    pages = np.random.default_rng(0).poisson(9, (sizes["T"] if scan == 4 else 1, 3, 40, 31))
    write_zeiss(tmp_path / "a.lsm", pages.astype(np.uint16), scan, sizes)
    with pytest.raises(AxesError) as caught:
        open_stack(tmp_path / "a.lsm")
    message = str(caught.value)
    assert f"read {read}" in message and f"Pass --axes {suggested}" in message
    assert f"--axes {read}" not in message  # nobody passed that
    stack = open_stack(tmp_path / "a.lsm", suggested)
    np.testing.assert_array_equal(np.asarray(stack).reshape(pages.shape), pages)
    assert "Y" not in stack.spacing  # rows are no places here
