"""Progress, notes and warnings for callers in Python instead of a terminal.

Tests: ``tests/api/test_api_functions.py``.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..jobs.desk.progress import Progress, Step

Told = Callable[[str, int, int], object]  # what is done, pieces done, pieces in all

log = logging.getLogger("n2v_tools")


class Listener(Progress):
    """Warnings become Python's, notes go to the log, progress to whoever asked for it.

    Parameters
    ----------
    progress : bool or callable
        False: nothing is shown. True: notes and a bar on stderr, as the commands do.
        A callable is called as ``progress(what, done, total)``.
    """

    def __init__(self, progress: bool | Told = False) -> None:
        super().__init__(quiet=progress is not True)
        self._told = progress if callable(progress) else None

    def warn(self, text: str) -> None:
        """Warn at the line of the user's code that called."""
        warnings.warn(text, UserWarning, stacklevel=_frames_of_ours())

    def note(self, text: str) -> None:
        """Log what was decided."""
        log.info("%s", text)
        super().note(text)

    def detail(self, text: str) -> None:
        """Log what only a debugger wants."""
        log.debug("%s", text)

    @contextmanager
    def task(self, label: str) -> Iterator[Step]:
        """Show a piece of work, or tell it to the callable."""
        told = self._told
        if told is None:
            with super().task(label) as step:
                yield step
            return

        def tell(done: int, total: int, state: str = "") -> None:
            told(label, done, total)

        yield tell


def _frames_of_ours() -> int:
    """How many frames up the first caller outside this package is, for ``stacklevel``."""
    # contextlib stands between the frames of ours, where work is shown.
    ours = (__name__.split(".")[0], "contextlib")
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in ours:
        frame, level = frame.f_back, level + 1
    return level
