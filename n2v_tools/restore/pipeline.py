"""Reading ahead and writing behind, so that the processor never waits for the disk.

One thread reads, one writes, the caller computes. The queues between them are bounded,
an error on either side surfaces in the caller, and leaving the ``with`` block, by
Ctrl-C too, ends both threads before anything else happens.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")

WAKE_S = 0.1  # how often a waiting thread looks whether it should stop
_END = object()


class ReadAhead(Generic[T]):
    """Iterate over `items` in a thread of its own, at most `depth` of them ahead.

    Use in a ``with`` block and iterate inside it. An error raised by `items` is raised
    where the item would have come.
    """

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._items = items
        self._queue: queue.Queue[Any] = queue.Queue(depth)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = _thread(self._read, "read-ahead")

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._iterate()

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _iterate(self) -> Iterator[T]:
        while True:
            item = _get(self._queue)
            if item is _END:
                if self._error is not None:
                    raise self._error
                return
            yield item

    def _read(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # handed to the caller's thread
            self._error = error
        self._put(_END)

    def _put(self, item: object) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=WAKE_S)
            except queue.Full:
                continue
            return True
        return False


class WriteBehind:
    """Call `write` in a thread of its own, at most `depth` calls behind.

    Use in a ``with`` block. Leaving it normally waits until all is written; leaving it
    by an error drops what is still queued. An error of `write` is raised at the next
    call or at the end.
    """

    def __init__(self, write: Callable[..., None], depth: int) -> None:
        self._write = write
        self._queue: queue.Queue[Any] = queue.Queue(depth)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = _thread(self._drain, "write-behind")

    def __enter__(self) -> WriteBehind:
        self._thread.start()
        return self

    def __call__(self, *arguments: object) -> None:
        """Queue one call of `write`."""
        self._put(arguments)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._put(_END)
                while self._thread.is_alive():
                    self._thread.join(WAKE_S)
        finally:
            self._stop.set()
            self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def _put(self, item: object) -> None:
        while True:
            if self._error is not None:
                raise self._error
            try:
                return self._queue.put(item, timeout=WAKE_S)
            except queue.Full:
                continue

    def _drain(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    item = self._queue.get(timeout=WAKE_S)
                except queue.Empty:
                    continue
                if item is _END:
                    return
                self._write(*item)
        except BaseException as error:  # raised in the caller's thread
            self._error = error


def _thread(target: Callable[[], None], name: str) -> threading.Thread:
    """A thread that speaks to whom its maker speaks: what it raises is worded alike."""
    context = contextvars.copy_context()
    return threading.Thread(target=context.run, args=(target,), name=name, daemon=True)


def _get(items: queue.Queue[Any]) -> Any:
    """Wait in short steps, so that Ctrl-C is noticed on every system."""
    while True:
        try:
            return items.get(timeout=WAKE_S)
        except queue.Empty:
            continue
