"""The environment of whoever runs the tests must not reach the commands."""

import pytest

from n2v_tools.jobs.desk.configuration import VARIABLES


@pytest.fixture(autouse=True)
def no_folders_from_outside(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
