"""Fixtures shared by all tests, and how tests share the processors and the work."""

import functools
import gc
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

# Files that take a minute or so, begun first, so that no worker ends on one while others idle.
LONGEST = (
    "tests/end_to_end/",
    "tests/learn/test_devices.py",
    "tests/contract/test_every_method.py",
    "tests/jobs/train/test_run.py",
    "tests/compat/test_n2v.py",
    "tests/test_readme.py",
    "tests/scripts/test_notebooks.py",
)


def _share_processors():
    """Leave each worker its part of the processors; the processes it starts inherit that.

    TensorFlow would start a thread for each processor in each worker otherwise.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    if workers > 1:
        for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, threads)


_share_processors()


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_runtest_setup():
    if "tensorflow" in sys.modules:
        _leave_out_of_garbage()


@functools.cache
def _leave_out_of_garbage():
    """Take TensorFlow's own objects out of every later search for garbage.

    Keras searches before each training: half a second each time with all of them.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def shared_data() -> Path:
    """Folder of real example data beside the repository; a user's clone lacks it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real example data (../shared/data) is not here")
    return SHARED_DATA
