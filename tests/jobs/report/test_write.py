"""The page as a whole: small, and in little memory."""

import tracemalloc

import numpy as np
import pytest

from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.report import write as report
from n2v_tools.jobs.report.request import ReportRequest
from n2v_tools.jobs.report.sources import Sources
from n2v_tools.stack import Stack
from n2v_tools.trust import Quality, Verdict

QUALITY = Quality((), Verdict("good", "Good", "good", "All is well."))


class Endless:
    """Planes of noise made when they are read; counts how many were."""

    dtype = np.dtype(np.uint16)

    def __init__(self, shape, mean=200):
        self.shape = shape
        self.mean = mean
        self.n_read = 0

    def __getitem__(self, key):
        self.n_read += 1
        place = [k for k in key if not isinstance(k, slice)]
        rng = np.random.default_rng([self.mean, *place])
        return rng.integers(0, 2 * self.mean, self.shape[-2:], np.uint16)


@pytest.mark.parametrize("axes", ["TYX", "TZCYX"])
def test_a_report_of_a_gigabyte_is_small_and_takes_little_memory(axes, tmp_path, monkeypatch):
    shape = {"TYX": (500, 1024, 1024), "TZCYX": (25, 5, 4, 1024, 1024)}[axes]
    arrays = [Endless(shape, mean) for mean in (200, 210, 220, 230)]
    restored, noisy, clean, uncertainty = (Stack(array, axes) for array in arrays)
    sources = Sources(restored, noisy, clean, uncertainty)
    monkeypatch.setattr(report, "_judge", lambda *_: QUALITY)
    monkeypatch.setattr(report, "_evaluate", lambda *_: None)
    output = tmp_path / "r.html"
    tracemalloc.start()
    made = report.write_report(sources, ReportRequest("r.tif"), output, Progress(quiet=True))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert output.stat().st_size == made.n_bytes < 5_000_000
    assert peak < 200e6
    assert max(array.n_read for array in arrays) <= 4
