"""What the contracts themselves compute: a tile's part of a plane, and what a Restorer promises
unless it says otherwise."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.contracts import RESTORED, UNCERTAINTY, Restorer, Where
from n2v_tools.prepare.symmetry import Symmetry
from n2v_tools.restore.cover import padded_indices


def where(rows, columns, sizes=(20, 30)):
    return Where(({},), np.asarray(rows), np.asarray(columns), sizes)


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
@pytest.mark.parametrize("rows", [range(20), range(4, 11), [7], [2, 1, 0, 1, 2], [18, 19, 18, 17]])
@pytest.mark.parametrize("columns", [range(30), range(29, 30), padded_indices(30, 8, 16)], ids=len)
def test_the_part_of_a_plane_is_the_pixels_that_rows_and_columns_name(rows, columns, channels):
    plane = default_rng(0).normal(size=(20, 30, *channels))
    found = where(rows, columns).cut(plane)
    np.testing.assert_array_equal(found, plane[np.ix_(list(rows), list(columns))])


def test_what_is_not_reflected_is_a_view_so_that_nothing_is_copied():
    plane = np.zeros((20, 30, 1))
    assert np.shares_memory(where(range(3, 9), range(30)).cut(plane), plane)


def test_rows_that_end_where_a_run_would_end_are_not_taken_for_one():
    plane = np.arange(20.0)[:, np.newaxis] + np.zeros((20, 2))
    rows = [3, 5, 4, 6]
    np.testing.assert_array_equal(where(rows, range(2)).cut(plane)[:, 0], rows)


class Least(Restorer):
    """Says no more than it must."""

    name, axes, n_channels, bytes_per_px = "least", "YX", 1, 4
    reach_px, block_px = (3, 5), (1, 1)

    def predict(self, tiles, at=None):
        return tiles


def test_a_restorer_that_says_no_more_promises_the_plain_thing():
    one = Least()
    assert one.halo_px == one.reach_px
    assert one.outputs == (RESTORED,) and one.symmetries == (Symmetry(),)
    assert one.fit_intensity(iter(())) is one
    assert one.for_field(iter(())) is one
    assert one.own_cover((9, 9), None) is None
    assert one.around(lambda inner: ("around", inner)) == ("around", one)
    assert (one.margin_px, one.sample_px, one.engine, one.facts) == ((), None, None, {})


def test_an_output_is_described_by_its_values():
    assert Least().describe(UNCERTAINTY) == UNCERTAINTY.values
    assert Least().record_of(UNCERTAINTY) == {"values": UNCERTAINTY.values}


def test_a_restorer_must_predict():
    class Nothing(Restorer):
        name = "nothing"

    with pytest.raises(TypeError, match="predict"):
        Nothing()
