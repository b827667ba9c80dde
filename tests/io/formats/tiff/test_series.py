"""Pages saved in pieces are one stack, images that differ are told apart, and none is lost."""

import itertools

import numpy as np
import pytest
import tifffile
from vendor_files import write_fluoview, write_micro_manager, write_zeiss

from n2v_tools.errors import AxesError, SeveralImagesError, StackError
from n2v_tools.io.reader import open_stack

SHAPE = (12, 20, 27)


def make_movie(shape=SHAPE, seed=3):
    return np.random.default_rng(seed).poisson(30, shape).astype(np.uint16)


def read(path, axes=None):
    stack = open_stack(path, axes)
    return stack.axes, np.asarray(stack)


def write_pieces(path, movie, edges, **options):
    """Append runs of frames to one file, as programs do that save while they record."""
    for start, stop in itertools.pairwise(edges):
        tifffile.imwrite(path, movie[start:stop], append=True, **options)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_frames_written_one_by_one_are_a_movie_unless_told_otherwise(tmp_path, dtype, compression):
    movie = make_movie().astype(dtype)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for frame in movie:
            tif.write(frame, compression=compression)
    for given, axes in ((None, "TYX"), ("ZYX", "ZYX")):
        found, values = read(tmp_path / "a.tif", given)
        assert found == axes
        np.testing.assert_array_equal(values, movie)


@pytest.mark.parametrize("edges", [(0, 6, 12), (0, 5, 12), (0, 1, 2, 12), (0, 3, 6, 9, 12)])
def test_runs_of_frames_are_one_stack_along_the_axis_that_is_named(tmp_path, edges):
    movie = make_movie()
    write_pieces(tmp_path / "a.tif", movie, edges, photometric="minisblack")
    with pytest.raises(AxesError, match="--axes TYX"):
        open_stack(tmp_path / "a.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif", "TYX")[1], movie)


def test_runs_of_frames_that_name_time_need_no_axes(tmp_path):
    movie = make_movie()
    write_pieces(tmp_path / "a.tif", movie, (0, 5, 12), metadata={"axes": "TYX"})
    axes, values = read(tmp_path / "a.tif")
    assert axes == "TYX"
    np.testing.assert_array_equal(values, movie)


@pytest.mark.parametrize("metadata", [{"axes": "ZYX"}, {}])
def test_volumes_that_were_appended_are_a_movie_of_volumes(tmp_path, metadata):
    movie = make_movie()
    write_pieces(tmp_path / "a.tif", movie, (0, 6, 12), metadata=metadata)
    axes, values = read(tmp_path / "a.tif", None if metadata else "TZYX")
    assert axes == "TZYX"
    np.testing.assert_array_equal(values, movie.reshape(2, 6, *SHAPE[1:]))


def test_runs_of_three_frames_are_frames_if_the_user_says_so(tmp_path):
    movie = make_movie()  # tifffile writes three or four planes as the colours of one page
    for start in range(0, 12, 3):
        tifffile.imwrite(
            tmp_path / "a.tif", movie[start : start + 3], append=True, photometric="rgb",
            planarconfig="separate",
        )  # fmt: skip
    stack = open_stack(tmp_path / "a.tif", "TYX")
    np.testing.assert_array_equal(np.asarray(stack), movie)
    np.testing.assert_array_equal(stack.array[3:8:2, 4:9, ::5], movie[3:8:2, 4:9, ::5])
    assert open_stack(tmp_path / "a.tif").sizes["T"] == 4


@pytest.mark.parametrize("odd", [0, 5])
@pytest.mark.parametrize("described", [True, False])
def test_a_page_of_another_compression_loses_no_frame(tmp_path, odd, described):
    movie = make_movie()
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for number, frame in enumerate(movie):
            how = {} if described else {"metadata": None}
            tif.write(frame, compression="zlib" if number == odd else None, **how)
    np.testing.assert_array_equal(read(tmp_path / "a.tif", "TYX")[1], movie)


def test_images_that_differ_are_addressed_and_equal_ones_among_them_joined(tmp_path):
    large, small = make_movie((4, 20, 27)), make_movie((4, 9, 11), seed=4)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for one, other in zip(large, small, strict=True):
            tif.write(one)
            tif.write(other)
    path = tmp_path / "a.tif"
    with pytest.raises(SeveralImagesError, match=rf"2 images.*{path}:0.*{path}:1"):
        open_stack(path)
    np.testing.assert_array_equal(read(f"{path}:0")[1], large)
    np.testing.assert_array_equal(read(f"{path}:1")[1], small)
    with pytest.raises(StackError, match="images 0 to 1"):
        open_stack(f"{path}:2")


def test_types_are_not_mixed(tmp_path):
    movie = make_movie()
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(movie[0])
        tif.write(movie[1].astype(np.float32))
    assert open_stack(f"{tmp_path}/a.tif:0").dtype == np.uint16
    assert open_stack(f"{tmp_path}/a.tif:1").dtype == np.float32


