"""What a comparison refuses before any work."""

import dataclasses
import re

import pytest
from comparisons import request

from n2v_tools.errors import OutputError, UsageError
from n2v_tools.jobs.compare.run import compare_methods
from n2v_tools.jobs.desk.progress import Progress

QUIET = Progress(quiet=True)


def test_the_mask_asked_for_is_that_of_structn2v_alone(pair, trained):
    wanted = request(pair, "n2v", "structn2v", minutes=3, struct_mask="vertical:3")
    compare_methods(wanted, QUIET)
    assert [one.struct_mask for one in trained] == [None, "vertical:3"]


@pytest.mark.parametrize(
    ("methods", "options", "said"),
    [
        (("mediann",), {}, "median"),
        (("structn2",), {}, "structn2v"),
        (("median", "median"), {}, "twice"),
        ((), {}, "empty"),
        (("n2v", "n2v2"), {"minutes": 0.4}, "0.5"),
        (("n2v",), {"struct_mask": "auto"}, "structn2v"),
        (("median", "n2v"), {"patch": (3, 3)}, "patch"),
        (("structn2v",), {"struct_mask": "cros:5"}, "cross:5"),
    ],
)
def test_wrong_usage_is_refused_before_any_work(pair, trained, methods, options, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        compare_methods(request(pair, *methods, **options), QUIET)
    assert not trained and not (pair / "out").exists()


def test_nothing_is_replaced_unasked(pair, trained):
    wanted = request(pair, "n2v", "median")
    compare_methods(wanted, QUIET)
    before = {p: p.stat().st_mtime_ns for p in (pair / "out").rglob("*")}
    with pytest.raises(OutputError, match=r"noisy_median\.tif"):
        compare_methods(wanted, QUIET)
    assert {p: p.stat().st_mtime_ns for p in (pair / "out").rglob("*")} == before
    again = dataclasses.replace(wanted, methods=("median",), overwrite=True)
    assert not compare_methods(again, QUIET).failed
