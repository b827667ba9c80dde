"""Structure that the data do not hold is found where it is."""

import numpy as np
import pytest
from verdict_cases import sheet

from n2v_tools.stack import Stack
from n2v_tools.trust.quality import judge_restored


@pytest.fixture(scope="module")
def cells():
    return sheet(160, 30, 910)


def judge(scene, restored, **options):
    return judge_restored(scene.stack, Stack(np.asarray(restored), scene.axes), **options)


def test_false_cells_are_found_where_they_are(cells):
    restored = cells.clean.astype(np.float64).copy()
    y, x = np.mgrid[:160, :160]
    restored[0] += 200 * np.exp(-0.5 * ((np.hypot(y - 112, x - 48) - 6) / 1.5) ** 2)
    found = judge(cells, restored)
    assert found.overall.name == "hallucinated"
    at = [(place["y"], place["x"]) for place in found.facts["places"]]
    assert at
    assert all(abs(y - 112) <= 24 and abs(x - 48) <= 24 for y, x in at)
