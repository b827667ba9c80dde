"""Ends of commands: the one place where errors become exit codes.

0 all done; 1 something a user can fix in the data or on disk; 2 wrong usage; 130
after Ctrl-C (143 after SIGTERM); a bug keeps its traceback. With ``--json`` a
command that fails whole still prints one JSON value.

Tests: ``tests/cli/test_cli_contract.py``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import click

from ..errors import N2VToolsError, UsageError, system_words
from . import output

FIXABLE = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOENT,
    errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EIO, errno.ELOOP,
    errno.EMFILE, errno.ESTALE, errno.EFBIG,
}  # fmt: skip


class Terminated(KeyboardInterrupt):
    """SIGTERM: leave as after Ctrl-C, so that everything is tidied up."""


class ExitCodes(click.Command):
    """A click command that runs, and ends the process, by the contract."""

    def main(  # type: ignore[override]  # never returns
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run with `args` (default: the process's own) and exit."""
        extra.pop("standalone_mode", None)
        extra.pop("windows_expand_args", None)
        arguments = list(sys.argv[1:] if args is None else args)
        output.make_streams_robust()
        with _sigterm_as_interrupt():
            code = self._attempt(arguments, prog_name or f"n2v-{self.name}", extra)
        sys.exit(code)

    def _attempt(self, arguments: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        as_json = "--json" in arguments
        try:
            with self.make_context(prog_name, list(arguments), **extra) as context:
                self.invoke(context)
            return 0
        except click.exceptions.Exit as ending:
            return ending.exit_code
        except (click.ClickException, N2VToolsError) as error:
            wrong_usage = isinstance(error, (click.UsageError, UsageError))
            return _fail(_one_line(error), 2 if wrong_usage else 1, as_json)
        except (KeyboardInterrupt, click.Abort) as signal_:
            name, code = (
                ("stopped", 143) if isinstance(signal_, Terminated) else ("interrupted", 130)
            )
            return _fail(f"{name} before the end", code, as_json)
        except MemoryError as error:
            return _fail(f"memory ran out ({error}); use a smaller --memory or --patch", 1, as_json)
        except OSError as error:
            if error.errno not in FIXABLE:
                _report_bug(error, as_json)
                raise
            return _fail(describe_oserror(error), 1, as_json)
        except Exception as error:
            _report_bug(error, as_json)
            raise


class Command(ExitCodes):
    """A click command that ends by the contract and takes ``--VAR=value``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set ``--VAR=value`` tokens aside, then parse the rest as click does."""
        from ..jobs.desk.configuration import VARIABLES, take_variables

        ctx.meta["n2v_tools.started"] = time.monotonic()
        args, ctx.meta["n2v_tools.variables"] = take_variables(args)
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name.lstrip("-") in VARIABLES:
                raise click.UsageError(
                    f"{error.option_name} is a variable: write {error.option_name}=FOLDER."
                ) from None
            file = next((a for a in given if a.startswith("-") and os.path.lexists(a)), None)
            if file is None:
                raise
            raise click.UsageError(
                f"{error.format_message()} The file {file} is named ./{file} here."
            ) from None


def command(name: str, *examples: str) -> Callable[[Callable[..., None]], Command]:
    """Make a function the command called `name`, whose help ends with the examples."""
    title = "Example" if len(examples) == 1 else "Examples"
    lines = "\n".join(f"  {example}" for example in examples)
    return click.command(name, cls=Command, epilog=f"\b\n{title}:\n{lines}")


def describe_oserror(error: OSError) -> str:
    """Describe it in one line: the file, the message of the system, and the remedy."""
    where = f"{error.filename}: " if error.filename else ""
    advice = {
        errno.ENOSPC: "make room, or write elsewhere with --output",
        errno.EDQUOT: "make room, or write elsewhere with --output",
        errno.EACCES: "check its permissions, or choose another place",
        errno.EPERM: "check its permissions, or choose another place",
        errno.EROFS: "choose another place with --output",
    }.get(error.errno or 0, "check the path")
    return f"{where}{system_words(error)}; {advice}."


def _fail(message: str, code: int, as_json: bool) -> int:
    """Print one line for a person and, if asked, one JSON value for a script."""
    output.complain(f"Error: {message}")
    if as_json:
        output.emit_json({"error": message})
    return code


def _report_bug(error: Exception, as_json: bool) -> None:
    if as_json:
        output.emit_json({"error": f"bug: {type(error).__name__}: {error}"})


def _one_line(error: click.ClickException | N2VToolsError) -> str:
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    return " ".join(text.split())


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Raise `Terminated` on SIGTERM, where this thread may set handlers."""

    def leave(number: int, frame: object) -> NoReturn:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
