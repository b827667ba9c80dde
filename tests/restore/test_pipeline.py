"""Reading ahead and writing behind: in order, bounded, and no error is lost."""

import threading

import pytest

from n2v_tools.restore.pipeline import ReadAhead, WriteBehind


def test_items_pass_in_order_and_all_are_written():
    written = []
    with ReadAhead(range(50), 3) as items, WriteBehind(written.append, 3) as write:
        for item in items:
            write(item)
    assert written == list(range(50))


def test_reading_is_never_further_ahead_than_asked():
    read = []

    def items():
        for i in range(50):
            read.append(i)
            yield i

    with ReadAhead(items(), 3) as ahead:
        for i in ahead:
            assert len(read) <= i + 1 + 3 + 2


def test_an_error_at_the_very_last_write_is_not_lost():
    def write(item):
        if item == 9:
            raise OSError("disk is full")

    before = threading.active_count()
    with pytest.raises(OSError, match="disk is full"), WriteBehind(write, 99) as behind:
        for i in range(10):
            behind(i)
    assert threading.active_count() == before
