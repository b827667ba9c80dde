"""One row of the table of methods: light until a part of it is asked for."""

import subprocess
import sys

import pytest

from n2v_tools.methods.row import Row, load


def test_a_part_is_what_its_place_names_and_none_without_one():
    row = Row("own", "title", "learned", method="collections:OrderedDict", restorer="math:sqrt")
    assert row.load("restorer")(9) == 3
    assert row.load("method").__name__ == "OrderedDict"
    assert row.load("record") is row.load("restoring") is None


def test_only_what_has_a_method_learns():
    assert Row("own", "title", "learned", method="a:b").learns
    assert not Row("own", "title", "learned").learns


def test_a_place_that_is_not_there_is_a_bug_with_its_traceback():
    with pytest.raises(AttributeError):
        load("math:no_such_function")
    with pytest.raises(ModuleNotFoundError):
        load("no_such_module:a")


def test_rows_are_read_without_what_they_name():
    code = (
        "import sys; from n2v_tools.methods.table import rows; places = [p.partition(':')[0] "
        "for r in rows().values() for p in (r.method, r.restorer, r.record, *r.nets.values())]; "
        "assert places; sys.exit(any(p and p in sys.modules for p in places))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
