"""The record of what was done."""

import hashlib

import h5py
import numpy as np
import pytest

from n2v_tools.io.reader import open_stack
from n2v_tools.jobs.desk.provenance import input_record, is_among, versions
from n2v_tools.stack import Stack

PIXELS = np.random.default_rng(0).integers(0, 9, (3, 4, 5)).astype(np.uint16)


def test_a_file_is_known_by_its_bytes_and_a_stack_in_memory_by_its_pixels(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, PIXELS)
    (file,) = input_record(open_stack(path, "TYX"))["files"]
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file["bytes"] == path.stat().st_size
    record = input_record(Stack(PIXELS, "TYX"))
    assert record["files"] == []
    assert record["pixels_sha256"] == hashlib.sha256(PIXELS.tobytes()).hexdigest()
    assert record["pixels_sha256"] != input_record(Stack(PIXELS[::-1], "TYX"))["pixels_sha256"]


def test_only_packages_that_are_installed_have_a_version():
    packages = versions()["packages"]
    assert packages["numpy"] == np.__version__
    assert None not in packages.values()


def test_a_stack_is_found_among_inputs_under_any_name_and_no_other_is(tmp_path):
    for name, pixels in (("a", PIXELS), ("b", PIXELS[::-1])):
        np.save(tmp_path / f"{name}.npy", pixels)
    records = [input_record(open_stack(tmp_path / "a.npy", "TYX"))]
    (tmp_path / "a.npy").rename(tmp_path / "moved.npy")
    assert is_among(records, open_stack(tmp_path / "moved.npy", "TYX"))
    assert not is_among(records, open_stack(tmp_path / "b.npy", "TYX"))
    assert is_among([input_record(Stack(PIXELS, "TYX"))], Stack(PIXELS.copy(), "TYX"))
    assert not is_among([input_record(Stack(PIXELS, "TYX"))], Stack(PIXELS[::-1], "TYX"))


def test_another_dataset_of_a_file_is_another_stack(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"] = PIXELS, PIXELS[::-1]
    one, other = (open_stack(f"{tmp_path}/a.h5:/{name}", "TYX") for name in "xy")
    assert is_among([input_record(one)], one)
    assert not is_among([input_record(one)], other)


@pytest.mark.parametrize(
    "inputs",
    [None, "x", [], [3], [{}], [{"files": 3}], [{"files": [3, {}]}], [{"files": [{"bytes": []}]}]],
)
def test_what_is_no_record_names_nothing(inputs, tmp_path):
    np.save(tmp_path / "a.npy", PIXELS)
    assert not is_among(inputs, open_stack(tmp_path / "a.npy", "TYX"))
    assert not is_among(inputs, Stack(PIXELS, "TYX"))
