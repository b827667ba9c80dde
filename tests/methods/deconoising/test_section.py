"""The section of a model folder: what was kept comes back, and nonsense is refused."""

import json
from pathlib import Path

import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.deconoising.net import SharpNet
from n2v_tools.methods.deconoising.psf import gaussian
from n2v_tools.methods.deconoising.section import Kept, read_section

KEPT = Kept((gaussian((1.2, 1.2)), gaussian((1.5, 1.5))), 10.0, (100.0, 90.5), 2, True)
NET = SharpNet(2, 2)


def read(**changes):
    record = {**json.loads(json.dumps(KEPT.record())), **changes}
    return read_section(record, NET, Path())


def test_what_was_kept_comes_back():
    section = read()
    assert section.record == KEPT and section.net is NET


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("psf", None),
        ("psf", []),
        ("psf", [{}, {}]),
        ("out_scale", 0),
        ("out_scale", "10"),
        ("out_scale", True),
        ("sharpen", -1),
        ("sharpen", True),
        ("margin", 1),
        ("background", [1.0]),
        ("background", [1.0, float("inf")]),
        ("background", None),
    ],
)
def test_anything_else_is_refused(name, value):
    with pytest.raises(SettingsError, match=name):
        read(**{name: value})
