"""Order of experiments: those that one starts from come first, and a circle is refused."""

import pytest

from n2v_tools.errors import SettingsError, UsageError
from n2v_tools.experiment.order import in_order
from n2v_tools.experiment.reading import read_study


def test_what_an_experiment_starts_from_runs_before_it(write):
    moved = [
        ("  third:\n    like: second\n    start_from: first\n", ""),
        ("experiments:\n", "experiments:\n  third: {like: second, start_from: first}\n"),
    ]
    experiments = read_study(write(*moved)).experiments
    assert [e.name for e in in_order(experiments)] == ["first", "third", "second"]
    assert [e.name for e in in_order(experiments, ["third"])] == ["first", "third"]


def test_a_circle_and_an_unknown_name_are_refused(write):
    circle = [("    notes: as it is\n", "    start_from: third\n")]
    with pytest.raises(SettingsError, match="circle"):
        in_order(read_study(write(*circle)).experiments)
    with pytest.raises(UsageError, match="Did you mean 'third'"):
        in_order(read_study(write()).experiments, ["thrid"])
