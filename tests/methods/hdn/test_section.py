"""What a ladder's model folder says of itself, from anybody."""

from pathlib import Path

import pytest

from n2v_tools.errors import ModelError, SettingsError
from n2v_tools.methods.hdn.net import LadderNet
from n2v_tools.methods.hdn.section import HDNRecord, read_noise, read_section, record_of
from n2v_tools.nets.unet import NetSettings

NET = LadderNet(2, depth=3, first_filters=8, latents=5, blocks=2, blind=(0,), free_nats=0.5)
PLAIN = LadderNet(2, depth=3, first_filters=8)


def record():
    own = record_of(NET, 7)
    return {**own, "ladder": {**own["ladder"], "blind": list(NET.blind)}}


def test_what_is_written_is_read():
    section = read_section(record(), PLAIN, Path("."))
    assert section.net == NET and section.record == HDNRecord(7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ladder": None}, {"ladder": {}}, {"samples": 0}, {"samples": True}, {"samples": "many"},
        *({"ladder": {**record()["ladder"], **one}} for one in (
            {"blind": 3}, {"blind": ["x"]}, {"blind": [9]}, {"latents": -1}, {"latents": "x"},
            {"blocks": 1e9}, {"dropout": "x"}, {"free_nats": -1},
        )),
    ],
    ids=str,
)  # fmt: skip
def test_anything_else_is_refused(wrong):
    with pytest.raises(SettingsError):
        read_section({**record(), **wrong}, PLAIN, Path("."))


def test_another_layout_is_refused():
    with pytest.raises(SettingsError, match="layout"):
        read_section(record(), NetSettings(2), Path("."))


def test_a_noise_model_that_is_missing_is_said_so(tmp_path):
    with pytest.raises(ModelError, match=r"noise_model\.npz"):
        read_noise(tmp_path)
