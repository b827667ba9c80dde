"""Movies as .npy and HDF5: planes are read without reading, or unpacking, the file for each."""

import tracemalloc

import h5py
import numpy as np
import pytest

from n2v_tools.io import arrays
from n2v_tools.io.arrays import RunsArray, in_runs
from n2v_tools.io.reader import open_stack

SHAPE = (50, 24, 40)


@pytest.fixture
def movie():
    return np.random.default_rng(0).integers(0, 999, SHAPE).astype(np.uint16)


def _hdf5(path, values, **how):
    with h5py.File(path, "w") as file:
        file.create_dataset("g/movie", data=values, **how)
    return f"{path}:/g/movie"


def _same(stack, movie):
    for place, plane in stack.planes():
        np.testing.assert_array_equal(plane, movie[place["T"]])
    rng = np.random.default_rng(1)
    for _ in range(20):
        t, y, x = (int(rng.integers(0, n - 8)) for n in SHAPE)
        window = np.s_[t : t + 8, y : y + 5, x : x + 7]
        order = tuple(window["TYX".index(axis)] for axis in stack.axes)
        expected = movie[window].transpose(["TYX".index(axis) for axis in stack.axes])
        np.testing.assert_array_equal(stack.array[order], expected)


@pytest.mark.parametrize("chunks", [None, (1, 24, 40), (16, 16, 16), (50, 8, 8), (3, 24, 1)])
@pytest.mark.parametrize("axes", ["TYX", "YXT", "XTY"])
def test_every_way_a_dataset_may_lie_gives_the_same_movie(tmp_path, movie, chunks, axes):
    turned = movie.transpose(["TYX".index(axis) for axis in axes])
    how = {"chunks": chunks and tuple(chunks["TYX".index(a)] for a in axes)}
    how |= {"compression": "gzip"} if chunks else {}
    _same(open_stack(_hdf5(tmp_path / "a.h5", turned, **how), axes), movie)


@pytest.mark.parametrize("axes", ["TYX", "YXT", "XTY"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_order_of_an_npy_gives_the_same_movie(tmp_path, movie, axes, order, monkeypatch):
    monkeypatch.setattr(arrays, "MOST_RUN_BYTES", 7 * 24 * 40 * 2)
    turned = movie.transpose(["TYX".index(axis) for axis in axes])
    np.save(tmp_path / "a.npy", np.array(turned, order=order))
    _same(open_stack(tmp_path / "a.npy", axes), movie)


@pytest.mark.parametrize("chunks", [(64, 64, 64), (128, 16, 16), (1, 256, 256)])
def test_no_chunk_is_unpacked_once_for_each_plane(tmp_path, chunks):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:  # nothing is written: 5 GB that take no room
        file.create_dataset("movie", (160, 4096, 4096), np.uint16, chunks=chunks)
    stack = open_stack(f"{path}:/movie", "TYX")
    dataset = stack.array._dataset
    _, n_bytes, _ = dataset.id.get_access_plist().get_chunk_cache()
    of_a_plane = chunks[0] * 4096 * 4096 * 2
    if chunks[0] == 1:
        assert not stack.warnings
    else:  # more than may be kept
        assert n_bytes < of_a_plane
        assert "h5repack -l /movie:CHUNK=1x4096x4096 a.h5" in stack.warnings[0]
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("movie", (160, 1024, 1024), np.uint16, chunks=chunks)
    stack = open_stack(f"{tmp_path / 'b.h5'}:/movie", "TYX")
    n_slots, n_bytes, _ = stack.array._dataset.id.get_access_plist().get_chunk_cache()
    if chunks[0] > 1:
        assert n_bytes >= chunks[0] * 1024 * 1024 * 2
        assert n_slots >= 10 * (1024 // chunks[1]) * (1024 // chunks[2])
    assert not stack.warnings


class Counting:
    """An array that says how much of it was read."""

    def __init__(self, values):
        self.values, self.shape, self.dtype = values, values.shape, values.dtype
        self.n_read = 0

    def __getitem__(self, key):
        found = self.values[key]
        self.n_read += 1
        return found


def test_planes_that_are_interleaved_are_read_in_runs(movie, monkeypatch):
    monkeypatch.setattr(arrays, "MOST_RUN_BYTES", 10 * 24 * 40 * 2)
    counting = Counting(movie.transpose(1, 2, 0))
    read = in_runs(counting, "YXT", "YXT")
    assert isinstance(read, RunsArray)
    for t in range(SHAPE[0]):
        np.testing.assert_array_equal(read[:, :, t], movie[t])
    assert counting.n_read == 5
    np.testing.assert_array_equal(
        read[2:9, ::3, 8:23:2], movie.transpose(1, 2, 0)[2:9, ::3, 8:23:2]
    )
    assert in_runs(Counting(movie), "TYX", "TYX").shape == SHAPE
    assert not isinstance(in_runs(Counting(movie), "TYX", "TYX"), RunsArray)


@pytest.mark.parametrize("kind", ["npy", "hdf5"])
def test_a_window_of_a_movie_of_two_gigabytes_costs_a_window(tmp_path, kind):
    shape = (1009, 1024, 1024)
    if kind == "npy":
        spec = tmp_path / "a.npy"
        with open(spec, "wb") as file:
            header = {"descr": "<u2", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + int(np.prod(shape)) * 2)
    else:
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file.create_dataset("movie", shape, np.uint16, chunks=(64, 64, 64))
        spec = f"{tmp_path / 'a.h5'}:/movie"
    tracemalloc.start()
    stack = open_stack(spec, "TYX")
    window = stack.array[500:516, 64:128, 64:128]
    plane = stack.plane({"T": 1008})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert window.shape == (16, 64, 64)
    assert plane.shape == (1024, 1024)
    assert peak < 10e6
