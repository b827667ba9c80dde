"""The record of what was done."""

import hashlib

import numpy as np

from n2v_tools.io.reader import open_stack
from n2v_tools.jobs.desk.provenance import input_record, versions
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
