"""Progress of the work on stderr: one bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

LINE_EVERY_S = 5.0  # at most so often, and then only after
LINE_EVERY_PERCENT = 10  # so much more of the work,
LINE_AT_LEAST_EVERY_S = 30.0  # or so long a silence: a log of hours stays readable


class Step(Protocol):
    """What a piece of work calls as it goes: how much is done, and a few words on how it is."""

    def __call__(self, done: int, total: int, state: str = "") -> None:
        """Tell of `done` pieces out of `total`."""


class Progress:
    """Speaks to the person at the terminal; results never pass here.

    Parameters
    ----------
    quiet : bool
        Only warnings: no notes, no bar, no lines.
    verbose : bool
        Details as well.
    stream : text stream, optional
        Default: stderr as it is when something is said.
    clock : callable, optional
        Seconds, for tests.
    """

    def __init__(
        self,
        quiet: bool = False,
        verbose: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self._stream = stream
        self._clock = clock
        self._bar: RichProgress | None = None

    def warn(self, text: str) -> None:
        """Say what a user must hear, even with -q."""
        self._say(f"Warning: {text}")

    def note(self, text: str) -> None:
        """Say what was decided; not with -q."""
        if not self.quiet:
            self._say(text)

    def detail(self, text: str) -> None:
        """Say what only -v asks for."""
        if self.verbose:
            self._say(text)

    @contextmanager
    def task(self, label: str) -> Iterator[Step]:
        """Show a piece of work, such as a file by its name; what is yielded takes (done, total)."""
        stream = self.stream
        if self.quiet or stream is None:
            yield _say_nothing
        elif stream.isatty():
            with self._rich_bar(label) as step:
                yield step
        else:
            yield self._lines(label)

    @property
    def stream(self) -> TextIO | None:
        """Where everything goes; None if stderr is closed."""
        return self._stream if self._stream is not None else sys.stderr

    @contextmanager
    def _rich_bar(self, label: str) -> Iterator[Step]:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[state]}"),
        )
        with RichProgress(*columns, console=Console(file=self.stream), transient=True) as bar:
            task = bar.add_task(escape(label), total=None, state="")

            def step(done: int, total: int, state: str = "") -> None:
                bar.update(task, completed=done, total=total, state=escape(state))

            self._bar = bar
            try:
                yield step
            finally:
                self._bar = None

    def _lines(self, label: str) -> Step:
        last = self._clock()
        percent_said = 0.0
        first: tuple[float, int] | None = None  # preparing for the first piece is left out

        def step(done: int, total: int, state: str = "") -> None:
            nonlocal last, percent_said, first
            now = self._clock()
            if first is None and done:
                first = now, done
            if not total or now - last < LINE_EVERY_S:
                return
            percent = 100 * done / total
            little = percent - percent_said < LINE_EVERY_PERCENT
            if little and now - last < LINE_AT_LEAST_EVERY_S:
                return
            last, percent_said = now, percent
            rest = ""
            if first is not None and done > first[1]:
                left = (now - first[0]) * (total - done) / (done - first[1])
                rest = f", about {left:.0f} s left"
            self._say(f"{label}: {percent:.0f} %{rest}{', ' if state else ''}{state}")

        return step

    def _say(self, text: str) -> None:
        """Print one line above the bar; a reader that went away does not stop the work."""
        stream = self.stream
        if stream is None:  # print would take stdout, where results go
            return
        try:
            if self._bar is not None:
                self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
            else:
                print(text, file=stream, flush=True)
        except BrokenPipeError:
            self.quiet = True


def _say_nothing(done: int, total: int, state: str = "") -> None:
    """Stand in for a bar with -q."""
