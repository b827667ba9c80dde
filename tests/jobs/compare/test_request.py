"""Defaults of a comparison come from the table of methods and cost the command line nothing."""

import subprocess
import sys

from n2v_tools.filters.table import FILTERS
from n2v_tools.jobs.compare.request import CompareRequest
from n2v_tools.methods.table import rows


def test_what_is_compared_are_filters_and_the_rows_that_say_so():
    chosen = [row.name for row in rows().values() if row.compared]
    assert [name for name in CompareRequest.methods if name not in FILTERS] == chosen
    assert set(CompareRequest.methods) - set(chosen) <= set(FILTERS)


def test_nothing_heavy_is_loaded_for_the_defaults():
    code = (
        "import sys, n2v_tools.jobs.compare.request\n"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'tensorflow', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
