"""DATASET_FOLDER, OUTPUT_FOLDER and MODELS_FOLDER: where they come from and what they change.

A value is taken from the command line, else the environment, else the last file named
with ``--env`` that holds it. Files are read into a plain dict; the environment of this
process is never changed, so that two configurations in one process cannot mix.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import StackError, UsageError
from ...io.address import Address
from ...settings import nearest
from ...words import option

VARIABLES = ("DATASET_FOLDER", "OUTPUT_FOLDER", "MODELS_FOLDER")


@dataclass(frozen=True)
class Configuration:
    """The three folders, each None where nothing sets it."""

    # by variable name; only variables that are set
    values: Mapping[str, str] = field(default_factory=dict)
    # by variable name; where each value came from, for ``-v``
    origins: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # remarks for the user, such as a file that holds no known variable

    def folder(self, variable: str, given: str | os.PathLike[str] | None = None) -> Path | None:
        """Return the folder that a user has given, else that `variable` names, or None."""
        if given is not None:
            return Path(given)
        value = self.values.get(variable)
        return Path(value).expanduser() if value else None

    def models(self, given: str | os.PathLike[str] | None = None) -> Path:
        """Return where models live: what a user has given, MODELS_FOLDER, else ``models``."""
        return self.folder("MODELS_FOLDER", given) or Path("models")

    def find_input(self, spec: str) -> str:
        """Return `spec`, or its place under DATASET_FOLDER if it is only there.

        It is a file, folder, glob, or ``file.h5:/path/in/file``.
        """
        dataset = self.folder("DATASET_FOLDER")
        if dataset is None or not spec or Path(spec).is_absolute() or _is_there(spec):
            return spec
        moved = str(dataset / spec)
        return moved if _is_there(moved) else spec

    def doubts(self) -> list[str]:
        """What is probably a mistake: inputs that cannot be there, since their folder is not."""
        folder = self.folder("DATASET_FOLDER")
        if folder is None or folder.is_dir():
            return []
        return [
            f"DATASET_FOLDER={folder} (from {self.origins.get('DATASET_FOLDER', 'the caller')}): "
            "there is no such folder, so inputs are looked for in the current one only."
        ]

    def describe(self) -> list[str]:
        """One line per variable: its value and where it came from."""
        return [
            f"{name}={self.values[name]} (from {self.origins[name]})"
            if name in self.values
            else f"{name} is not set"
            for name in VARIABLES
        ]


def read_configuration(
    files: Iterable[str | os.PathLike[str]] = (),
    assignments: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Collect the variables by precedence: command line, environment, later file, earlier file.

    Parameters
    ----------
    files : iterable of path
        In the order of their ``--env`` options.
    assignments : mapping, optional
        ``VAR=value`` of the command line, by name.
    environment : mapping, optional
        Default: the environment of this process; it is only read.

    Raises
    ------
    UsageError
        If an assignment names an unknown variable.
    StackError
        If a file is missing or cannot be read.
    """
    assignments = assignments or {}
    for name in assignments:
        if name not in VARIABLES:
            raise UsageError(
                f"{name}={assignments[name]}: there is no variable {name}."
                f"{nearest(name, VARIABLES)} Known: {', '.join(VARIABLES)}."
            )
    notes: list[str] = []
    sources: list[tuple[str, Mapping[str, str | None]]] = [
        ("the command line", assignments),
        ("the environment", os.environ if environment is None else environment),
    ]
    for file in reversed(list(files)):
        held, wrong = _read_file(Path(file).expanduser())
        notes += wrong or _notes_on_file(str(file), held)
        sources.append((str(file), held))
    values, origins = {}, {}
    for name in VARIABLES:
        for origin, source in sources:
            if name in source:
                if source[name]:  # an empty value unsets the variable for weaker sources
                    values[name], origins[name] = str(source[name]), origin
                break
    return Configuration(values, origins, tuple(notes))


def take_variables(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Split ``--VAR=value`` tokens off a command line, up to a ``--``.

    Returns the rest, and the values by name; the last value of a name wins.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    rest, assignments = _split(arguments[:end], "--")
    return [*rest, *arguments[end:]], assignments


def split_variables(tokens: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Split ``VAR=value`` off positional arguments; an existing file of that name stays one."""
    return _split(tokens, "", is_other=os.path.lexists)


def _split(
    tokens: Sequence[str], start: str, is_other: Callable[[str], bool] = lambda token: False
) -> tuple[list[str], dict[str, str]]:
    rest: list[str] = []
    assignments: dict[str, str] = {}
    for token in tokens:
        match = re.fullmatch(start + r"([A-Z_]+)=(.*)", token, re.DOTALL)
        if match and not is_other(token):
            assignments[match[1]] = match[2]
        else:
            rest.append(token)
    return rest, assignments


def _read_file(path: Path) -> tuple[dict[str, str | None], list[str]]:
    """Read ``KEY=VALUE`` lines without expanding anything in them; report lines of another form."""
    from dotenv.parser import parse_stream

    remedy = "Name a file of VAR=value lines."
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise StackError(f"{option('env', path)}: the file {found}. {remedy}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        wrong_kind = "this is not a text file in UTF-8"
        raise StackError(f"{option('env', path)}: {wrong_kind}. {remedy}") from None
    held: dict[str, str | None] = {}
    wrong = []
    for line in parse_stream(io.StringIO(text)):
        if line.error:
            found = line.original.string.strip()[:40]
            wrong.append(
                f"{path}, line {line.original.line}: {found!r} is ignored, because it is not "
                "of the form VAR=value. Check its quotes."
            )
        elif line.key is not None:
            held[line.key] = line.value
    return held, wrong


def _notes_on_file(file: str, held: Mapping[str, str | None]) -> list[str]:
    """Say what a file lacks: silence would hide a misspelt name."""
    if not held:
        return [f"{file} is empty: it sets none of {', '.join(VARIABLES)}."]
    notes = []
    for name in held:
        if name not in VARIABLES and (hint := nearest(name, VARIABLES)):
            notes.append(f"{file} sets {name}, which is not a variable of n2v_tools.{hint}")
        elif name in VARIABLES and held[name] is None:
            notes.append(f"{file} names {name} but gives it no value; write {name}=/some/folder.")
    if notes or set(held) & set(VARIABLES):
        return notes
    lacking = "DATASET_FOLDER, OUTPUT_FOLDER and MODELS_FOLDER"
    return [f"{file} lacks {lacking}; it sets only {', '.join(held)}."]


def _is_there(spec: str) -> bool:
    """Whether a file, folder, glob or place in a file leads to something."""
    import glob

    file = Address.parse(spec).file
    return os.path.lexists(file) or bool(glob.has_magic(spec) and glob.glob(spec))
