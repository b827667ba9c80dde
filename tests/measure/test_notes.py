"""Notes are there where there is something to note, and say in how many files."""

import numpy as np

from n2v_tools.measure.file_scores import METRICS, FileScores
from n2v_tools.measure.first_pass import Rules
from n2v_tools.measure.notes import find_notes


def scores(psnr=30.0, ssim=0.5, **options):
    values = {metric: np.array([1.0]) for metric in METRICS}
    values |= {"psnr": np.array([psnr]), "ssim": np.array([ssim])}
    return FileScores([{"T": 0}], 100.0, values={"restored": values}, **{"n_frames": 2, **options})


def test_nothing_is_noted_of_a_file_like_any_other():
    assert find_notes([scores()], Rules()) == ()


def test_each_note_has_its_cause():
    found = find_notes([scores(np.inf, np.nan, n_with_strips=1, n_nonfinite=3)], Rules())
    assert len(found) == 4
    for word in ("strips", "not finite", "infinite", "ssim is unknown in 1 plane"):
        assert any(word in note for note in found)


def test_a_range_without_lone_pixels_is_noted():
    (note,) = find_notes([scores(stretched_range=65000.0)], Rules())
    assert "from 100 to 65000" in note and "--range" in note


def test_files_that_are_scaled_apart_are_counted_unless_the_scale_is_fitted():
    files = [scores(improvement=9.0), scores()]
    (note,) = find_notes(files, Rules())
    assert note.startswith("in 1 of 2 files") and "--affine" in note
    assert find_notes(files, Rules(affine=True)) == ()
