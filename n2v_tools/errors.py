"""Errors that a user can mend.

Every message says where, what was found, what would be right and what to do, in
one line. The command line turns these into exit codes (1, or 2 for wrong usage);
anything else that escapes is a bug and keeps its traceback.

Tests: ``tests/cli/test_cli_contract.py``.
"""

from __future__ import annotations

import os


class N2VToolsError(Exception):
    """Something in the data or on disk that a user can fix: exit code 1."""


class UsageError(N2VToolsError):
    """The command was put wrongly (bad option, unknown setting): exit code 2."""


class AxesError(N2VToolsError):
    """Axes that do not fit the file, or cannot be known without asking."""


class StackError(N2VToolsError):
    """A file that is missing, damaged, or holds what cannot be worked on."""


class SeveralImagesError(StackError):
    """A file of several images, none of which was chosen.

    `names` has the name that the file gives to each, in order; empty where it gives none.
    """

    def __init__(self, message: str, names: tuple[str, ...]) -> None:
        super().__init__(message)
        self.names = names


class SettingsError(UsageError):
    """A setting that does not exist, or a value it cannot take."""


class ModelError(N2VToolsError):
    """A model folder that is missing, incomplete, unsafe or does not fit."""


class OutputError(N2VToolsError):
    """An output that exists, cannot be written, or does not fit on the disk."""


def system_words(error: OSError) -> str:
    """What the system says of an error, in one line: libraries put whole paragraphs there."""
    return os.strerror(error.errno) if error.errno else " ".join(str(error).split())
