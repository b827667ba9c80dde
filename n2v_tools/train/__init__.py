"""Training: samples, schedule, checkpoints, history and the loop that runs them in order.

``n2v_tools.train`` is also the function for users, whose place this room takes on the package
once it is imported; so the room can be called, and is the function then.
"""

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Train a model: see `n2v_tools.api.train`."""
        from ..api import train

        return train(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return __import__, (__name__, None, None, ("",))


sys.modules[__name__].__class__ = _Room
