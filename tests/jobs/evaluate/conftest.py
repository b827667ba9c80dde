"""An evaluation of three files, of which one failed."""

import numpy as np
import pytest

from n2v_tools.jobs.desk.outcomes import Outcome
from n2v_tools.jobs.evaluate.result import Evaluation
from n2v_tools.measure.file_scores import METRICS, FileScores


def scores(restored, noisy=None, data_range=100.0):
    values = {"restored": dict.fromkeys(METRICS, np.array(restored, float))}
    if noisy is not None:
        values["noisy"] = dict.fromkeys(METRICS, np.array(noisy, float))
    return FileScores([{"T": t} for t in range(len(restored))], data_range, values=values)


@pytest.fixture
def evaluation():
    files = (
        Outcome({"restored": "a.tif"}, scores([30, 31], [20, 21])),
        Outcome({"restored": "b.tif"}, scores([np.inf, np.nan], data_range=50.0)),
        Outcome({"restored": "c.tif"}, error="c.tif: no"),
    )
    return Evaluation(files, command=("n2v-evaluate",))
