"""Commands run within the tests' own process, where TensorFlow is loaded already.

A process of its own costs seconds of start; tests begin one only where it is the point:
kills, a cold start, memory, signals, what a first import loads.
"""

from __future__ import annotations

import contextlib
import os

import pytest
from click.testing import CliRunner

from n2v_tools.cli.main import cli


def invoke(*words):
    """Run ``n2v-tools WORDS`` and return what came of it: exit_code, stdout, stderr."""
    return CliRunner().invoke(cli, [str(word) for word in words])


def run_command(*words, folder=None, code=0):
    """Run ``n2v-tools WORDS`` in `folder` and require that it ends with `code`.

    Parameters
    ----------
    *words : object
        The command line, such as ``"denoise", path, "--model", "m"``.
    folder : Path, optional
        Where it runs; default: where the test stands.
    code : int
        The exit code it must end with.

    Returns
    -------
    done : click.testing.Result
        With ``stdout`` and ``stderr``.
    """
    with _inside(folder):
        done = invoke(*words)
    if done.exit_code != code and done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception  # a bug, with its traceback
    assert done.exit_code == code, f"{words}\n{done.output}"
    return done


@contextlib.contextmanager
def _inside(folder):
    before = os.getcwd()
    os.chdir(folder or before)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def interrupted(monkeypatch):
    """Ctrl-C where a training within saves its state for the second time, which must get there."""
    from n2v_tools.learn import callbacks

    real, calls = callbacks.save_state, []

    def interrupt(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(callbacks, "save_state", interrupt)
        yield
