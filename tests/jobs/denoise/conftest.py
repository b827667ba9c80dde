"""A session without a model: what it restores is one count brighter."""

import numpy as np
import pytest
from restore_fakes import Filter

from n2v_tools.contracts import RESTORED, Output
from n2v_tools.errors import AxesError
from n2v_tools.jobs.denoise.session import Prepared, Session

SPREAD = Output("spread", "_spread", "spread of the frames, counts", is_deviation=True)


class Brighter(Filter):
    outputs = (RESTORED, SPREAD)

    def predict(self, tiles, at=None):
        return np.concatenate([tiles + 1, 0 * tiles], axis=-1)


class FakeSession(Session):
    """Takes stacks with planes; gives a second image where asked to."""

    def __init__(self, request, restorer=None, warnings=()):
        self.request, self.restorer, self.warnings = request, restorer or Filter(), warnings

    @property
    def own_outputs(self):
        return self.restorer.outputs

    def require_fit(self, stack):
        if "C" in stack.axes:
            raise AxesError(f"{stack.name}: has channels.")

    def prepare(self, stack):
        return Prepared(self.restorer, {"model": "fake"}, {"a": 1}, warnings=self.warnings)


@pytest.fixture
def session_for():
    return FakeSession


@pytest.fixture
def brighter():
    return Brighter()
