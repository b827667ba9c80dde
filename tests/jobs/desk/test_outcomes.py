"""Outcomes of many files: one that fails stops no other, and all that fail say so."""

from pathlib import Path

import numpy as np
import pytest

from n2v_tools.errors import OutputError, StackError, UsageError
from n2v_tools.jobs.desk.outcomes import Outcomes, measure_each, require_table, write_text
from n2v_tools.jobs.desk.pairs import Trio
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.stack import Stack

QUIET = Progress(quiet=True)


def trio(name, **options):
    stack = Stack(np.zeros((4, 4)), "YX", name=name, **options)
    return Trio({"restored": name}, {"restored": stack})


def measure(trio, step):
    name = trio.names["restored"]
    if name == "bad.tif":
        raise StackError("bad.tif: no")
    if name == "gone.tif":
        raise FileNotFoundError(2, "No such file")
    return len(name)


def test_what_fails_has_its_reason_and_the_others_their_measures():
    trios = [trio("a.tif"), trio("bad.tif"), trio("gone.tif"), Trio({"restored": "x"}, error="odd")]
    outcomes = Outcomes(measure_each(trios, measure, QUIET), command=("n2v-evaluate", "a b"))
    assert outcomes.measured == (5,)
    assert [one.error for one in outcomes.failed] == [
        "bad.tif: no",
        "gone.tif: No such file or directory. Check the path and its rights.",
        "odd",
    ]
    assert outcomes.record()["n_files"] == 1
    assert outcomes.record()["command"] == "n2v-evaluate 'a b'"


def test_if_all_fail_the_first_reason_is_given():
    with pytest.raises(StackError, match=r"^bad.tif: no \(and 1 more failed\)$"):
        measure_each([trio("bad.tif"), trio("gone.tif")], measure, QUIET)


def test_warnings_of_a_stack_are_heard_even_if_quiet(capsys):
    measure_each([trio("a.tif", warnings=("holds 2 images",))], measure, QUIET)
    assert "a.tif: holds 2 images" in capsys.readouterr().err


def test_a_table_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    with pytest.raises(UsageError, match=r"\.csv, \.json, \.md"):
        require_table(tmp_path / "t.xls", overwrite=True)
    there = tmp_path / "t.csv"
    there.write_text("mine")
    with pytest.raises(OutputError):
        require_table(there, overwrite=False)
    require_table(there, overwrite=True)
    require_table(None, overwrite=False)


def test_names_that_are_no_text_are_written_all_the_same(tmp_path):
    path = Path(tmp_path / "t.csv")
    assert write_text("µ\udcff", path, overwrite=False) == len(path.read_bytes())
    assert path.read_bytes() == b"\xc2\xb5\\udcff"
