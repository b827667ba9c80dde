"""One writer at a time, held by a lock of the operating system that dies with its process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from ..errors import OutputError
from ..words import option

PATIENCE_S = 2.0  # of waiting before the user hears of it


class BusyError(OutputError):
    """Another process has it now."""


@contextmanager
def holding(
    lock: Path, what: str, *, wait: bool = False, say: Callable[[str], None] = lambda text: None
) -> Iterator[None]:
    """Keep every other process and thread from `what` for a while.

    Parameters
    ----------
    lock : Path
        Made with its folder, and left there: a lock file that is deleted while another
        process opens it would be two locks.
    what : str
        For messages.
    wait : bool
        Wait for another process instead of refusing.
    say : callable
        Called with a message when it has to wait.

    Raises
    ------
    BusyError
        If another process or thread holds it.
    OutputError
        If the folder cannot be written.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(lock, thread_local=False)
        try:
            held.acquire(timeout=PATIENCE_S if wait else 0)
        except filelock.Timeout:
            if not wait:
                raise BusyError(
                    f"{what}: another n2v-experiment is working on it. Wait until it has finished."
                ) from None
            say(f"{what}: waiting for another n2v-experiment that is working on it")
            held.acquire()
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            f"{lock}: the folder cannot be written ({error}). Choose another {option('output')}."
        ) from None
    try:
        yield
    finally:
        held.release()
