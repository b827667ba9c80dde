"""Names of filters: one list, light enough for the help."""

import subprocess
import sys

from n2v_tools.filters.names import NAMES
from n2v_tools.filters.table import FILTERS


def test_every_filter_is_known_by_its_name_in_the_order_of_the_names():
    assert tuple(FILTERS) == NAMES
    assert all(FILTERS[name].name == name for name in NAMES)


def test_names_are_read_without_numpy():
    code = "import sys, n2v_tools.filters.names; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
