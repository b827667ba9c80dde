"""The section of a model folder is read as it was written, and anything else is refused."""

import dataclasses
from pathlib import Path

import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.cellmincer.method import CellMincer, CellMincerSettings
from n2v_tools.methods.cellmincer.net import CellMincerNet
from n2v_tools.methods.cellmincer.section import read_section
from n2v_tools.nets.unet import NetSettings

PLAIN = CellMincerNet(n_dim=2, depth=2, first_filters=8)


def record(**changed):
    method = CellMincer(CellMincerSettings(context=17, trend="quantile"))
    return {**method.own_record(), **changed}


def test_what_was_written_is_read():
    section = read_section(record(), PLAIN, Path())
    assert section.net.context == 17 and section.net.n_inputs == 17 + 22
    assert section.record.preparing.trend == "quantile" and not section.record.copied_ends
    assert section.images_of_planes and not section.normalises


@pytest.mark.parametrize(
    "changed",
    [
        {"net": None},
        {"net": {"n_features": 22}},
        {"net": {**record()["net"], "time_layers": 10**6}},
        {"net": {**record()["net"], "n_features": 21}},
        {"net": {**record()["net"], "padded": "yes"}},
        {"preparing": 3},
        {"copied_ends": "no"},
    ],
)
def test_anything_else_is_refused(changed):
    with pytest.raises(SettingsError):
        read_section(record(**changed), PLAIN, Path())


def test_another_layout_is_refused():
    plain = {f.name: getattr(PLAIN, f.name) for f in dataclasses.fields(NetSettings)}
    with pytest.raises(SettingsError):
        read_section(record(), NetSettings(**plain), Path())
