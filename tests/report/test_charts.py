"""Charts of whatever was measured."""

import numpy as np
import pytest

from n2v_tools.report.charts import Plot, Series, draw_chart


@pytest.mark.parametrize(
    "values", [[np.nan] * 4, [0, -1, 0, -2], [5, 5, 5, 5], [], [1e300, 1, 2, 3]]
)
@pytest.mark.parametrize("log", [False, True])
def test_a_chart_is_drawn_of_whatever_was_measured(values, log):
    plot = Plot((Series("a", range(len(values)), values, "noisy"),), "x", "y", log_y=log)
    assert draw_chart(plot, "k").startswith("<svg")
