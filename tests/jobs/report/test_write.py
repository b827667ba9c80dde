"""The page as a whole: small, and in little memory."""

import tracemalloc

import pytest
from reports import Endless

from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.report import write as report
from n2v_tools.jobs.report.request import ReportRequest
from n2v_tools.jobs.report.sources import Sources
from n2v_tools.stack import Stack
from n2v_tools.trust import Quality, Verdict

QUALITY = Quality((), Verdict("good", "Good", "good", "All is well."))


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
