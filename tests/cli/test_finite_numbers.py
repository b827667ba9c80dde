"""Numbers that pass every comparison, or none, are no numbers."""

import pytest
from running import invoke


@pytest.mark.parametrize("value", ["nan", "inf", "1e300"])
@pytest.mark.parametrize(
    "words",
    [
        ["train", "--stack", "a.tif", "--minutes"],
        ["compare", "a.tif", "--minutes"],
        ["demo", "--minutes"],
        ["preview", "a.tif", "--fps"],
    ],
    ids=" ".join,
)
def test_what_is_no_usable_number_is_refused_as_wrong_usage(words, value):
    done = invoke(*words, value)
    assert done.exit_code == 2
    assert words[-1] in done.output
    assert "Traceback" not in done.output
