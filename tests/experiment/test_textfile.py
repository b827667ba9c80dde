"""Text files: a write that fails leaves the old one."""

import os

import pytest

from n2v_tools.errors import OutputError
from n2v_tools.experiment.textfile import read_values, write_rows, write_whole


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_whole(path, "old")

    def refuse(*names):
        raise OSError("no")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError):
        write_whole(path, "new")
    assert path.read_text() == "old"


@pytest.mark.parametrize("text", ["{", "[1, 2]", "3", None])
def test_no_values_are_made_up(tmp_path, text):
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
    assert read_values(path) == {}


def test_a_file_that_says_the_same_is_left_alone(tmp_path):
    path = tmp_path / "a.csv"
    write_rows(path, ["a", "b"], [{"a": 1, "b": "x, y", "c": 3}])
    stamp = path.stat().st_mtime_ns
    write_rows(path, ["a", "b"], [{"a": 1, "b": "x, y", "c": 4}])
    assert path.stat().st_mtime_ns == stamp
    assert path.read_text() == 'a,b\n1,"x, y"\n'
