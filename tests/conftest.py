"""Fixtures shared by all tests, and how tests share the processors and the work."""

import gc
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

# Tens of seconds each: begun first, so that no worker ends on one while others idle.
LONGEST = (
    "tests/test_readme.py",
    "tests/end_to_end/",
    "tests/learn/test_devices.py",
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Begin the longest first; keep tests of one costly fixture on one worker.

    A fixture of a module would be made anew by each worker that runs a test of it.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    for item in items:
        defined = item._fixtureinfo.name2fixturedefs.values()
        shares = any(fixture.scope == "module" for fixtures in defined for fixture in fixtures)
        if shares and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))


def pytest_runtest_setup():
    """Take TensorFlow's own objects, once loaded, out of every later search for garbage.

    Keras searches before each training: half a second each time with all of them.
    """
    if "tensorflow" in sys.modules and not gc.get_freeze_count():
        gc.collect()
        gc.freeze()


@pytest.fixture
def shared_data() -> Path:
    """Folder of real example data beside the repository; a user's clone lacks it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real example data (../shared/data) is not here")
    return SHARED_DATA
