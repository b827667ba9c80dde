"""What DeepCAD keeps in a model folder is read as it was written, and nothing else is."""

from pathlib import Path

import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.deepcad.section import read_section
from n2v_tools.nets.unet import NetSettings

NET = NetSettings(n_dim=3)


def test_a_folder_without_a_section_counts_frames_as_they_are():
    section = read_section({}, NET, Path("model"))
    assert section.record is False and section.net is NET
    assert section.normalises and section.deviation_known


def test_what_stands_still_belongs_to_movies():
    assert read_section({"still": True, "axes": "TYX"}, NET, Path("model")).record is True
    with pytest.raises(SettingsError, match="true with TYX only"):
        read_section({"still": True, "axes": "ZYX"}, NET, Path("model"))


@pytest.mark.parametrize("still", [1, "yes", None, [True], {"a": 1}])
def test_only_true_and_false_are_taken(still):
    with pytest.raises(SettingsError, match="must be true or false"):
        read_section({"still": still, "axes": "TYX"}, NET, Path("model"))


@pytest.mark.parametrize(
    ("settings", "known"),
    [({"normalise": "mean"}, False), ({"normalise": "std"}, True), ("?", True)],
)
def test_a_net_of_plain_counts_has_no_deviation_to_compare_with(settings, known):
    assert read_section({"settings": settings}, NET, Path("m")).deviation_known is known
