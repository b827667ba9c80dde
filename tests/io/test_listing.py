"""Files, folders and globs become stacks."""

import h5py
import numpy as np
import pytest
import tifffile

from n2v_tools.errors import AxesError, StackError
from n2v_tools.io.listing import find_files, list_inputs, open_stacks
from n2v_tools.io.reader import open_stack
from n2v_tools.prepare.part import take_index


def write_planes(folder, n=12, shape=(6, 7)):
    for number in range(n):
        tifffile.imwrite(folder / f"plane_{number}.tif", np.full(shape, number, np.uint16))


def test_a_folder_is_read_in_natural_order_without_the_rest(tmp_path):
    write_planes(tmp_path)
    for name in (".hidden.tif", "notes.txt", "a.tif.0123456789ab.partial", "b.h5", "c.nd2"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "sub.tif").mkdir()
    (tmp_path / "Z.TIFF").write_bytes(b"x")
    names = [path.name for path in find_files(tmp_path)]
    assert sorted(names) == sorted([f"plane_{n}.tif" for n in range(12)] + ["Z.TIFF"])
    planes = [name for name in names if name.startswith("plane")]
    assert planes == [f"plane_{n}.tif" for n in range(12)]
    assert find_files(f"{tmp_path}/plane_1*.tif") == [
        tmp_path / f"plane_{n}.tif" for n in (1, 10, 11)
    ]


def test_a_file_name_with_brackets_is_a_file_not_a_pattern(tmp_path):
    (tmp_path / "a[1].tif").write_bytes(b"x")
    assert find_files(tmp_path / "a[1].tif") == [tmp_path / "a[1].tif"]


@pytest.mark.parametrize("spec", ["", "*.tif", "nothing.tif"])
def test_nothing_found_says_where_was_looked(tmp_path, spec):
    with pytest.raises(StackError, match=str(tmp_path)):
        find_files(f"{tmp_path}/{spec}")


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
@pytest.mark.parametrize("pattern", ["", "*.tif"])
def test_planes_join_into_one_stack_when_axes_say_so(tmp_path, axes, pattern):
    write_planes(tmp_path)
    (stack,) = open_stacks(f"{tmp_path}/{pattern}", axes)
    assert stack.axes == axes
    assert stack.array.shape == (12, 6, 7)
    np.testing.assert_array_equal(stack.array[:, 2, 3], range(12))
    np.testing.assert_array_equal(stack.array[3:5, 1:3], np.full((2, 2, 7), [[[3]], [[4]]]))
    assert len(open_stacks(tmp_path)) == 12


@pytest.mark.parametrize("odd", [np.zeros((6, 8), np.uint16), np.zeros((6, 7), np.uint8)])
def test_unequal_planes_are_not_joined(tmp_path, odd):
    write_planes(tmp_path)
    tifffile.imwrite(tmp_path / "plane_5.tif", odd)
    with pytest.raises(StackError, match=r"plane_5\.tif: is uint"):
        open_stacks(tmp_path, "ZYX")


def test_volumes_in_a_folder_stay_apart(tmp_path):
    for name in "ab":
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros((3, 6, 7), np.uint16))
    assert [stack.axes for stack in open_stacks(tmp_path, "ZYX")] == ["ZYX", "ZYX"]


def test_a_damaged_file_is_listed_and_says_so_when_opened(tmp_path):
    write_planes(tmp_path, 2)
    (tmp_path / "plane_1.tif").write_bytes(b"II*\0damaged")
    good, bad = list_inputs(tmp_path)
    assert good.open().axes == "YX"
    with pytest.raises(StackError, match=r"plane_1\.tif"):
        bad.open()


def test_npy_and_hdf5_need_axes(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4, 5)))
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["raw/data"] = np.ones((3, 4, 5), np.float32)
    for spec in (tmp_path / "a.npy", f"{tmp_path}/b.h5:/raw/data"):
        with pytest.raises(AxesError, match="--axes"):
            open_stack(spec)
        with pytest.raises(AxesError, match="3 letters"):
            open_stack(spec, "YX")
        (stack,) = open_stacks(spec, "ZYX")
        assert (stack.axes, stack.name) == ("ZYX", str(spec))
    for spec in (tmp_path / "b.h5", f"{tmp_path}/b.h5:/wrong"):
        with pytest.raises(StackError, match=r"b\.h5:/raw/data"):
            open_stack(spec, "ZYX")


def test_pickles_are_never_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(StackError, match="not grey values"):
        open_stack(tmp_path / "a.npy", "YX")


def test_the_real_folder_of_planes_is_one_volume(shared_data):
    (stack,) = open_stacks(shared_data / "stacks" / "folder_of_planes", "ZYX")
    assert stack.sizes == {"Z": 10, "Y": 510, "X": 667}
    assert stack.spacing == {}


@pytest.mark.parametrize("kind", ["tif", "compressed", "npy", "fortran", "h5", "joined"])
def test_a_stack_knows_the_files_it_is_read_from_also_in_part(tmp_path, kind):
    values = np.arange(3 * 8 * 9, dtype=np.uint16).reshape(3, 8, 9)
    files = [tmp_path / f"{i}.tif" for i in range(3)] if kind == "joined" else [tmp_path / "a"]
    spec = files[0]
    if kind == "joined":
        for file, plane in zip(files, values, strict=True):
            tifffile.imwrite(file, plane)
        spec = tmp_path
    elif kind in ("tif", "compressed"):
        tifffile.imwrite(files[0], values, compression="zlib" if kind == "compressed" else None)
    elif kind == "h5":
        files = [tmp_path / "a.h5"]
        with h5py.File(files[0], "w") as file:
            file["movie"] = values
        spec = f"{files[0]}:movie"
    else:
        with open(files[0], "wb") as file:
            np.save(file, np.asfortranarray(values) if kind == "fortran" else values)
    (stack,) = open_stacks(spec, "TYX")
    assert list(stack.files) == files
    assert take_index(stack, "T", 1).files == stack.files
