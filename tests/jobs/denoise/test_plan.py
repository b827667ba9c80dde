"""The plan of ``n2v-denoise``: where outputs go, and what is refused before anything is written."""

import io

import numpy as np
import pytest

from n2v_tools.errors import OutputError, StackError, UsageError
from n2v_tools.jobs.denoise.plan import Job, plan_jobs
from n2v_tools.jobs.denoise.request import DenoiseRequest
from n2v_tools.jobs.desk.progress import Progress


@pytest.fixture
def plan(tmp_path, session_for):
    """Return a function that plans for files of `tmp_path`, and what was said."""

    def make(*names, restorer=None, **options):
        inputs = tuple(str(tmp_path / name) for name in names)
        request = DenoiseRequest(inputs, "m", axes="YX", **options)
        said = io.StringIO()
        return plan_jobs(request, session_for(request, restorer), Progress(stream=said)), said

    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, np.ones((8, 9), np.uint16))
    return make


def names(jobs):
    return [[target.name for target in job.targets] for job in jobs]


def test_each_input_becomes_files_of_its_own_name_beside_it(plan, tmp_path, brighter):
    jobs, _ = plan("a.npy", "b.npy", restorer=brighter)
    assert names(jobs) == [
        ["a_denoised.tif", "a_denoised_spread.tif"], ["b_denoised.tif", "b_denoised_spread.tif"],
    ]  # fmt: skip
    assert {job.target.parent for job in jobs} == {tmp_path}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "b.npy"]


def test_an_uncertainty_is_one_more_file_of_each(plan):
    jobs, _ = plan("a.npy", uncertainty=True)
    assert names(jobs) == [["a_denoised.tif", "a_denoised_uncertainty.tif"]]


def test_a_file_that_does_not_fit_fails_alone(plan, tmp_path):
    np.save(tmp_path / "c.npy", np.ones((2, 8, 9), np.uint16))
    good, bad = plan("a.npy", "c.npy")[0]
    assert isinstance(good, Job)
    assert "c.npy" in bad.input and "YX" in bad.error and "\n" not in bad.error


def test_outputs_of_an_earlier_run_are_no_inputs(plan, tmp_path):
    np.save(tmp_path / "a_denoised.npy", np.ones((8, 9), np.uint16))
    jobs, said = plan("*.npy")
    assert names(jobs) == [["a_denoised.tif"], ["b_denoised.tif"]]
    assert "left out 1 named like outputs" in said.getvalue()
    with pytest.raises(StackError, match=r"no input left.*--suffix"):
        plan("*_denoised.npy")


def test_inputs_that_are_only_named_like_outputs_are_warned_of_even_when_quiet(plan, tmp_path):
    np.save(tmp_path / "c_raw.npy", np.ones((8, 9), np.uint16))
    np.save(tmp_path / "a_raw.npy", np.ones((8, 9), np.uint16))
    jobs, said = plan("*.npy", suffix="_raw")
    assert names(jobs) == [["a_raw.tif"], ["b_raw.tif"]]
    warned = [line for line in said.getvalue().splitlines() if line.startswith("Warning")]
    assert len(warned) == 1 and "left out 1" in warned[0] and "c_raw.npy" in warned[0]
    assert "left out 1 named like outputs" in said.getvalue() and "a_raw.npy" in said.getvalue()


@pytest.mark.parametrize("there", ["a_denoised.tif", "a_denoised_spread.tif"])
def test_what_exists_is_refused_replaced_or_left_as_asked(plan, tmp_path, brighter, there):
    (tmp_path / there).touch()
    with pytest.raises(OutputError, match=f"{there}.*--skip-existing"):
        plan("a.npy", restorer=brighter)
    (job,), _ = plan("a.npy", restorer=brighter, overwrite=True)
    assert not job.done
    (half,), _ = plan("a.npy", restorer=brighter, skip_existing=True)
    assert "both are made together" in half.error
    for name in ("a_denoised.tif", "a_denoised_spread.tif"):
        (tmp_path / name).touch()
    (job,), _ = plan("a.npy", restorer=brighter, skip_existing=True)
    assert job.done


def test_a_report_that_exists_is_refused_only_if_one_is_asked_for(plan, tmp_path):
    (tmp_path / "a_denoised_report.html").touch()
    plan("a.npy")
    with pytest.raises(OutputError, match=r"a_denoised_report\.html"):
        plan("a.npy", report=True)


def test_an_output_may_not_take_the_place_of_an_input_or_of_another(plan, tmp_path):
    (tmp_path / "d").mkdir()
    np.save(tmp_path / "d" / "a.npy", np.ones((8, 9), np.uint16))
    with pytest.raises(OutputError, match="would be written there"):
        plan("a.npy", "d/a.npy", output=tmp_path / "out")
    with pytest.raises(UsageError, match="is the input"):
        plan("a.npy", file="a.npy", output=tmp_path, overwrite=True)


def test_an_uncertainty_of_an_earlier_run_is_named(plan, tmp_path):
    (tmp_path / "a_denoised_uncertainty.tif").touch()
    _, said = plan("a.npy")
    assert "Warning" in said.getvalue() and "a_denoised_uncertainty.tif" in said.getvalue()
    _, said = plan("a.npy", uncertainty=True, overwrite=True)
    assert "Warning" not in said.getvalue()
