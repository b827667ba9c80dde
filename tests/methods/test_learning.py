"""Settings that all methods share: their ranges, and patches that a net can halve."""

import dataclasses

import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.learning import LEARNING_RANGES, LearningSettings


def test_the_defaults_lie_within_every_range_and_none_is_within_any():
    LearningSettings().require_ranges(LEARNING_RANGES)
    fields = {field.name for field in dataclasses.fields(LearningSettings)}
    assert {name for name, _, _ in LEARNING_RANGES} <= fields
    assert LearningSettings().n_patches is None


@pytest.mark.parametrize(("name", "low", "high"), LEARNING_RANGES, ids=lambda v: str(v))
def test_a_value_on_either_side_of_its_range_is_refused_by_name(name, low, high):
    for value in (low, high):
        dataclasses.replace(LearningSettings(), **{name: value}).require_ranges(LEARNING_RANGES)
    for value in (low - 1e-6 - abs(low), high + 1e-6 + abs(high)):
        settings = dataclasses.replace(LearningSettings(), **{name: value})
        with pytest.raises(SettingsError, match=f"^{name} is .*; it must be "):
            settings.require_ranges(LEARNING_RANGES)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("edge", [1, 7, 17, 60, 63, 100])
def test_the_edge_that_is_proposed_would_be_taken(depth, edge):
    settings = LearningSettings()
    settings.require_whole_blocks((2**depth, 3 * 2**depth), depth)
    if edge % 2**depth:
        with pytest.raises(SettingsError, match=f"patch edge {edge} px") as refused:
            settings.require_whole_blocks((2**depth, edge), depth)
        proposed = int(str(refused.value).rstrip(".").split()[-1])
        settings.require_whole_blocks((proposed,), depth)
        assert abs(proposed - edge) <= 2**depth


def test_counts_are_divided_by_the_deviation_of_each_channel():
    assert LearningSettings().divisors([2.0, 3.0]) == (2.0, 3.0)
    assert LearningSettings().batch == 16 and LearningSettings(batch_size=3).batch == 3
