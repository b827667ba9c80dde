"""Slices of lazy arrays equal slices of the whole, and read no more than they must."""

import sys
import threading
import tracemalloc

import numpy as np
import pytest
import tifffile
from vendor_files import write_micro_manager

from n2v_tools.io.reader import open_stack

KEYS = [
    np.s_[:],
    np.s_[1],
    np.s_[-1, 2],
    np.s_[0, 1:3],
    np.s_[:, 2, 3:7, 4:9],
    np.s_[..., 5],
    np.s_[1, ..., 2:4, :],
    np.s_[0:2, ::2, 5],
    np.s_[1:1],
    np.s_[1, 1, 1, 1],
]


def save(path, values, how):
    if how == "npy":
        np.save(path, values)
    elif how == "fortran":
        np.save(path, np.asfortranarray(values))
    elif how == "hdf5":
        import h5py

        with h5py.File(path, "w") as file:
            file.create_dataset("group/data", data=values, chunks=(1, 2, 5, 5))
    elif how == "scattered":  # pages apart, as one program after another appends them
        with tifffile.TiffWriter(path, ome=True) as tif:
            tif.write(values, metadata={"axes": "TZYX"}, contiguous=False, compression=None)
    elif how == "pieces":
        with tifffile.TiffWriter(path) as tif:
            for volume in values:
                tif.write(volume, metadata={"axes": "ZYX"}, compression="zlib")
    elif how == "white is zero":
        turned = np.iinfo(values.dtype).max - values
        tifffile.imwrite(path, turned, photometric="miniswhite", metadata={"axes": "TZYX"})
    elif isinstance(how, str):
        planes = values.reshape(-1, *values.shape[-2:])
        sizes = (len(values), values.shape[1])
        places = [(0, z, t, 0) for t, z in np.ndindex(*sizes)]
        if how == "micro-manager's second position":
            planes = np.concatenate([planes[::-1], planes])
            places = [*places, *((*place[:3], 1) for place in places)]
        write_micro_manager(path, planes, places, {"Frames": sizes[0], "Slices": sizes[1]})
    else:
        tifffile.imwrite(path, values, ome=True, metadata={"axes": "TZYX"}, **how)


SOURCES = {
    "npy": ("a.npy", "npy"),
    "fortran npy": ("a.npy", "fortran"),
    "hdf5": ("a.h5", "hdf5"),
    "plain": ("a.tif", {}),
    "deflate": ("a.tif", {"compression": "zlib"}),
    "tiled": ("a.tif", {"tile": (16, 16)}),
    "strips": ("a.tif", {"rowsperstrip": 3}),
    "pieces": ("a.tif", "pieces"),
    "white is zero": ("a.tif", "white is zero"),
    "micro-manager": ("a.tif", "micro-manager"),
    "second position": ("a.tif:1", "micro-manager's second position"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_slice_of_the_file_is_the_slice_of_the_values(tmp_path, make_values, source):
    values = make_values("TZYX")
    name, how = SOURCES[source]
    save(tmp_path / name.partition(":")[0], values, how)
    spec = f"{tmp_path / name}:/group/data" if name.endswith("h5") else tmp_path / name
    array = open_stack(spec, "TZYX").array
    for key in KEYS:
        if source == "hdf5" and key == np.s_[-1, 2]:
            continue
        np.testing.assert_array_equal(array[key], values[key], err_msg=str(key))


def test_an_index_outside_is_refused(tmp_path, make_values):
    np.save(tmp_path / "a.npy", make_values("ZYX"))
    array = open_stack(tmp_path / "a.npy", "ZYX").array
    for key in (4, (0, 0, 0, 0), slice(None, None, -1), "a", [1, 2]):
        with pytest.raises(IndexError):
            array[key]


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_threads_read_the_same_file_at_once(tmp_path, make_values, compression):
    values = make_values("ZYX", Z=40, Y=60, X=50)
    tifffile.imwrite(tmp_path / "a.tif", values, metadata={"axes": "ZYX"}, compression=compression)
    array = open_stack(tmp_path / "a.tif").array
    wrong = []

    def read(seed):
        for z in np.random.default_rng(seed).integers(40, size=60):
            try:
                if not np.array_equal(array[z], values[z]):
                    wrong.append(z)
            except Exception as error:  # a thread's error would else be lost
                wrong.append(error)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that reads meet in the middle
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_walking_a_file_takes_the_memory_of_a_few_planes(tmp_path, compression):
    values = np.zeros((60, 256, 256), np.uint16)  # 128 kB a plane, 7.9 MB in all
    tifffile.imwrite(tmp_path / "a.tif", values, metadata={"axes": "ZYX"}, compression=compression)
    tracemalloc.start()
    stack = open_stack(tmp_path / "a.tif")
    for _, plane in stack.planes():
        plane.sum()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_window_of_a_plane_reads_only_its_rows(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", np.zeros((3, 100, 200), np.uint8))
    array = open_stack(tmp_path / "a.npy", "ZYX").array
    from n2v_tools.io import arrays

    n_bytes = []
    original = arrays.read_values

    def counting(file, start, shape, dtype, path):
        n_bytes.append(int(np.prod(shape)) * dtype.itemsize)
        return original(file, start, shape, dtype, path)

    monkeypatch.setattr(arrays, "read_values", counting)
    assert array[1, 10:15, 3:7].shape == (5, 4)
    assert n_bytes == [5 * 200]
