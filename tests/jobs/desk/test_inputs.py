"""Stacks that a user means by names."""

import numpy as np
import pytest

from n2v_tools.errors import UsageError
from n2v_tools.jobs.desk.inputs import open_inputs
from n2v_tools.stack import Stack


@pytest.fixture
def folder(tmp_path):
    for number in (10, 2, 1):
        np.save(tmp_path / f"a{number}.npy", np.full((3, 4, 5), number, np.uint16))
    (tmp_path / "broken.npy").write_bytes(b"nothing")
    return tmp_path


def test_a_folder_is_its_files_in_natural_order_and_a_broken_one_stops_none(folder):
    opened = list(open_inputs([str(folder)], "TYX"))
    assert [one.source.name for one in opened] == ["a1.npy", "a2.npy", "a10.npy", "broken.npy"]
    assert [one.stack is None for one in opened] == [False, False, False, True]
    assert "broken.npy" in opened[-1].error and "\n" not in opened[-1].error


def test_a_stack_named_twice_is_taken_once_and_that_is_said(folder):
    said = []
    opened = list(open_inputs([str(folder / "a1.npy")] * 2, "TYX", note=said.append))
    assert len(opened) == 1 and said == [f"{folder / 'a1.npy'} is named more than once: taken once"]


def test_an_open_stack_stands_for_itself(folder):
    stack = Stack(np.zeros((3, 4, 5)), "TYX", name="mine")
    (opened,) = open_inputs([stack], None, frame=1)
    assert opened.name == "mine" and opened.stack.axes == "YX"
    (opened,) = open_inputs([stack], None)
    assert opened.stack is stack and opened.files == ()


def test_only_what_is_found_can_be_skipped(folder):
    named, found = str(folder / "a1.npy"), str(folder / "a*.npy")

    def skip(path):
        return path.name == "a1.npy"

    assert len(list(open_inputs([named], "TYX", skip=skip))) == 1
    assert len(list(open_inputs([found], "TYX", skip=skip))) == 2


def test_what_is_not_there_is_an_error_of_its_own_and_no_name_is_refused(folder):
    (missing,) = open_inputs([str(folder / "none.npy")], None)
    assert missing.stack is None and "none.npy" in missing.error
    with pytest.raises(UsageError):
        list(open_inputs([""], None))
