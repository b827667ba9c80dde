"""Locks: one writer at a time."""

import pytest

from n2v_tools.experiment.locks import BusyError, holding


def test_a_second_writer_is_refused_and_the_lock_is_free_again(tmp_path):
    lock = tmp_path / "locks" / "a.lock"
    with holding(lock, "a"), pytest.raises(BusyError), holding(lock, "a"):
        pass
    with holding(lock, "a"):
        pass
