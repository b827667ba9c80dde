"""Data of these tests, and no folders from outside."""

import numpy as np
import pytest

from n2v_tools.jobs.desk.configuration import VARIABLES
from n2v_tools.simulate.dome import Dome


@pytest.fixture(autouse=True)
def no_folders_from_outside(monkeypatch, tmp_path):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def dome():
    """Noisy and clean, TZYX 2 x 3 x 96 x 112: uint16 and float32 counts, with strips."""
    planes = [(noisy, clean) for _, noisy, clean in Dome((2, 3, 96, 112)).planes()]
    noisy, clean = (np.stack(one).reshape(2, 3, 96, 112) for one in zip(*planes, strict=True))
    return noisy, clean


@pytest.fixture(scope="session")
def dome_file(dome, tmp_path_factory):
    path = tmp_path_factory.mktemp("dome") / "dome.npy"
    np.save(path, dome[0])
    return path
