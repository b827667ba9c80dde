"""What a report finds by itself, and how little it believes of what files say."""

import numpy as np
import pytest
from reports import record, write

from n2v_tools.errors import AxesError, ModelError, StackError
from n2v_tools.jobs.report.request import ReportRequest
from n2v_tools.jobs.report.sources import find_sources


def find(path, **values):
    return find_sources(ReportRequest(str(path), **values), path.parent / "models")


def test_the_noisy_file_is_found_beside_the_restored_one(tmp_path):
    write(tmp_path / "a.tif", "TYX", (3, 8, 9))
    restored = write(tmp_path / "a_denoised.tif", "TYX", (3, 8, 9), 1, record())
    sources = find(restored)
    assert sources.noisy.name.endswith("a.tif") and sources.restored.name == str(restored)
    assert sources.found and not sources.notes


@pytest.mark.parametrize("words", [["raw/a.tif"], ["raw"], ["--output", "out", "raw/"]])
def test_the_noisy_file_is_found_where_the_command_found_it(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "raw" / "a.tif", "YX", (8, 9))
    restored = write(
        tmp_path / "out" / "x" / "b.tif", "YX", (8, 9), 1, record(command=["n2v-denoise", *words])
    )
    assert find(restored).noisy.name == "raw/a.tif"


def test_a_file_of_the_name_that_does_not_fit_is_not_taken(tmp_path):
    write(tmp_path / "a.tif", "YX", (8, 10))
    restored = write(tmp_path / "a_denoised.tif", "YX", (8, 9), 1, record())
    with pytest.raises(StackError, match="--noisy"):
        find(restored)


def test_the_restored_file_is_never_its_own_input(tmp_path):
    restored = write(tmp_path / "a.tif", "YX", (8, 9), 1, record())
    with pytest.raises(StackError, match="--noisy"):
        find(restored)
    with pytest.raises(StackError, match="named twice"):
        find(restored, noisy=str(restored))


def test_without_a_record_the_noisy_file_must_be_named(tmp_path):
    restored = write(tmp_path / "a_denoised.tif", "YX", (8, 9))
    with pytest.raises(StackError, match="Name the noisy file with --noisy"):
        find(restored)
    noisy = write(tmp_path / "a.tif", "YX", (8, 9), 1)
    sources = find(restored, noisy=str(noisy))
    assert sources.noisy.name == str(noisy) and not sources.found


def test_a_single_frame_is_compared_with_that_frame(tmp_path):
    noisy = write(tmp_path / "a.tif", "TYX", (5, 8, 9))
    restored = write(tmp_path / "a_t0003.tif", "YX", (8, 9), 1, record(frame=3, input_axes="YX"))
    found = find(restored).noisy
    assert found.axes == "YX"
    whole = find(noisy, noisy=str(write(tmp_path / "b.tif", "TYX", (5, 8, 9), 7))).restored
    np.testing.assert_array_equal(found.plane({}), whole.plane({"T": 3}))


def test_axes_of_a_file_without_them_come_from_the_record(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 8, 9), np.uint16))
    said = record(input="a.npy", input_axes="TYX")
    restored = write(tmp_path / "a_denoised.tif", "TYX", (3, 8, 9), 1, said)
    assert find(restored).noisy.axes == "TYX"


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    restored = write(tmp_path / "r.tif", "TYX", (3, 8, 9))
    other = write(tmp_path / "o.tif", "TYX", (4, 8, 9))
    with pytest.raises(AxesError, match=r"o\.tif: .* TYX of sizes 4 x 8 x 9"):
        find(restored, noisy=str(other))


def test_the_uncertainty_beside_is_taken_if_it_fits(tmp_path):
    noisy = write(tmp_path / "a.tif", "YX", (8, 9))
    restored = write(tmp_path / "r.tif", "YX", (8, 9), 1)
    beside = write(tmp_path / "r_uncertainty.tif", "YX", (8, 9), 2)
    assert find(restored, noisy=str(noisy)).uncertainty.name == str(beside)
    write(beside, "YX", (8, 11), 2)
    assert find(restored, noisy=str(noisy)).uncertainty is None
    beside.write_text("no image")
    assert find(restored, noisy=str(noisy)).uncertainty is None


def test_a_model_that_is_gone_is_said_so_and_another_one_is_not_taken_for_it(tmp_path):
    write(tmp_path / "a.tif", "YX", (8, 9))
    said = record(model={"name": "quick_look", "method": "supervised", "weights_sha256": "0" * 64})
    restored = write(tmp_path / "r.tif", "YX", (8, 9), 1, said)
    sources = find(restored)
    assert sources.trained is None and "not at hand" in sources.notes[0]
    named = find(restored, model="quick_look")
    assert named.trained.is_the_one is False and "another model" in named.notes[0]
    with pytest.raises(ModelError):
        find(restored, model="no_such_model")
