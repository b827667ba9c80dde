"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """Folder of real example data beside the repository; a user's clone lacks it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real example data (../shared/data) is not here")
    return SHARED_DATA
