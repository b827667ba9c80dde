"""The real ImageJ opens what is written with the right C, Z, T, pixels and calibration."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from n2v_tools.io.convert import to_dtype
from n2v_tools.io.layout import layout_like
from n2v_tools.io.reader import open_stack
from n2v_tools.io.writer import create_stack

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("imagej") and shutil.which("xvfb-run")),
        reason="needs ImageJ and xvfb (Debian packages imagej and xvfb)",
    ),
]

MACRO = Path(__file__).with_name("imagej_report.ijm")
SPACING = {"X": 0.1083, "Y": 0.2166, "Z": 0.35, "T": 12.5}
ALL_AXES = ["YX", "ZYX", "TYX", "CYX", "TZYX", "CZYX", "ZCYX", "TCZYX"]


def seen_by_imagej(path) -> dict:
    """Open a file in ImageJ and return what it reports."""
    run = subprocess.run(
        ["xvfb-run", "-a", "imagej", "-b", str(MACRO), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    line = next((line for line in run.stdout.splitlines() if line.startswith("SEEN|")), None)
    assert line, run.stdout + run.stderr
    names = "X Y C Z T dx dy dz unit dt bits last low high info".split()
    seen = dict(zip(names, line.split("|", 15)[1:], strict=True))
    text = ("unit", "info")
    return {name: value if name in text else float(value) for name, value in seen.items()}


@pytest.mark.parametrize("axes", ALL_AXES)
def test_imagej_sees_axes_calibration_and_pixels(write_array, make_values, axes):
    values = make_values(axes)
    path = write_array(
        values, axes, spacing=SPACING, unit="\\u00B5m", description='{"model": "dôme µ"}'
    )
    seen = seen_by_imagej(path)
    sizes = dict(zip(axes, values.shape, strict=True))
    assert {a: seen[a] for a in "TZCYX"} == {a: sizes.get(a, 1) for a in "TZCYX"}
    found = {"X": seen["dx"], "Y": seen["dy"], "Z": seen["dz"], "T": seen["dt"]}
    assert found == pytest.approx(SPACING, rel=1e-6)
    assert seen["unit"] == "µm"
    assert seen["last"] == values.reshape(-1)[-1]
    assert (seen["low"], seen["high"]) == (values.min(), values.max())
    assert '{"model": "dôme µ"}' in seen["info"]


@pytest.mark.parametrize(("dtype", "bits"), [("uint8", 8), ("float32", 32), ("int16", 16)])
def test_imagej_opens_other_types(write_array, make_values, dtype, bits):
    values = make_values("ZYX", dtype)
    seen = seen_by_imagej(write_array(values, "ZYX"))
    assert (seen["bits"], seen["Z"] * seen["C"] * seen["T"]) == (bits, 4)
    signed = 32768 if dtype == "int16" else 0  # how ImageJ keeps signed values
    assert seen["last"] - signed == pytest.approx(float(values[-1, -1, -1]))


@pytest.mark.parametrize("name", ["spots_ZCYX", "golgi_TYX_float32", "kidney_TZYX"])
def test_a_copy_of_a_real_file_looks_the_same_to_imagej(shared_data, tmp_path, name):
    original = shared_data / "stacks" / f"{name}.tif"
    stack = open_stack(original)
    layout = layout_like(stack, stack.dtype)
    with create_stack(tmp_path / "copy.tif", layout) as writer:
        for place, plane in stack.planes():
            writer.write(place, to_dtype(plane, stack.dtype)[0])
    before, after = seen_by_imagej(original), seen_by_imagej(tmp_path / "copy.tif")
    for key in ("X", "Y", "C", "Z", "T", "unit", "bits", "last"):
        assert after[key] == before[key], key
    for key in ("dx", "dy", "dz", "dt"):
        assert after[key] == pytest.approx(before[key], rel=1e-6), key


def test_imagej_opens_more_than_4_gb(tmp_path):
    sizes = {"T": 11, "Z": 200, "Y": 1024, "X": 1024}
    stack_like = {"axes": "TZYX", "sizes": sizes, "dtype": np.dtype(np.uint16)}
    from n2v_tools.io.layout import Layout

    plane = np.full((1024, 1024), 4321, np.uint16)
    path = tmp_path / "big.tif"
    with create_stack(path, Layout(**stack_like, spacing=SPACING, unit="micron")) as writer:
        writer.write({"T": 10, "Z": 199}, plane)
        writer._written[:] = True  # the rest stays sparse and takes no room on the disk
    seen = seen_by_imagej(f"virtual:{path}")
    assert (seen["Z"], seen["T"], seen["last"]) == (200, 11, 4321)
    assert seen["dt"] == 12.5
