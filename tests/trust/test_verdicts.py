"""Verdicts on restorations that were made of the truth, so that what is wrong is known."""

import numpy as np
import pytest
from verdict_cases import sheet, smooth

from n2v_tools.stack import Stack
from n2v_tools.trust import LEVELS, OVERALL
from n2v_tools.trust.quality import judge_restored


@pytest.fixture(scope="module")
def cells():
    return sheet(160, 30, 910)


def judge(scene, restored, **options):
    return judge_restored(scene.stack, Stack(np.asarray(restored), scene.axes), **options)


def test_every_verdict_is_one_sentence_with_a_known_level(cells):
    found = judge(cells, smooth(cells.noisy, 1))
    assert found.overall.name in OVERALL
    for verdict in (found.overall, *found.verdicts):
        assert verdict.level in LEVELS
        assert verdict.sentence.endswith(".")
        assert verdict.sentence[0].isupper()
        assert "\n" not in verdict.sentence
    assert found.do_not_measure
    assert len({verdict.name for verdict in found.verdicts}) == len(found.verdicts)
