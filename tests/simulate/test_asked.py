"""Values that a simulation cannot take are refused in one line that names the option."""

import math

import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.simulate.asked import require_between, require_shape, require_whole


@pytest.mark.parametrize("value", [0, 0.5, 2])
def test_the_ends_of_a_range_belong_to_it(value):
    require_between("drift", value, 0, 2)


@pytest.mark.parametrize("value", [-0.1, 2.1, math.inf, math.nan])
def test_what_lies_outside_a_range_is_refused(value):
    with pytest.raises(SettingsError, match=rf"^--row-noise {value:g}: give this, 0 to 2 px\.$"):
        require_between("row_noise", value, 0, 2, what="this, ", hint=" px")


@pytest.mark.parametrize("sizes", [(2, 16), (2, 16, 16, 16), (1, 16, 16), (2, 15, 16)])
def test_a_shape_with_one_size_wrong_is_refused(sizes):
    require_shape((2, 16, 16), (2, 16, 16), "T,Y,X", (3, 32, 32))
    says = f"^--shape {','.join(map(str, sizes))}: give T,Y,X, such as --shape 3,32,32.$"
    with pytest.raises(SettingsError, match=says):
        require_shape(sizes, (2, 16, 16), "T,Y,X", (3, 32, 32))


def test_whole_numbers_begin_at_0():
    require_whole("seed", 0)
    with pytest.raises(SettingsError, match="--seed -1"):
        require_whole("seed", -1)
