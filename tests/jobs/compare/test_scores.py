"""Scores of restored stacks: by the truth, the residual, and the next frame."""

import numpy as np
import pytest
import tifffile
from comparisons import request

from n2v_tools.errors import N2VToolsError, StackError
from n2v_tools.jobs.compare.run import compare_methods
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.simulate.structured import simulate_structured

QUIET = Progress(quiet=True)


def test_figures_are_those_of_the_files(pair):
    made = compare_methods(request(pair, "median", clean=str(pair / "clean.tif")), QUIET)
    noisy, clean, restored = (
        tifffile.imread(pair / name).astype(float)
        for name in ("noisy.tif", "clean.tif", "out/noisy_median.tif")
    )
    facts = {row.method: row for row in made.rows}["median"].facts
    span = clean.max() - clean.min()
    errors = ((restored - clean) ** 2).mean(axis=(1, 2))
    each = 10 * np.log10(span**2 / errors)
    assert facts["psnr"] == pytest.approx(np.mean(each))
    assert facts["residual_deviation"] == pytest.approx((noisy - restored).std(), rel=0.01)
    assert facts["next_frame"] is None


def test_a_truth_that_does_not_fit_is_refused(pair):
    tifffile.imwrite(pair / "other.tif", np.zeros((2, 96, 127), np.float32))
    for name in ("other.tif", "missing.tif"):
        with pytest.raises(N2VToolsError, match=name):
            compare_methods(request(pair, "median", clean=str(pair / name), axes="ZYX"), QUIET)
    tifffile.imwrite(pair / "flat.tif", np.ones((2, 96, 128), np.float32))
    with pytest.raises(StackError, match="constant"):
        compare_methods(request(pair, "median", clean=str(pair / "flat.tif"), axes="ZYX"), QUIET)
    assert not (pair / "out").exists()


def test_an_empty_stack_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "noisy.tif", np.zeros((32, 32), np.uint16))
    with pytest.raises(StackError, match="every pixel"):
        compare_methods(request(tmp_path, "median"), QUIET)


def test_strips_count_for_nothing(pair):
    plain = compare_methods(request(pair, "median"), QUIET)
    noisy = np.pad(tifffile.imread(pair / "noisy.tif"), ((0, 0), (0, 0), (30, 0)))
    tifffile.imwrite(pair / "strips.tif", noisy, imagej=True, metadata={"axes": "ZYX"})
    wanted = request(pair, "median", input=str(pair / "strips.tif"), output=pair / "s")
    residuals = [m.rows[-1].scores.residual for m in (plain, compare_methods(wanted, QUIET))]
    assert residuals[0].deviation == pytest.approx(residuals[1].deviation, rel=0.02)
    assert residuals[0].along["X"][0] == pytest.approx(residuals[1].along["X"][0], abs=0.02)


def test_the_next_frame_judges_where_it_can(tmp_path):
    noisy, clean = simulate_structured((8, 1, 96, 96), "white", 1.0)
    tifffile.imwrite(tmp_path / "noisy.tif", noisy[:, 0], imagej=True, metadata={"axes": "TYX"})
    made = compare_methods(request(tmp_path, "median", "nlm"), QUIET)
    for row in made.rows[1:]:
        restored = tifffile.imread(row.output).astype(float)
        error = ((restored - clean[:, 0]) ** 2).mean()
        noise = (noisy - clean.astype(float)).var()
        assert row.facts["next_frame"] ** 2 == pytest.approx(error + noise, rel=0.03)
    volume = request(tmp_path, "median", patch=(4, 32, 32), output=tmp_path / "3d")
    assert compare_methods(volume, QUIET).rows[-1].facts["next_frame"] is None
