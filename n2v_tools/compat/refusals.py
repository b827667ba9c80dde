"""Our one-line errors as the kinds that n2v and CSBDeep raise, for code that catches those.

Tests: ``tests/compat/test_n2v.py``.
"""

from __future__ import annotations

from ..errors import AxesError, ModelError, N2VToolsError, SettingsError, StackError


class WrongValue(SettingsError, ValueError, AssertionError):
    """An argument or parameter with a value it cannot take."""


class UnknownParameter(SettingsError, AttributeError):
    """A parameter that N2VConfig does not have."""


class WrongAxes(AxesError, ValueError, AssertionError):
    """Axes that fit neither the image nor the net."""


class WrongFile(StackError, ValueError, FileNotFoundError):
    """An image that is missing or cannot be read."""


class NoModel(ModelError, FileNotFoundError):
    """A model that is to be loaded and is not there."""


class NotBuilt(N2VToolsError, NotImplementedError):
    """Something n2v or CSBDeep does that is not available here."""