def test_a_preview_is_no_image(tmp_path):
    movie = make_movie()
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(movie, metadata={"axes": "TYX"})
        tif.write(movie[0, ::4, ::4], subfiletype=1)
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[1], movie)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("n_first", [1, 5])
def test_an_imagej_header_that_knows_too_few_pages_loses_none(tmp_path, n_first, compression):
    movie = make_movie()
    text = f"ImageJ=1.53\nimages={n_first}\nframes={n_first}\n"
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        how = {"metadata": None, "compression": compression, "contiguous": False}
        tif.write(movie[:n_first], description=text, **how)
        tif.write(movie[n_first:], **how)
    with pytest.raises(AxesError, match="--axes TYX"):
        open_stack(tmp_path / "a.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif", "TYX")[1], movie)


def test_pages_behind_a_stack_with_one_header_are_never_left_out(tmp_path):
    movie, path = make_movie(), tmp_path / "a.tif"
    tifffile.imwrite(path, movie[:5], truncate=True)
    tifffile.imwrite(path, movie[5:], append=True)
    np.testing.assert_array_equal(read(f"{path}:0", "TYX")[1], movie[:5])
    np.testing.assert_array_equal(read(f"{path}:1", "TYX")[1], movie[5:])
    path.unlink()
    tifffile.imwrite(path, movie[:9], truncate=True)
    tifffile.imwrite(path, movie[9], append=True)
    with pytest.raises(StackError, match="holds 2 pages, of which its headers describe 1"):
        open_stack(path, "TYX")


def test_a_piece_that_is_damaged_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        for frame in make_movie():
            tif.write(frame)
    with tifffile.TiffFile(path, mode="r+b") as tif:
        tif.pages[7].tags["StripOffsets"].overwrite(path.stat().st_size - 3)
    stack = open_stack(path)
    stack.plane({"T": 6})
    with pytest.raises(StackError, match="page 7"):
        stack.plane({"T": 7})


@pytest.mark.parametrize("seed", [None, 1])
def test_positions_of_micro_manager_are_images_in_any_order_of_pages(tmp_path, seed):
    places = [(c, z, t, r) for t in range(3) for r in range(2) for z in range(2) for c in range(2)]
    planes = make_movie((len(places), 10, 14))
    shuffled = np.arange(len(places))
    if seed is not None:
        shuffled = np.random.default_rng(seed).permutation(len(places))
    summary = {"Frames": 3, "Channels": 2, "Slices": 2, "Positions": 2}
    path = tmp_path / "a.tif"
    write_micro_manager(path, planes[shuffled], [places[i] for i in shuffled], summary)
    with pytest.raises(SeveralImagesError, match="2 images"):
        open_stack(path)
    expected = planes.reshape(3, 2, 2, 2, 10, 14)  # T, position, Z, C
    for position in range(2):
        axes, values = read(f"{path}:{position}")
        assert axes == "TZCYX"
        np.testing.assert_array_equal(values, expected[:, position])


def test_a_micro_manager_file_that_lacks_planes_is_refused(tmp_path):
    planes = make_movie((5, 10, 14))
    places = [(0, 0, t, 0) for t in range(5)]
    write_micro_manager(tmp_path / "a.tif", planes, places, {"Frames": 8})
    with pytest.raises(StackError, match="missing"):
        open_stack(tmp_path / "a.tif")


@pytest.mark.parametrize("where", ["index", "summary"])
def test_a_micro_manager_file_that_claims_endless_planes_is_refused_at_once(tmp_path, where):
    places = [(0, 0, t, 0) for t in range(5)]
    if where == "index":
        places[-1] = (0, 2**20, 2**20, 0)
    summary = {"Frames": 2**40 if where == "summary" else 5}
    write_micro_manager(tmp_path / "a.tif", make_movie((5, 10, 14)), places, summary)
    with pytest.raises(StackError, match="more than any microscope"):
        open_stack(tmp_path / "a.tif")


def test_positions_of_other_microscopes_are_images(tmp_path):
    values = make_movie((6, 3, 12, 16))
    write_zeiss(tmp_path / "a.lsm", values, 0, {"X": 16, "Y": 12, "Z": 3, "C": 3, "P": 2})
    np.testing.assert_array_equal(read(f"{tmp_path}/a.lsm:1")[1], values[3:])
    movie = make_movie((6, 12, 16))
    dimensions = [("X", 16, 0.2, "um"), ("Y", 12, 0.2, "um"), ("XY", 2, 1, ""), ("T", 3, 4.0, "s")]
    write_fluoview(tmp_path / "b.tif", movie, dimensions)
    axes, found = read(f"{tmp_path}/b.tif:1")
    assert axes == "TYX"
    np.testing.assert_array_equal(found, movie[1::2])
